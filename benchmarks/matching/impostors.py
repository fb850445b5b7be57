"""Pairs of a customer and somebody who is not he, which no matcher may take for one."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.matching import impostor_companies, impostor_persons
from benchmarks.matching.impostor import Impostor
from benchmarks.matching.population import Maker
from benchmarks.matching.words import Weighted

_PERSON_SHARE = 0.65

# Kinds whose names a comparison can't tell apart; not to be counted as false accepts.
AMBIGUOUS = frozenset(
    {
        "same_when_folded",
        "same_words_other_order",
        "namesake_same_contact",
        "same_when_folded_company",
        "form_unsaid",
        "same_words_other_order_company",
    }
)
KINDS: dict[str, str] = {
    kind: why for table in (impostor_persons.KINDS, impostor_companies.KINDS) for kind, (_, why, _) in table.items()
}


def pairs(count: int, seed: int) -> Iterator[Impostor]:
    """That many pairs of all kinds, persons and companies; the same seed gives the same ones.

    A pair that a kind made by chance of two names that fold together (Romano, Romanò) goes to `same_when_folded`, or
    `same_when_folded_company`.
    """
    maker = Maker(seed, "impostors")
    rng = maker.rng
    tables = {"person": impostor_persons.KINDS, "company": impostor_companies.KINDS}
    kinds = {name: Weighted(list(table), [share for share, _, _ in table.values()]) for name, table in tables.items()}
    for _ in range(count):
        name = "person" if rng.random() < _PERSON_SHARE else "company"
        kind = kinds[name].pick(rng)
        _, why, make = tables[name][kind]
        row, typed, folds, far = make(maker, rng)
        if folds and kind not in AMBIGUOUS:
            kind = "same_when_folded" if name == "person" else "same_when_folded_company"
            why = tables[name][kind][1]
        must_refuse = kind not in AMBIGUOUS
        yield Impostor(kind, must_refuse, must_refuse and far, why, row, typed)
