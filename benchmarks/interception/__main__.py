"""Measures interception at the password step (`python -m benchmarks.interception`); the last line printed is JSON."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from areaclienti.domain.passwords import failed_rules
from areaclienti.gateway.lookout import holds_password
from areaclienti.gateway.wishes import RULE, Rule, is_harmless, passes
from benchmarks.interception import vocabulary
from benchmarks.interception.passwords import all_of, passwords
from benchmarks.nlu.evaluate import ENGINE, ROOT, parse, read_set

CONFIDENCES = (0.3, 0.4, 0.5, 0.6, 0.8, 0.9)
BY_CONFIDENCE_ALONE = (0.5, 0.8, 0.95, 0.99)
SENTENCES = ("sentence", "question")  # what people also say to an assistant: nothing tells these from a wish


@dataclass(frozen=True)
class Heard:
    """A text, what it is (the intent that is meant, or a family of passwords), and what the engine takes it for."""

    what: str
    text: str
    intent: str
    confidence: float


Decision = Callable[[Heard], bool]


def main() -> int:
    """Print tables of what passes and one line of JSON; `--show` also each password that passes."""
    arguments = _arguments()
    if arguments.write_words:
        vocabulary.write()
        return 0
    meant = [(message["intent"], message["text"]) for message in read_set("development")]
    unseen = [(message["intent"], message["text"]) for message in read_set("heldout")]
    secret = list(all_of(passwords(arguments.seed, arguments.of_each)))
    heard = _heard([*meant, *unseen, *secret])
    development = [one for one in heard[: len(meant)] if is_harmless(one.what)]
    heldout = [one for one in heard[len(meant) : len(meant) + len(unseen)] if is_harmless(one.what)]
    guessed = heard[len(meant) + len(unseen) :]
    console = Console(width=140)
    console.print(_thresholds(development, guessed))
    console.print(_families(guessed))
    leaks = [one for one in guessed if in_force(one)]
    leaks_before = [one for one in guessed if by_confidence_alone(0.8)(one)]
    for one in leaks if arguments.show else ():
        print(f"{one.what}: {one.text} -> {one.intent} {one.confidence:.2f}")
    print(
        json.dumps(
            {
                "questions_and_wishes": len(development),
                "passed": share(development, in_force),
                "passed_before": share(development, by_confidence_alone(0.8)),
                "heldout": len(heldout),
                "heldout_passed": share(heldout, in_force),
                "heldout_passed_before": share(heldout, by_confidence_alone(0.8)),
                "passwords": len(guessed),
                "leaked": len(leaks),
                "leaked_that_keep_the_rule": sum(_keeps_the_rule(one.text) for one in leaks),
                "leaked_that_are_no_sentence": sum(one.what not in SENTENCES for one in leaks),
                "leaked_before": len(leaks_before),
                "leaked_before_that_keep_the_rule": sum(_keeps_the_rule(one.text) for one in leaks_before),
                "leaked_before_that_are_no_sentence": sum(one.what not in SENTENCES for one in leaks_before),
                "seed": arguments.seed,
            }
        )
    )
    return 0


def in_force(one: Heard, rule: Rule = RULE) -> bool:
    """What the gateway decides."""
    return passes(one.text, one.intent, one.confidence, rule)


def by_confidence_alone(least: float) -> Decision:
    """The rule that was in force before, as a comparison."""
    return lambda one: not holds_password(one.text) and is_harmless(one.intent) and one.confidence >= least


def share(texts: Sequence[Heard], decide: Decision) -> float:
    """The part of the texts that pass."""
    return round(sum(map(decide, texts)) / len(texts), 4)


def _heard(texts: Sequence[tuple[str, str]]) -> list[Heard]:
    models = sorted((ROOT / "models").glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)
    if not models:
        sys.exit("No model: run `make train` first.")
    *found, _about = parse(Path(models[-1]), [text for _, text in texts], str(ENGINE))
    return [
        Heard(what, text, one["intent"]["name"], one["intent"]["confidence"])
        for (what, text), one in zip(texts, found, strict=True)
    ]


def _keeps_the_rule(text: str) -> bool:
    return not failed_rules(text)


def _thresholds(questions: Sequence[Heard], secret: Sequence[Heard]) -> Table:
    table = Table("rule", "questions and wishes that pass", "questions that pass", "passwords that pass", box=None)
    rules: list[tuple[str, Decision]] = [
        (f"confidence {least} alone", by_confidence_alone(least)) for least in BY_CONFIDENCE_ALONE
    ]
    for least in CONFIDENCES:
        rule = Rule(confidence=least)
        name = f"words, and confidence {least}" + (" (in force)" if rule == RULE else "")
        rules.append((name, lambda one, rule=rule: in_force(one, rule)))  # type: ignore[misc]
    asked = [one for one in questions if one.what.startswith("faq_")]
    for name, decide in rules:
        leaked = sum(map(decide, secret))
        table.add_row(
            name, f"{share(questions, decide):.1%}", f"{share(asked, decide):.1%}", f"{leaked} of {len(secret)}"
        )
    return table


def _families(secret: Sequence[Heard]) -> Table:
    table = Table("family", "passwords", "pass", "passed before", box=None)
    before = by_confidence_alone(0.8)
    for family in dict.fromkeys(one.what for one in secret):
        members = [one for one in secret if one.what == family]
        table.add_row(family, str(len(members)), str(sum(map(in_force, members))), str(sum(map(before, members))))
    return table


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.interception", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the generated passwords")
    parser.add_argument("--of-each", type=int, default=400, help="passwords of each family")
    parser.add_argument("--show", action="store_true", help="print the passwords that pass")
    parser.add_argument(
        "--write-words", action="store_true", help="write the lists of words anew from data/nlu, and end"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
