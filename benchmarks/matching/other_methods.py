"""Other ways to compare names, as one would take them from a library, to measure the product's own against."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cleanco import basename
from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.fuzz import token_set_ratio
from rapidfuzz.utils import default_process

from benchmarks.matching.rows import Company, Person, Typed

# Takes the typed name and the one on file, each as one text; contact and type are compared before, exactly.
Compare = Callable[[str, str], bool]


def names(typed: Typed, row: Person | Company) -> tuple[str, str]:
    """Both names, each as one text in the registry's order."""
    if isinstance(row, Person):
        return f"{typed.given_name} {typed.family_name}", f"{row.given_name} {row.family_name}"
    return typed.company_name, row.company_name


def _casefold(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def _one_edit(one: str, other: str) -> bool:
    return OSA.distance(one.strip().casefold(), other.strip().casefold(), score_cutoff=1) <= 1


def _jaro_winkler(one: str, other: str) -> bool:
    return JaroWinkler.similarity(one, other, processor=default_process) >= 0.92


def _token_set(one: str, other: str) -> bool:
    return token_set_ratio(one, other, processor=default_process) >= 90


def _cleanco(one: str, other: str) -> bool:
    left, right = basename(one.strip()).casefold(), basename(other.strip()).casefold()
    return bool(left) and left == right


FOR_PERSONS: Mapping[str, Compare] = {
    "casefold": _casefold,
    "one edit": _one_edit,
    "Jaro-Winkler ≥ .92": _jaro_winkler,
    "token_set ≥ 90": _token_set,
}
FOR_COMPANIES: Mapping[str, Compare] = {**FOR_PERSONS, "cleanco": _cleanco}
