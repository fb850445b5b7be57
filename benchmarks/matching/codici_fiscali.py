"""Codici fiscali of invented people: valid, and of their own name, gender, birth date and place."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache, lru_cache

from codicefiscale import codicefiscale

from benchmarks.matching.rows import Gender

# codicefiscale.encode looks the place up and decodes what it made, 4 ms a code: too slow for a million customers.


@lru_cache(maxsize=65536)
def _surname_code(family: str) -> str:
    return str(codicefiscale.encode_lastname(family))


@lru_cache(maxsize=65536)
def _name_code(given: str) -> str:
    return str(codicefiscale.encode_firstname(given))


@cache
def _date_code(born: date, gender: Gender) -> str:
    return str(codicefiscale.encode_birthdate(datetime(born.year, born.month, born.day), gender))


def codice_fiscale(given: str, family: str, gender: Gender, born: date, place: str) -> str:
    """The 16 characters; `place` is a place code such as H501."""
    base = _surname_code(family) + _name_code(given) + _date_code(born, gender) + place
    return base + str(codicefiscale.encode_cin(base))
