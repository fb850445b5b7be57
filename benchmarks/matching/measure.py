"""Lets every method decide about variants and impostors of generated customers, on all cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import chain

from areaclienti.identity.claims import Claims
from benchmarks.matching.decision import by_contact, by_tax_code, claims_of, has_contact
from benchmarks.matching.impostors import pairs
from benchmarks.matching.other_methods import FOR_COMPANIES, FOR_PERSONS, names
from benchmarks.matching.population import companies, persons
from benchmarks.matching.rows import Company, Person, Typed
from benchmarks.matching.tally import ASKED_AGAIN, BY_TAX_CODE, PRODUCT, Kind, Tally
from benchmarks.matching.tolerance import BEHIND_TAX_CODE, MUST
from benchmarks.matching.variants import variants

# What is asked about impostors; about variants it is their tolerance (`must`, `behind_tax_code`, `may_refuse`).
MUST_REFUSE = "must_refuse"
REFUSE_BEHIND_TAX_CODE = "refuse_behind_tax_code"
AMBIGUOUS_NAMES = "ambiguous"

_CHUNK_OF_PAIRS = 15_000
_CHUNK_OF_PERSONS = 500
_PERSONS_PER_COMPANY = 2
# To read a contact where the product refuses the name.
_SOME_NAME = {"given_name": "Mario", "family_name": "Rossi", "company_name": "Alfa"}


def variants_measured(person_count: int, seed: int, done: Callable[[int], None] = lambda _: None) -> Tally:
    """Every variant of that many persons, and of half as many companies. `done` is told the share of persons done."""
    return _everywhere(_some_variants, person_count, _CHUNK_OF_PERSONS, seed, done)


def impostors_measured(count: int, seed: int, done: Callable[[int], None] = lambda _: None) -> Tally:
    """That many pairs. Those that must be refused even behind the tax code are a demand of their own, counted twice."""
    return _everywhere(_some_impostors, count, _CHUNK_OF_PAIRS, seed, done)


def _everywhere(
    measure: Callable[[int, int], Tally], count: int, chunk: int, seed: int, done: Callable[[int], None]
) -> Tally:
    """Chunks of their own seeds, so that the figures are the same on any number of cores."""
    sizes = [min(chunk, count - start) for start in range(0, count, chunk)]
    whole = Tally()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        seeds = (seed * 10_000 + number for number in range(len(sizes)))
        for size, part in zip(sizes, pool.map(measure, sizes, seeds), strict=True):
            whole.add(part)
            done(size)
    return whole


def _some_variants(person_count: int, seed: int) -> Tally:
    tally = Tally()
    rows: Iterator[Person | Company] = chain(
        persons(person_count, seed), companies(person_count // _PERSONS_PER_COMPANY, seed)
    )
    for row in rows:
        for variant in variants(row, seed):
            _decide(tally, (variant.tolerance,), variant.kind, variant.row, variant.typed)
    return tally


def _some_impostors(count: int, seed: int) -> Tally:
    tally = Tally()
    for pair in pairs(count, seed):
        demand = MUST_REFUSE if pair.must_refuse else AMBIGUOUS_NAMES
        demands = (demand, REFUSE_BEHIND_TAX_CODE) if pair.refused_with_tax_code else (demand,)
        _decide(tally, demands, pair.kind, pair.row, pair.typed)
    return tally


def _decide(tally: Tally, demands: tuple[str, ...], name: str, row: Person | Company, typed: Typed) -> None:
    claims = claims_of(typed)
    for demand in demands:
        kind = Kind("persons" if isinstance(row, Person) else "companies", demand, name)
        tally.pairs[kind] += 1
        tally.accepted[kind, ASKED_AGAIN] += claims is None
        if demand in (BEHIND_TAX_CODE, REFUSE_BEHIND_TAX_CODE):
            tally.accepted[kind, BY_TAX_CODE] += by_tax_code(claims, row) == "accepted"
        else:
            tally.accepted[kind, PRODUCT] += by_contact(claims, row) == "accepted"
        if demand in (MUST, MUST_REFUSE):
            tally.accepted.update((kind, method) for method in _agreeing_methods(claims, row, typed))


def _agreeing_methods(claims: Claims | None, row: Person | Company, typed: Typed) -> Iterator[str]:
    """The other methods that take the names for one. They get the contact read by the product: names are compared."""
    if not has_contact(claims or claims_of(replace(typed, **_SOME_NAME)), row):
        return
    typed_name, on_file = names(typed, row)
    for method, agrees in (FOR_PERSONS if isinstance(row, Person) else FOR_COMPANIES).items():
        if agrees(typed_name, on_file):
            yield method
