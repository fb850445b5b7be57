"""What to ask the matcher for when its speed is measured: true customers, strangers, families, common names."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from areaclienti.identity.claims import Claims
from benchmarks.matching.decision import claims_of
from benchmarks.matching.impostor import near_contact
from benchmarks.matching.rows import Company, Person, Typed
from benchmarks.matching.tolerance import MUST
from benchmarks.matching.variants import variants

_COMMON = 100  # so many of the most frequent family names are common


def by_contact(rows: Sequence[Person | Company], count: int, seed: int) -> list[tuple[str, Claims]]:
    """That many (kind, claims): half true customers as they write, the others misses of three kinds."""
    rng = random.Random(f"by contact {seed}")
    held = Counter(contact for row in rows for contact in row.contacts)
    shared = [row for row in rows if any(held[contact] > 1 for contact in row.contacts)]
    families = Counter(row.family for row in rows if isinstance(row, Person))
    frequent = {family for family, _ in families.most_common(_COMMON)}
    common = [row for row in rows if isinstance(row, Person) and row.family in frequent]
    asked: list[tuple[str, Claims]] = []
    while len(asked) < count:
        kind, of = rng.choice(
            [("customer", rows), ("shared contact", shared), ("common name", common)] * 2
            + [("unknown contact", rows), ("other name", rows), ("other type", rows)]
        )
        claims = claims_of(_typed(kind, rng.choice(of), rows, rng))
        if claims is not None:
            asked.append((kind, claims))
    return asked


def by_tax_code(rows: Sequence[Person | Company], count: int, seed: int) -> list[tuple[str, Claims, str]]:
    """That many (kind, claims, tax code): the customer's own, and in a third somebody else's or nobody's."""
    rng = random.Random(f"by tax code {seed}")
    asked: list[tuple[str, Claims, str]] = []
    while len(asked) < count:
        row, other = rng.choice(rows), rng.choice(rows)
        kind = rng.choice(("customer", "customer", "customer", "customer", "other name", "unknown tax code"))
        claims = claims_of(_typed("other name" if kind == "other name" else "customer", row, rows, rng))
        code = _tax_code(other if kind == "other name" else row)
        if claims is not None:
            asked.append((kind, claims, code[::-1] if kind == "unknown tax code" else code))
    return asked


def _typed(kind: str, row: Person | Company, rows: Sequence[Person | Company], rng: random.Random) -> Typed:
    written = [variant.typed for variant in variants(row, rng.randrange(10**9)) if variant.tolerance == MUST]
    typed = rng.choice(written)
    match kind:
        case "unknown contact":
            return replace(typed, contact=near_contact(rng.choice(row.contacts), rng))
        case "other name":
            other = rng.choice([other for other in rng.sample(rows, 20) if type(other) is type(row)] or [row])
            if isinstance(other, Person):
                return replace(typed, given_name=other.given, family_name=other.family)
            return replace(typed, company_name=other.company_name)
        case "other type":
            if isinstance(row, Person):
                return Typed("azienda", typed.contact, company_name=f"{row.family} {row.given}")
            return Typed("persona", typed.contact, given_name="Mario", family_name="Rossi")
    return typed


def _tax_code(row: Person | Company) -> str:
    return row.codice_fiscale if isinstance(row, Person) else row.partita_iva
