"""Finds the words that mean one value of an entity (`ditta`: azienda, `cognome`: the field name) by synonyms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.nlu.language import Token
from engine.nlu.normal import word, words

_LONGEST = 4
_NEGATION_REACHES = 3  # words: `non sono un'azienda`, `non ho ditte`
_BY_MISTAKE = re.compile(r"\s*,?\s*(?:per|x)\s+(?:sbaglio|errore)", re.IGNORECASE)


@dataclass(frozen=True)
class Value:
    """A part of a text that means `value` of `entity`."""

    start: int
    end: int
    entity: str
    value: str


class Values:
    """Synonyms, each of one entity and value."""

    def __init__(self, synonyms: Iterable[tuple[str, str, str]]) -> None:
        """`synonyms`: (text, entity, value)."""
        self._meaning: dict[tuple[str, ...], tuple[str, str]] = {}
        for text, entity, value in synonyms:
            self._meaning.setdefault(tuple(words(text)), (entity, value))

    def entries(self) -> list[tuple[str, str, str]]:
        """What the constructor takes."""
        return [(" ".join(key), entity, value) for key, (entity, value) in self._meaning.items()]

    def find(self, text: str, tokens: Sequence[Token], entity: str) -> list[Value]:
        """The values of an entity that are affirmed in the text, longest words first matched, in reading order."""
        spelt = [(part, token) for token in tokens for part in word(token.text).split()]
        found: list[Value] = []
        at = 0
        while at < len(spelt):
            length, value = self._longest(spelt, at, entity)
            if value is not None:
                start, end = spelt[at][1].start, spelt[at + length - 1][1].end
                if not _denied([part for part, _ in spelt[:at]], text[end:]):
                    found.append(Value(start, end, entity, value))
            at += length
        return found

    def _longest(self, spelt: list[tuple[str, Token]], at: int, entity: str) -> tuple[int, str | None]:
        for length in range(min(_LONGEST, len(spelt) - at), 0, -1):
            kind, value = self._meaning.get(tuple(part for part, _ in spelt[at : at + length]), ("", ""))
            if kind == entity:
                return length, value
        return 1, None


def _denied(before: list[str], after: str) -> bool:
    return "non" in before[-_NEGATION_REACHES:] or bool(_BY_MISTAKE.match(after))
