"""Shapes of the generated data: a registry's customers, and what somebody typed in the chat."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

Gender = Literal["M", "F"]


@dataclass(frozen=True, slots=True)
class Person:
    """A private customer: `given_name` and `family_name` as the registry holds them, `given` and `family` as he does.

    `spelling` is one of `registry_spelling.SPELLINGS`. Contacts are canonical: an e-mail address in lower case, or a
    mobile in E.164.
    """

    number: str
    given_name: str
    family_name: str
    given: str
    family: str
    gender: Gender
    born: date
    country: str
    codice_fiscale: str
    contacts: tuple[str, ...]
    household: str
    spelling: str


@dataclass(frozen=True, slots=True)
class Company:
    """A business customer: `company_name` as the registry holds it, and the parts that it was made of.

    `core` is the name without legal form, `form` a key of `companies.yml`, `partners` such as `di Rossi Mario & C.`,
    `note` such as `unipersonale`. `form_on_file` is false where the registry leaves the legal form out.
    """

    number: str
    company_name: str
    core: str
    form: str
    partners: str
    note: str
    form_on_file: bool
    partita_iva: str
    contacts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form kept of somebody's messages: two names for a persona, one for an azienda, a contact."""

    customer_type: Literal["persona", "azienda"]
    contact: str
    given_name: str = ""
    family_name: str = ""
    company_name: str = ""
