"""Asks the real matcher through the registry of a real database: customers, namesakes, impostors, tax codes."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from areaclienti.domain.names import NameRejected
from areaclienti.identity import matching
from areaclienti.identity.claims import Claims
from areaclienti.identity.registry_import import Records, store
from areaclienti.identity.work import Work
from benchmarks.matching.decision import claims_of
from benchmarks.matching.identity_services import identity_services
from benchmarks.matching.impostor import Impostor
from benchmarks.matching.impostors import pairs
from benchmarks.matching.population import companies, persons
from benchmarks.matching.registry_rows import add, customer_row
from benchmarks.matching.rows import Company, Person, Typed
from benchmarks.matching.tolerance import BEHIND_TAX_CODE, MUST
from benchmarks.matching.variants import variants

_UNINSURED_EVERY = 20
_PERSONS_PER_COMPANY = 2
_IMPOSTORS_PER_PERSON = 2


@dataclass
class Asked:
    """Verdicts by question, and how many of them were wrong: somebody else's data opened, or an uninsured's."""

    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: int = 0

    def note(self, question: str, verdict: str, *, wrong: bool) -> None:
        self.verdicts[question, verdict] += 1
        self.wrong += wrong

    def figures(self) -> dict[str, Any]:
        """All counts by name."""
        counts = {f"{question}: {verdict}": times for (question, verdict), times in sorted(self.verdicts.items())}
        return {**counts, "wrong": self.wrong}


async def ask(person_count: int, seed: int) -> Asked:
    """Loads that many persons, half as many companies and the customers of impostors into SQLite, and asks for all."""
    asked = Asked()
    made = chain(persons(person_count, seed), companies(person_count // _PERSONS_PER_COMPANY, seed))
    rows = [row for row in made if _is_imported(asked, row)]
    impostors = [pair for pair in pairs(_IMPOSTORS_PER_PERSON * person_count, seed) if _is_imported(asked, pair.row)]
    with tempfile.TemporaryDirectory(prefix="areaclienti-matching-") as folder:
        async with identity_services(f"sqlite+aiosqlite:///{Path(folder) / 'identity.db'}") as services:
            async with services.database.write() as session:
                await store(session, _records(rows, impostors))
            async with services.work() as work:
                for number, row in enumerate(rows):
                    await _ask_for_customer(asked, work, row, _code("customer", number), seed, _is_insured(number))
                for impostor in impostors:
                    await _ask_for_impostor(asked, work, impostor)
    return asked


def _is_imported(asked: Asked, row: Person | Company) -> bool:
    try:
        customer_row(row)
    except NameRejected:
        asked.note("line of the registry", "refused by the import", wrong=False)
        return False
    return True


def _records(rows: list[Person | Company], impostors: list[Impostor]) -> Records:
    records = Records()
    for number, row in enumerate(rows):
        add(records, row, _code("customer", number), insured=_is_insured(number))
    for number, impostor in enumerate(impostors):
        add(records, impostor.row, _code("meant", number))
        if impostor.kind == "namesake_same_contact":  # father and son, both on file
            add(records, impostor.row, _code("namesake", number))
    return records


async def _ask_for_customer(
    asked: Asked, work: Work, row: Person | Company, code: str, seed: int, insured: bool
) -> None:
    told = "customer" if insured else "customer without an active policy"
    by_tolerance: dict[str, list[Typed]] = {}
    for variant in variants(row, seed):
        by_tolerance.setdefault(variant.tolerance, []).append(variant.typed)
    for typed in by_tolerance[MUST][: 2 * len(row.contacts)]:
        verdict = await _matched(work, claims_of(typed))
        named = _named(verdict, code)
        asked.note(told, named, wrong=named == "somebody else" or (named == "the customer" and not insured))
    for typed in by_tolerance.get(BEHIND_TAX_CODE, ())[:1]:
        verdict = await _identified(work, claims_of(typed), row)
        named = _named(verdict, code)
        question = f"{told}, by tax code with a slip"
        asked.note(question, named, wrong=named == "somebody else" or (named == "the customer" and not insured))


async def _ask_for_impostor(asked: Asked, work: Work, impostor: Impostor) -> None:
    claims = claims_of(impostor.typed)
    if impostor.kind == "namesake_same_contact":
        verdict = await _matched(work, claims)
        asked.note("namesake of another at the same contact", verdict, wrong=verdict != "several_customers")
    if impostor.must_refuse:
        verdict = await _matched(work, claims)
        is_wrong = verdict.startswith("strong")
        asked.note("impostor", "somebody's data" if is_wrong else "nobody", wrong=is_wrong)
    if impostor.refused_with_tax_code:
        verdict = await _identified(work, claims, impostor.row)
        is_wrong = verdict.startswith("strong")
        asked.note("impostor with the exact tax code", "somebody's data" if is_wrong else "nobody", wrong=is_wrong)


async def _matched(work: Work, claims: Claims | None) -> str:
    if claims is None:
        return "asked_again"
    verdict = await matching.match(work, claims)
    return f"strong:{verdict.customer.code}" if verdict.customer else verdict.reason


async def _identified(work: Work, claims: Claims | None, row: Person | Company) -> str:
    if claims is None:
        return "asked_again"
    code = row.codice_fiscale if isinstance(row, Person) else row.partita_iva
    found = await matching.identify(work, claims, code)
    return f"strong:{found.customer.code}" if found.customer else found.reason


def _named(verdict: str, code: str) -> str:
    if not verdict.startswith("strong"):
        return verdict
    return "the customer" if verdict == f"strong:{code}" else "somebody else"


def _code(series: str, number: int) -> str:
    return f"{series}-{number}"


def _is_insured(number: int) -> bool:
    return number % _UNINSURED_EVERY != 0
