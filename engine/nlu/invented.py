"""Invents names that nobody bears: letter by letter for people, with words of other texts for companies."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from engine.nlu.spans import Part

_WORD = re.compile(r"[^\W\d_]{3,}")
_SHORTEST, _LONGEST = 3, 11  # letters
_WITH_PARTICLE = 0.1  # of the words for people
_PARTICLES = (
    *("de", "di", "del", "della", "dalla", "dal", "dello", "degli", "lo", "la", "li", "d'", "dell'", "dall'", "san"),
    *("el", "ben", "van", "von", "de la", "dos", "da", "o'", "mc", "al"),
)
_KEPT = 0.5  # of a company's words
_FROM_TEXTS = 0.7  # of those that take a word's place in a company's name; the others are letters


class Inventor:
    """Learns from names which letter follows three others."""

    def __init__(
        self, names: Iterable[str], vocabulary: Sequence[str] = (), untouched: frozenset[str] = frozenset()
    ) -> None:
        """`vocabulary`: words that companies may be called; empty for people. `untouched`: words that stay."""
        self._vocabulary, self._untouched = vocabulary, untouched
        counted: dict[str, Counter[str]] = defaultdict(Counter)
        for name in names:
            for part in _WORD.findall(name.lower()):
                padded = f"^^^{part}$"
                for at in range(3, len(padded)):
                    counted[padded[at - 3 : at]][padded[at]] += 1
        self._following = {three: (list(found), list(found.values())) for three, found in counted.items()}

    def renamed(self, name: str, parts: Sequence[Part], chance: random.Random) -> tuple[str, tuple[Part, ...]]:
        """The name and its parts with other words, in the case of those whose place they take."""
        pieces: list[str] = []
        moved: list[Part] = []
        at = length = 0
        for start, end in parts:
            new = _WORD.sub(lambda found: self._instead_of(found[0], chance), name[start:end])
            pieces += [name[at:start], new]
            length += start - at
            moved.append((length, length + len(new)))
            length, at = length + len(new), end
        return "".join(pieces) + name[at:], tuple(moved)

    def _instead_of(self, old: str, chance: random.Random) -> str:
        if old.lower() in self._untouched or (self._vocabulary and chance.random() < _KEPT):
            return old
        is_word = self._vocabulary and chance.random() < _FROM_TEXTS
        new = chance.choice(self._vocabulary) if is_word else self._sounding(chance)
        if not self._vocabulary and chance.random() < _WITH_PARTICLE:
            particle = chance.choice(_PARTICLES)
            new = particle + new if particle.endswith("'") else f"{particle} {new}"
        if old.isupper():
            return new.upper()
        return new.title() if old[0].isupper() else new

    def _sounding(self, chance: random.Random) -> str:
        made = ""
        while not _SHORTEST <= len(made.strip("^$")) <= _LONGEST:
            made = "^^^"
            while not made.endswith("$"):
                made += chance.choices(*self._following[made[-3:]])[0]
        return made.strip("^$")
