"""Counts of decisions by kind, to be added up over processes, and what they say about the true rate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Side = Literal["persons", "companies"]
PRODUCT = "product"
BY_TAX_CODE = "behind the tax code"
ASKED_AGAIN = "asked again"


class Kind(NamedTuple):
    """A kind of variants or impostors: `demand` is what is asked of a matcher about it."""

    side: Side
    demand: str
    name: str


@dataclass
class Tally:
    """How many pairs of each kind there were, and how many of them each method accepted (or `ASKED_AGAIN` about)."""

    pairs: Counter[Kind] = field(default_factory=Counter)
    accepted: Counter[tuple[Kind, str]] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        self.pairs.update(other.pairs)
        self.accepted.update(other.accepted)

    def kinds(self, *demands: str, side: Side | None = None) -> Iterator[Kind]:
        """The kinds of any of the demands, in the order of their names."""
        return (kind for kind in sorted(self.pairs) if kind.demand in demands and side in (None, kind.side))

    def count(self, *demands: str, side: Side | None = None) -> int:
        return sum(self.pairs[kind] for kind in self.kinds(*demands, side=side))

    def accepts(self, method: str, *demands: str, side: Side | None = None) -> int:
        return sum(self.accepted[kind, method] for kind in self.kinds(*demands, side=side))

    def rejects(self, method: str, *demands: str, side: Side | None = None) -> int:
        return self.count(*demands, side=side) - self.accepts(method, *demands, side=side)


def upper_bound(found: int, count: int) -> float:
    """The largest rate that still gives so few findings in one of twenty runs (Poisson, one-sided 95%).

    With nothing found this is the rule of three: 3/n.
    """
    if count == 0:
        return 1.0
    # Chi-squared quantiles by Wilson and Hilferty, exact enough from one finding on.
    if found == 0:
        return min(1.0, 3 / count)
    freedom, normal = 2 * (found + 1), 1.6448536269514722
    quantile = freedom * (1 - 2 / (9 * freedom) + normal * (2 / (9 * freedom)) ** 0.5) ** 3
    return min(1.0, quantile / 2 / count)
