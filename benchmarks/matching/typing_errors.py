"""Typing errors: letters replaced by a neighbour key, dropped, doubled or added."""

from __future__ import annotations

import random

from benchmarks.matching.spelling import distance, letters
from benchmarks.matching.words import words


def _slip(text: str, rng: random.Random) -> str:
    places = [at for at, c in enumerate(text) if c.isascii() and c.isalpha()]
    at = rng.choice(places)
    neighbour: str = rng.choice(words("signs")["neighbours"][text[at].lower()])
    match rng.randrange(4):
        case 0:
            return text[:at] + text[at + 1 :]
        case 1:
            return text[:at] + text[at] + text[at:]
        case 2:
            return text[:at] + (neighbour.upper() if text[at].isupper() else neighbour) + text[at + 1 :]
    return text[: at + 1] + neighbour + text[at + 1 :]


def one(text: str, rng: random.Random) -> str | None:
    """The text at one edit; None for one of fewer than four letters, where it could become anybody's."""
    return _slip(text, rng) if len(letters(text)) >= 4 else None


def two(text: str, rng: random.Random) -> str | None:
    """The text at two edits; None for one of fewer than seven letters."""
    if len(letters(text)) < 7:
        return None
    while True:
        wrong = _slip(_slip(text, rng), rng)
        if distance(letters(text), letters(wrong)) == 2:
            return wrong


def edits(one: tuple[str, str], other: tuple[str, str]) -> int:
    """Edits between two names, field by field, blanks, signs and accents aside."""
    return sum(distance(letters(a), letters(b)) for a, b in zip(one, other, strict=True))
