"""Every way in which a true customer writes his name or contact, with what may be asked of a matcher about it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.matching import company_variants, contact_variants, person_variants
from benchmarks.matching.rows import Company, Person, Typed
from benchmarks.matching.tolerance import Tolerance


@dataclass(frozen=True, slots=True)
class Variant:
    """What the customer of `row` typed; `why` says in words what the kind is and why its tolerance is what it is."""

    kind: str
    tolerance: Tolerance
    why: str
    row: Person | Company
    typed: Typed


def variants(row: Person | Company, seed: int) -> Iterator[Variant]:
    """One variant of each kind that has something to say of this customer; the same seed and row give the same ones.

    Kinds of names come with a canonical contact, kinds of contacts (`mobile_…`, `email_…`) with the name in full.
    """
    rng = random.Random(f"{seed}:{row.number}")
    contact = rng.choice(row.contacts)
    if isinstance(row, Person):
        for kind, tolerance, why, name in person_variants.person_variants(row, rng):
            yield Variant(kind, tolerance, why, row, Typed("persona", contact, name.given, name.family))
        full = Typed("persona", contact, row.given, row.family)
    else:
        for kind, tolerance, why, text in company_variants.company_variants(row, rng):
            yield Variant(kind, tolerance, why, row, Typed("azienda", contact, company_name=text))
        full = Typed("azienda", contact, company_name=row.company_name)
    for other in row.contacts:
        for kind, tolerance, why, text in contact_variants.contact_variants(other, rng):
            typed = Typed(full.customer_type, text, full.given_name, full.family_name, full.company_name)
            yield Variant(kind, tolerance, why, row, typed)
