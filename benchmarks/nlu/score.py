"""Scores what was understood against what was meant: aggregated figures only, never a text."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from benchmarks.nlu.facts import STEP_OF, expected, kept

OUTSIDE = {"out_of_scope", "nlu_fallback"}


@dataclass
class Score:
    """Figures of one evaluation; `confusions` counts (meant, understood) intents that differ."""

    utterances: int = 0
    right: int = 0
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
    milliseconds: list[float] = field(default_factory=list)

    def add(self, meant: dict[str, Any], parsed: dict[str, Any]) -> None:
        """Count one message."""
        intent = parsed["intent"]["name"]
        self.utterances += 1
        self.milliseconds.append(parsed["ms"])
        self.intents[meant["intent"]] += 1
        self.right += intent == meant["intent"]
        self.intents_right[meant["intent"]] += intent == meant["intent"]
        if intent != meant["intent"]:
            self.confusions[(meant["intent"], intent)] += 1
        if meant["intent"] == "out_of_scope":
            self.outside += 1
            self.outside_found += intent in OUTSIDE
        else:
            self.false_alarms += intent in OUTSIDE
        for kind, value in (meant.get("entities") or {}).items():
            self._add_entity(kind, value, meant, parsed)

    def _add_entity(self, kind: str, value: str, meant: dict[str, Any], parsed: dict[str, Any]) -> None:
        self.spans[kind] += 1
        found = [str(entity["value"]) for entity in parsed["entities"] if entity["entity"] == kind]
        self.spans_right[kind] += value in found
        if kind in STEP_OF:
            actual, wanted = kept(parsed, meant["text"], kind), expected(value, kind)
            self.final_right[kind] += actual == wanted
            if actual != wanted:
                slip = "other intent" if parsed["intent"]["name"] != meant["intent"] else _slip(actual, wanted)
                self.slips[(kind, meant["intent"], slip)] += 1

    def figures(self) -> dict[str, Any]:
        """The figures that the project promises, as `make eval` prints them."""
        return {
            "intent_accuracy": round(self.right / self.utterances, 4),
            "oos_detected": round(self.outside_found / self.outside, 4),
            "oos_false_alarms": round(self.false_alarms / (self.utterances - self.outside), 4),
            **{f"{kind}_exact": round(self.final_right[kind] / self.spans[kind], 4) for kind in STEP_OF},
            "parse_ms_p50": round(statistics.median(self.milliseconds), 2),
            "utterances": self.utterances,
        }


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
