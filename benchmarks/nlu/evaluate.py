"""Evaluates a trained model on messages that it has not learnt from (`make eval`); the last line printed is JSON."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from benchmarks.nlu.score import Score

ROOT = Path(__file__).parents[2]
SETS = ROOT / "tests" / "nlu"
MAY_BE_READ = ("development", "names/a", "names/c1")
FOR_COUNTS = ("heldout", "names/b", "names/c2")
ENGINE = ROOT / ".venv-engine" / "bin" / "python"


def main() -> int:
    """Parse a set's messages with the newest model of `--models`, print tables and one line of JSON.

    No text of the sets for counts is ever printed: whoever has read it can no longer say what is new to the model.
    """
    arguments = _arguments()
    models = sorted(Path(arguments.models).glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)
    if not models:
        print(f"No model in {arguments.models}: run `make train` first.", file=sys.stderr)
        return 1
    messages = read_set(arguments.set)
    if not messages:
        print(f"There are no messages in {(SETS / arguments.set).relative_to(ROOT)}.", file=sys.stderr)
        return 1
    score, rss_mib = evaluate(messages, models[-1], arguments.python)
    console = Console()
    console.print(_intents(score))
    console.print(_confusions(score))
    console.print(_entities(score))
    console.print(_slips(score))
    for fault in score.faults if arguments.show else ():
        print(f"{fault.what:24} {fault.meant} -> {fault.understood}: {fault.text}")
    console.print(f"model {models[-1].stat().st_size / 2**20:.1f} MiB, parsing process {rss_mib} MiB")
    if arguments.confusion:
        from benchmarks.nlu.picture import draw

        draw(score, Path(arguments.confusion))
    print(json.dumps(score.figures()))
    return 0


def evaluate(messages: list[dict[str, Any]], model: Path, python: str) -> tuple[Score, int]:
    """The score of a model on messages and the memory of the process that parsed them, in MiB."""
    *parsed, about = parse(model, [message["text"] for message in messages], python)
    score = Score()
    for message, found in zip(messages, parsed, strict=True):
        score.add(message, found)
    return score, about["rss_mib"]


def read_set(name: str) -> list[dict[str, Any]]:
    """All messages of the folder tests/nlu/<name> or the file tests/nlu/<name>.yml.

    A message has `text`, `intent`, `entities` where there are some, and `reads` where the right values are not what the
    validators make of the marked span: the values as they must be kept, by kind of entity.
    """
    paths = sorted([*SETS.glob(f"{name}/*.yml"), *SETS.glob(f"{name}.yml")])
    return [message for path in paths for message in yaml.safe_load(path.read_text("utf-8"))]


def parse(model: Path, texts: list[str], python: str) -> list[dict[str, Any]]:
    """What `benchmarks.nlu.parse` writes for the texts, run with the engine's environment."""
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    command = [python, "-m", "benchmarks.nlu.parse", str(model)]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode:
        raise RuntimeError(f"parsing failed: {done.stderr[-2000:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def _intents(score: Score) -> Table:
    table = Table("intent", "messages", "recall", title="intents", box=None)
    for intent, count in sorted(score.intents.items(), key=lambda one: score.intents_right[one[0]] / one[1]):
        table.add_row(intent, str(count), f"{score.intents_right[intent] / count:.0%}")
    return table


def _confusions(score: Score) -> Table:
    table = Table("meant", "understood", "messages", title="confusions", box=None)
    for (meant, understood), count in score.confusions.most_common(25):
        table.add_row(meant, understood, str(count))
    return table


def _entities(score: Score) -> Table:
    table = Table("entity", "messages", "span exact", "kept by the actions", title="entities", box=None)
    for kind, count in sorted(score.spans.items()):
        final = f"{score.final_right[kind] / count:.1%}" if kind in score.final_right else ""
        table.add_row(kind, str(count), f"{score.spans_right[kind] / count:.1%}", final)
    return table


def _slips(score: Score) -> Table:
    table = Table("entity", "meant intent", "what went wrong", "messages", title="slips of extraction", box=None)
    for (kind, intent, slip), count in sorted(score.slips.items()):
        table.add_row(kind, intent, slip, str(count))
    return table


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.nlu.evaluate", description=__doc__)
    sets = [*FOR_COUNTS, *MAY_BE_READ]
    parser.add_argument("--set", choices=sets, default="heldout", help="folder or file of tests/nlu")
    parser.add_argument("--show", action="store_true", help="print what is wrong, with its text")
    parser.add_argument("--models", default=str(ROOT / "models"), help="folder of trained models; the newest is taken")
    parser.add_argument("--python", default=str(ENGINE), help="python of the environment that runs the model")
    parser.add_argument("--confusion", help="write the confusion matrix as a picture to this file")
    arguments = parser.parse_args()
    if arguments.show and arguments.set not in MAY_BE_READ:
        parser.error(f"--show is for {', '.join(MAY_BE_READ)} only")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
