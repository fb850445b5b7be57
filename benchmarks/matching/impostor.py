"""What an impostor is, and what its kinds have in common."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from benchmarks.matching.contact_variants import any_contact
from benchmarks.matching.rows import Company, Person, Typed
from benchmarks.matching.words import words


@dataclass(frozen=True, slots=True)
class Impostor:
    """Somebody who is not the customer of `row` typed this.

    `must_refuse`: a matcher that takes him for the customer has a false accept. It is false for the kinds that no
    comparison of names can tell apart (`AMBIGUOUS`); they are here to be counted, and noted as a limit.
    `refused_with_tax_code`: still to be refused where the exact tax code of `row` was given as well; false where the
    names are close enough to be the customer's own typing error, or where the name is the customer's.
    """

    kind: str
    must_refuse: bool
    refused_with_tax_code: bool
    why: str
    row: Person | Company
    typed: Typed


class Claim(NamedTuple):
    """What a kind makes: the customer, what was typed, whether both names fold together, whether they are far apart."""

    row: Person | Company
    typed: Typed
    folds: bool = False
    far: bool = False


def contact_of(row: Person | Company, rng: random.Random) -> str:
    """A contact of the row, in three of ten cases written in one of the ways that must be understood."""
    contact = rng.choice(row.contacts)
    return any_contact(contact, rng) if rng.random() < 0.3 else contact


def near_contact(contact: str, rng: random.Random) -> str:
    """Another contact at one letter or digit, valid as well, that nobody's registry makes equal to it."""
    if "@" not in contact:
        at = rng.randrange(6, len(contact))
        return contact[:at] + rng.choice([digit for digit in "0123456789" if digit != contact[at]]) + contact[at + 1 :]
    local, domain = contact.split("@")
    at = rng.randrange(1, len(local))
    changed: list[Callable[[], str]] = [
        lambda: local[:at] + rng.choice("abeinorst") + local[at:],
        lambda: local + rng.choice("0123456789"),
        lambda: local.replace(".", "") if "." in local else f"{local[:at].rstrip('_')}.{local[at:].lstrip('_')}",
        lambda: f"{local}+polizze",
    ]
    if rng.random() < 0.3:
        name, _, top = domain.rpartition(".")
        return f"{local}@{name}.{'com' if top == 'it' else 'it'}"
    return f"{rng.choice(changed)()}@{domain}"


def homoglyph(text: str, rng: random.Random) -> str | None:
    """The text with one to three letters of another script that look the same; None where none has a look-alike."""
    table = words("signs")["homoglyphs"]
    places = [at for at, c in enumerate(text) if c in table]
    if not places:
        return None
    letters = list(text)
    for at in rng.sample(places, min(len(places), rng.randint(1, 3))):
        letters[at] = table[letters[at]]
    return "".join(letters)
