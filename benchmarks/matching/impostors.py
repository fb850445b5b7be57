"""Pairs of a customer and somebody who is not he, which no matcher may take for one."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.matching import impostor_companies, impostor_persons
from benchmarks.matching.firms import Firms
from benchmarks.matching.impostor import Impostor
from benchmarks.matching.people import People
from benchmarks.matching.supply import Supply
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

_PERSON_KINDS = Weighted(list(impostor_persons.KINDS), [share for share, _, _ in impostor_persons.KINDS.values()])
_COMPANY_KINDS = Weighted(list(impostor_companies.KINDS), [share for share, _, _ in impostor_companies.KINDS.values()])


def pairs(count: int, seed: int) -> Iterator[Impostor]:
    """That many pairs of all kinds, persons and companies; the same seed gives the same ones.

    A pair that a kind made by chance of two names that fold together (Romano, Romanò) goes to `same_when_folded`, or
    `same_when_folded_company`.
    """
    supply = Supply(seed, "impostors")
    rng, people, firms = supply.rng, People(supply), Firms(supply)
    for _ in range(count):
        if rng.random() < _PERSON_SHARE:
            kind, folding = _PERSON_KINDS.pick(rng), "same_when_folded"
            row, typed, folds, far = impostor_persons.KINDS[kind][2](people, rng)
        else:
            kind, folding = _COMPANY_KINDS.pick(rng), "same_when_folded_company"
            row, typed, folds, far = impostor_companies.KINDS[kind][2](firms, rng)
        if folds and kind not in AMBIGUOUS:
            kind = folding
        must_refuse = kind not in AMBIGUOUS
        yield Impostor(kind, must_refuse, must_refuse and far, KINDS[kind], row, typed)
