"""Scores answers by hand, each writer's read by a model that learnt from the others only; prints a line for each."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from benchmarks.nlu.evaluate import ENGINE, ROOT
from benchmarks.nlu.score import Score

BY_HAND = ROOT / "data" / "nlu" / "lexicon" / "answers_by_hand"


def main() -> int:
    """Print for each writer and model names kept exactly and messages without a name that were not taken for one."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.nlu.writers", description=__doc__)
    parser.add_argument("--readings", type=Path, help="file of readings: made when it is not there")
    parser.add_argument("--show", metavar="MODEL", help="print the faults of this model (none, others, all)")
    parser.add_argument("--whole", action="store_true", help="train tagger and classifier too")
    arguments = parser.parse_args()
    scores: dict[tuple[str, str], Score] = defaultdict(Score)
    for line in _readings(arguments.readings, arguments.whole):
        one = json.loads(line)
        scores[one["model"], one["writer"]].add(one["message"], one["parsed"])
        scores[one["model"], "together"].add(one["message"], one["parsed"])
    for (model, writer), score in scores.items():
        for fault in score.faults:
            if arguments.show == model and writer != "together" and fault.what != "intent":
                print(f"{writer} {fault.what:18} {fault.meant} -> {fault.understood}: {fault.text}")
    for (model, writer), score in scores.items():
        kept = "  ".join(
            f"{kind} {score.final_right[kind]}/{score.spans[kind]} = {score.final_right[kind] / score.spans[kind]:.1%}"
            for kind in ("person", "company")
        )
        print(f"{model:8}{writer:12} {kept}  steering kept {score.steering_kept}/{score.steering}")
    return 0


def _readings(path: Path | None, is_whole: bool) -> list[str]:
    if path and path.exists():
        return path.read_text("utf-8").splitlines()
    files = [str(one) for one in sorted(BY_HAND.glob("*.txt"))]
    done = subprocess.run(
        [str(ENGINE), "-m", "benchmarks.nlu.left_out", *files, "--models", "none", "others", "all"]
        + (["--whole"] if is_whole else []),
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        check=True,
    )
    if path:
        path.write_text(done.stdout, "utf-8")
    return done.stdout.splitlines()


if __name__ == "__main__":
    sys.exit(main())
