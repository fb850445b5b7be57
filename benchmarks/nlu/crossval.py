"""Scores the training examples, each read by a model that has not seen it or its like; the last line is JSON."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from benchmarks.nlu.evaluate import ENGINE, ROOT
from benchmarks.nlu.score import Score


def main() -> int:
    """Print the figures of `make eval` by cross-validation; `--readings` keeps what was read, or reads it again."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.nlu.crossval", description=__doc__)
    parser.add_argument("--readings", type=Path, help="file of readings: made when it is not there")
    parser.add_argument("--show", help="print the faults of this kind (intent, person, company, taken)")
    arguments = parser.parse_args()
    score = Score()
    for line in _readings(arguments.readings):
        reading = json.loads(line)
        score.add(reading["message"], reading["parsed"])
    for fault in score.faults:
        if arguments.show and fault.what.startswith(arguments.show):
            print(f"{fault.what:18} {fault.meant} -> {fault.understood}: {fault.text}")
    print(json.dumps(score.figures()))
    return 0


def _readings(path: Path | None) -> list[str]:
    if path and path.exists():
        return path.read_text("utf-8").splitlines()
    done = subprocess.run(
        [str(ENGINE), "-m", "benchmarks.nlu.folds"], stdout=subprocess.PIPE, text=True, cwd=ROOT, check=True
    )
    if path:
        path.write_text(done.stdout, "utf-8")
    return done.stdout.splitlines()


if __name__ == "__main__":
    sys.exit(main())
