"""Registries to measure on: Italian households and companies, as an insurer's registry holds them."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.matching.firms import Firms
from benchmarks.matching.people import People
from benchmarks.matching.rows import Company, Person
from benchmarks.matching.supply import Supply


def persons(count: int, seed: int) -> Iterator[Person]:
    """That many private customers, household by household; the same seed gives the same ones, a longer run more."""
    people = People(Supply(seed, "persons"))
    made = 0
    while True:
        for person in people.household():
            if made == count:
                return
            made += 1
            yield person


def companies(count: int, seed: int) -> Iterator[Company]:
    """That many business customers, of all legal forms; the same seed gives the same ones, a longer run more."""
    firms = Firms(Supply(seed, "companies"))
    for _ in range(count):
        yield firms.company()
