"""Reads each writer's answers with a model that learnt from the other writers; writes JSON lines, for writers.py."""

from __future__ import annotations

import argparse
import json
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

FAMILY_NAME = "(person:cognome)"  # marks the family name where it stands first and apart


def main() -> None:
    """`python -m benchmarks.nlu.left_out FILE …`, with the engine's environment.

    Lines `{"model", "writer", "message", "parsed"}`: `model` is `none` (no writer was learnt from), `others`, or `all`
    for the sets of tests/nlu. Tagger and classifier are those of the newest model, unless `--whole` trains them too.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.nlu.left_out", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, help="one a writer, as in data/nlu/lexicon/answers_by_hand")
    parser.add_argument("--whole", action="store_true", help="train tagger and classifier too")
    parser.add_argument("--models", nargs="+", default=["none", "others"], choices=["none", "others", "all"])
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    results = os.fdopen(os.dup(1), "w", encoding="utf-8")  # libraries print on stdout when they are loaded
    os.dup2(2, 1)
    from engine import absent

    absent.install()
    _read_all(arguments, results)
    results.flush()


def _read_all(arguments: argparse.Namespace, results: TextIO) -> None:
    from engine.nlu.lessons import read_answers

    by_hand = {path.stem: read_answers(path) for path in arguments.files}
    messages = {path.stem: _messages(path) for path in arguments.files}
    train = _Trainer(arguments.whole)
    if "none" in arguments.models:
        reader = train([])
        for writer in by_hand:
            _read(reader, "none", writer, messages[writer], results)
    for writer in by_hand if "others" in arguments.models else ():
        reader = train([one for other, theirs in by_hand.items() if other != writer for one in theirs])
        _read(reader, "others", writer, messages[writer], results)
    if "all" in arguments.models:
        import yaml

        from benchmarks.nlu.compare import SETS

        reader = train([one for theirs in by_hand.values() for one in theirs])
        for name in ("development", "names/a", "names/c1"):
            paths = sorted([*SETS.glob(f"{name}/*.yml"), *SETS.glob(f"{name}.yml")])
            known = [one for path in paths for one in yaml.safe_load(path.read_text("utf-8"))]
            _read(reader, "all", name, known, results)


class _Trainer:
    """Trains readers that differ in the answers by hand that they learn from."""

    def __init__(self, is_whole: bool) -> None:
        from benchmarks.nlu.compare import trained_reader, training_examples
        from engine.nlu.dictionary import Dictionary

        self._examples, self._synonyms = training_examples()
        self._dictionary = Dictionary.of_spacy()
        self._base = None if is_whole else trained_reader(Path("models"))

    def __call__(self, by_hand: Sequence[Any]) -> Any:
        from benchmarks.nlu.compare import LEXICON
        from engine.nlu.reader import Reader, answer_taggers

        with TemporaryDirectory() as folder:
            if self._base is None:
                return Reader.train(self._examples, self._synonyms, LEXICON, Path(folder), by_hand)
            asked = answer_taggers(self._examples, by_hand, LEXICON, self._dictionary, Path(folder))
            return self._base.with_asked(asked)


def _read(reader: Any, model: str, writer: str, messages: Sequence[dict[str, Any]], results: TextIO) -> None:
    from benchmarks.nlu.folds import parsed_by

    for message in messages:
        line = {"model": model, "writer": writer, "message": message, "parsed": parsed_by(reader, message["text"])}
        results.write(json.dumps(line, ensure_ascii=False) + "\n")
    results.flush()


def _messages(path: Path) -> list[dict[str, Any]]:
    from engine.nlu.lessons import read_answers

    lines = [line for line in path.read_text("utf-8").splitlines() if line.strip() and not line.startswith("#")]
    return [_message(told, line) for told, line in zip(read_answers(path), lines, strict=True)]


def _message(told: Any, line: str) -> dict[str, Any]:
    """As in tests/nlu; a name in two parts as `nome … cognome …`, which says which is which as the form reads it."""
    text, intent, spans = told
    entities = {span.label: text[span.start : span.end] for span in spans}
    people = [text[span.start : span.end] for span in spans if span.label == "person"]
    if len(people) > 1:
        entities["person"] = _whole(people, is_family_first=FAMILY_NAME in line)
    return {"text": text, "intent": intent, "entities": entities}


def _whole(people: Sequence[str], is_family_first: bool) -> str:
    longest = max(people, key=len)
    if any(one != longest and longest.casefold().startswith(f"{one} ".casefold()) for one in people):
        return longest  # `Elia, Elia Forte`
    first, last = " ".join(people[:-1]), people[-1]
    return f"nome {last} cognome {first}" if is_family_first else f"nome {first} cognome {last}"


if __name__ == "__main__":
    sys.exit(main())
