"""What may not come twice in one registry: customer numbers, mobile numbers, e-mail addresses."""

from __future__ import annotations

import random

from benchmarks.matching.spelling import letters
from benchmarks.matching.words import Weighted, words

_MOBILES = 10_000_000


class Supply:
    """A seeded generator (`rng`) and what is given out with it; the same seed and series give the same."""

    def __init__(self, seed: int, series: str) -> None:
        self.rng = random.Random(f"{series}:{seed}")
        contacts = words("contacts")
        self._given_out = 0
        self._prefixes: list[str] = contacts["prefixes"]
        self._domains = Weighted(list(contacts["domains"]), list(contacts["domains"].values()))
        self._first_mobile = self.rng.randrange(_MOBILES)

    def number(self) -> int:
        """A number that was not given out before, in rising order."""
        self._given_out += 1
        return self._given_out

    def mobile(self) -> str:
        """A mobile number in E.164."""
        number = self.number()
        # 7,654,321 has no factor in common with 10^7: no number comes twice before all have come.
        subscriber = (self._first_mobile + number * 7_654_321) % _MOBILES
        return f"+39{self._prefixes[number % len(self._prefixes)]}{subscriber:07d}"

    def email(self, given: str, family: str) -> str:
        """A private address, made of the name as people make them."""
        first, last = letters(given.split()[0]) or "x", letters(family) or "x"
        sep = self.rng.choice((".", "", "_", "."))
        local = self.rng.choice((f"{first}{sep}{last}", f"{first[0]}{sep}{last}", f"{last}{sep}{first}"))
        return f"{local}{self.number()}@{self._domains.pick(self.rng)}"

    def business_email(self, core: str) -> str:
        """An address at a domain of the company's own."""
        local = self.rng.choice(words("contacts")["business_local"])
        return f"{local}@{letters(core)[:24] or 'ditta'}{self.number()}.it"
