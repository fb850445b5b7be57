"""Impostors: each kind occurs, and who must be refused is somebody else by name, contact or customer type."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from itertools import islice

import pytest

from benchmarks.matching.impostor import Impostor
from benchmarks.matching.impostors import AMBIGUOUS, KINDS, pairs
from benchmarks.matching.rows import Company, Person, Typed
from benchmarks.matching.spelling import fold_together, letters
from benchmarks.matching.tolerance import MUST
from benchmarks.matching.variants import variants

_OTHER_CONTACT = {
    "same_name_other_contact",
    "same_name_near_contact",
    "same_company_other_contact",
    "same_company_near_contact",
}
_OWN_NAME = {*_OTHER_CONTACT, "person_as_company", "company_as_person", "homoglyph", "homoglyph_company"}


@pytest.fixture(scope="module")
def sample() -> list[Impostor]:
    return list(pairs(9_000, seed=21))


def _canonical(contact: str) -> str:
    text = unicodedata.normalize("NFKC", contact).strip()
    if "@" in text:
        return text.lower()
    return "+39" + re.sub(r"\D", "", text)[-10:]


def _written(typed: Typed) -> tuple[str, ...]:
    return tuple(sorted(letters(name) for name in (typed.given_name, typed.family_name, typed.company_name)))


def test_the_same_seed_gives_the_same_pairs_and_another_seed_others() -> None:
    assert list(pairs(200, 4)) == list(pairs(200, 4)) != list(pairs(200, 5))


def test_pairs_are_made_as_they_are_asked_for() -> None:
    assert list(islice(pairs(10**9, 4), 20)) == list(pairs(20, 4))


def test_every_kind_occurs_often_enough_to_be_measured(sample: list[Impostor]) -> None:
    counts = Counter(impostor.kind for impostor in sample)
    assert set(counts) == set(KINDS)
    assert min(counts.values()) > 25
    assert sum(impostor.must_refuse for impostor in sample) > 0.9 * len(sample)


def test_only_kinds_that_names_cannot_tell_apart_may_be_accepted(sample: list[Impostor]) -> None:
    assert all(impostor.must_refuse == (impostor.kind not in AMBIGUOUS) for impostor in sample)
    assert all(impostor.must_refuse for impostor in sample if impostor.refused_with_tax_code)


def test_a_person_to_be_refused_for_his_name_has_other_letters_in_it(sample: list[Impostor]) -> None:
    for impostor in sample:
        row, typed = impostor.row, impostor.typed
        if impostor.must_refuse and impostor.kind not in _OWN_NAME and isinstance(row, Person):
            assert not fold_together((row.given, row.family), (typed.given_name, typed.family_name)), impostor


def test_a_company_to_be_refused_for_its_name_has_another_name_or_form(sample: list[Impostor]) -> None:
    for impostor in sample:
        row = impostor.row
        if impostor.must_refuse and impostor.kind not in _OWN_NAME and isinstance(row, Company):
            written = letters(impostor.typed.company_name)
            assert written not in (letters(row.company_name), letters(row.core + row.partners)), impostor


def test_the_contact_is_the_customers_unless_the_kind_says_otherwise(sample: list[Impostor]) -> None:
    for impostor in sample:
        own = _canonical(impostor.typed.contact) in impostor.row.contacts
        assert own == (impostor.kind not in _OTHER_CONTACT), impostor


def test_the_customer_type_is_the_rows_unless_the_kind_says_otherwise(sample: list[Impostor]) -> None:
    crossed = {"person_as_company", "company_as_person"}
    for impostor in sample:
        same = impostor.typed.customer_type == ("persona" if isinstance(impostor.row, Person) else "azienda")
        assert same == (impostor.kind not in crossed)


def test_nothing_that_must_be_refused_is_what_the_customer_himself_may_write(sample: list[Impostor]) -> None:
    for impostor in sample[:1200]:
        if impostor.must_refuse and impostor.kind not in _OTHER_CONTACT | {"person_as_company", "company_as_person"}:
            assert _written(impostor.typed) not in {
                _written(variant.typed) for variant in variants(impostor.row, 1) if variant.tolerance == MUST
            }, impostor


def test_homoglyphs_look_the_same_and_are_of_another_script(sample: list[Impostor]) -> None:
    for impostor in sample:
        if impostor.kind.startswith("homoglyph"):
            typed = impostor.typed
            text = typed.company_name or typed.given_name + typed.family_name
            assert any(unicodedata.name(c).split()[0] in ("CYRILLIC", "GREEK", "ARMENIAN") for c in text)


def test_folding_names_are_set_aside_wherever_they_come_from(sample: list[Impostor]) -> None:
    for impostor in sample:
        row, typed = impostor.row, impostor.typed
        if impostor.kind == "same_when_folded":
            assert isinstance(row, Person)
            assert fold_together((row.given, row.family), (typed.given_name, typed.family_name))


def test_who_is_refused_even_with_the_tax_code_is_no_near_name(sample: list[Impostor]) -> None:
    near = {"gender_pair", "second_name_more_or_less", "same_name_other_contact", "homoglyph", "initial_only"}
    assert not any(impostor.refused_with_tax_code for impostor in sample if impostor.kind in near)
    far = [impostor for impostor in sample if impostor.kind == "household_other_given"]
    assert sum(impostor.refused_with_tax_code for impostor in far) > 0.8 * len(far)
