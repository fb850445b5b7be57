"""The word lists of `data/`, loaded once, and seeded choices among them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any, Generic, TypeVar

import yaml

_DATA = Path(__file__).parent / "data"

Item = TypeVar("Item")


@cache
def words(name: str) -> Any:
    """The content of `data/<name>.yml`; shared, so nobody may change it."""
    return yaml.safe_load((_DATA / f"{name}.yml").read_text(encoding="utf-8"))


class Weighted(Generic[Item]):
    """Items with weights, to pick from with a seeded generator."""

    def __init__(self, items: Sequence[Item], weights: Sequence[float]) -> None:
        self._items = list(items)
        self._sums = list(accumulate(weights))

    def pick(self, rng: random.Random) -> Item:
        """One item, as often as its weight says."""
        return rng.choices(self._items, cum_weights=self._sums)[0]


def ranked(items: Sequence[Item]) -> Weighted[Item]:
    """Items from the most to the least frequent, falling about as Italian names do (Zipf-Mandelbrot)."""
    return Weighted(items, [1 / (rank + 8) for rank in range(len(items))])


def members(groups: Sequence[Sequence[str]]) -> dict[str, list[str]]:
    """Each name of the groups with the other names that stand in a group with it."""
    others: dict[str, list[str]] = {}
    for group in groups:
        for name in group:
            others.setdefault(name, []).extend(other for other in group if other != name)
    return others
