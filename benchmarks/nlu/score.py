"""Scores what was understood against what was meant: figures, and the single faults for whoever may read them."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from benchmarks.nlu.facts import STEP_OF, expected, kept
from benchmarks.nlu.seen import is_seen

OUTSIDE = {"out_of_scope", "nlu_fallback"}
# All other messages hold no name: at the step that asks for one they steer, ask, or say something else.
MAY_NAME = {"give_name", "give_company_name", "give_data", "correct_data"}


@dataclass(frozen=True)
class Fault:
    """One message that was understood wrong: `what` is `intent`, a kind of fact, or `taken as` one."""

    what: str
    meant: str
    understood: str
    text: str


@dataclass
class Score:
    """Figures of one evaluation; `confusions` counts (meant, understood) intents that differ."""

    utterances: int = 0
    right: int = 0
    seen: int = 0  # messages that stand word for word in the training data
    seen_right: int = 0
    outside: int = 0
    outside_found: int = 0
    false_alarms: int = 0
    intents: Counter[str] = field(default_factory=Counter)
    intents_right: Counter[str] = field(default_factory=Counter)
    confusions: Counter[tuple[str, str]] = field(default_factory=Counter)
    spans: Counter[str] = field(default_factory=Counter)
    spans_right: Counter[str] = field(default_factory=Counter)
    final_right: Counter[str] = field(default_factory=Counter)
    slips: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # (kind, intent, what went wrong)
    steering: int = 0  # messages without a name, each at the steps that ask for a person's and a company's
    steering_kept: int = 0
    faults: list[Fault] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)

    def add(self, meant: dict[str, Any], parsed: dict[str, Any]) -> None:
        """Count one message."""
        intent = parsed["intent"]["name"]
        self.utterances += 1
        self.milliseconds.append(parsed["ms"])
        self.intents[meant["intent"]] += 1
        self.right += intent == meant["intent"]
        if is_seen(meant["text"]):
            self.seen += 1
            self.seen_right += intent == meant["intent"]
        self.intents_right[meant["intent"]] += intent == meant["intent"]
        if intent != meant["intent"]:
            self.confusions[(meant["intent"], intent)] += 1
            self._note("intent", meant, meant["intent"], f"{intent} {parsed['intent']['confidence']:.2f}")
        if meant["intent"] == "out_of_scope":
            self.outside += 1
            self.outside_found += intent in OUTSIDE
        else:
            self.false_alarms += intent in OUTSIDE
        for kind, value in (meant.get("entities") or {}).items():
            self._add_entity(kind, value, meant, parsed)
        if meant["intent"] not in MAY_NAME:
            self._add_steering(meant, parsed)

    def _add_entity(self, kind: str, value: str, meant: dict[str, Any], parsed: dict[str, Any]) -> None:
        self.spans[kind] += 1
        found = [str(entity["value"]) for entity in parsed["entities"] if entity["entity"] == kind]
        self.spans_right[kind] += value in found
        if kind in STEP_OF:
            actual, wanted = kept(parsed, meant["text"], kind), _wanted(meant, kind)
            self.final_right[kind] += actual == wanted
            if actual != wanted:
                slip = "other intent" if parsed["intent"]["name"] != meant["intent"] else _slip(actual, wanted)
                self.slips[(kind, meant["intent"], slip)] += 1
                self._note(kind, meant, f"{wanted} ({meant['intent']})", f"{actual} ({parsed['intent']['name']})")

    def _add_steering(self, meant: dict[str, Any], parsed: dict[str, Any]) -> None:
        for kind in ("person", "company"):
            actual = kept(parsed, meant["text"], kind)
            taken = any(actual)
            self.steering += 1
            self.steering_kept += not taken
            if taken:
                self._note(f"taken as {kind}", meant, meant["intent"], f"{actual} ({parsed['intent']['name']})")

    def _note(self, what: str, meant: dict[str, Any], wanted: str, actual: str) -> None:
        self.faults.append(Fault(what, wanted, actual, meant["text"]))

    def figures(self) -> dict[str, Any]:
        """The figures that the project promises, as `make eval` prints them; None where the set measures none."""
        return {
            "intent_accuracy": round(self.right / self.utterances, 4),
            "intent_accuracy_unseen": round((self.right - self.seen_right) / max(self.utterances - self.seen, 1), 4),
            "oos_detected": _share(self.outside_found, self.outside),
            "oos_false_alarms": _share(self.false_alarms, self.utterances - self.outside),
            **{f"{kind}_exact": _share(self.final_right[kind], self.spans[kind]) for kind in STEP_OF},
            "steering_kept": _share(self.steering_kept, self.steering),
            "parse_ms_p50": round(statistics.median(self.milliseconds), 2),
            "utterances": self.utterances,
            "seen": self.seen,
        }


def _wanted(meant: dict[str, Any], kind: str) -> tuple[str | None, ...]:
    values = (meant.get("reads") or {}).get(kind)
    return tuple(values) if values else expected(meant["entities"][kind], kind)


def _share(count: int, of: int) -> float | None:
    return round(count / of, 4) if of else None


def _slip(actual: tuple[str | None, ...], wanted: tuple[str | None, ...]) -> str:
    """What kind of difference there is between two values, without the values."""
    got = " ".join(part for part in actual if part).casefold().split()
    right = " ".join(part for part in wanted if part).casefold().split()
    if not got or not right:
        return "nothing kept" if right else "nothing to keep"
    if sorted(got) == sorted(right):
        return "order"
    if set(right) < set(got):
        return f"words too many ({len(got) - len(right)})"
    return f"words missing ({len(right) - len(got)})" if set(got) < set(right) else "other words"
