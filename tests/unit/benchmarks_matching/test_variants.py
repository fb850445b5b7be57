"""Variants: each kind occurs, is labelled, and writes the customer's own name or contact and nobody else's."""

from __future__ import annotations

import unicodedata
from collections import Counter

import pytest

from benchmarks.matching import company_variants, contact_variants, person_variants
from benchmarks.matching.population import companies, persons
from benchmarks.matching.rows import Company, Person
from benchmarks.matching.spelling import letters
from benchmarks.matching.tolerance import BEHIND_TAX_CODE, MUST
from benchmarks.matching.typing_errors import edits
from benchmarks.matching.variants import Variant, variants

# Kinds that write more than the letters of the name, or letters for others.
_MORE_LETTERS = {"title", "labelled", "usual_letters"}


@pytest.fixture(scope="module")
def of_people() -> list[Variant]:
    return [variant for person in persons(2500, seed=7) for variant in variants(person, seed=7)]


@pytest.fixture(scope="module")
def of_firms() -> list[Variant]:
    return [variant for firm in companies(1200, seed=7) for variant in variants(firm, seed=7)]


def _words(*parts: str) -> list[str]:
    return sorted(letters(part) for part in parts)


def test_the_same_seed_gives_the_same_variants_and_another_seed_others() -> None:
    person, firm = next(persons(1, 3)), next(companies(1, 3))
    for row in (person, firm):
        assert list(variants(row, 1)) == list(variants(row, 1)) != list(variants(row, 2))


def test_every_kind_occurs_with_its_tolerance(of_people: list[Variant], of_firms: list[Variant]) -> None:
    extra = {"as_on_file", "as_the_customer", "combined"}
    kinds = {variant.kind for variant in of_people}
    assert kinds == set(person_variants.KINDS) | set(contact_variants.KINDS) | extra | {person_variants.UMLAUT}
    kinds = {variant.kind for variant in of_firms}
    assert kinds == set(company_variants.KINDS) | set(contact_variants.KINDS) | extra | {company_variants.FORM_ADDED}
    for sample, table in ((of_people, person_variants.KINDS), (of_firms, company_variants.KINDS)):
        for variant in sample:
            assert variant.why
            if variant.kind in table:
                assert variant.tolerance == table[variant.kind][0]


def test_no_variant_repeats_the_name_that_it_varies(of_people: list[Variant]) -> None:
    for variant in of_people:
        row = variant.row
        assert isinstance(row, Person)
        if variant.kind in person_variants.KINDS:
            assert (variant.typed.given_name, variant.typed.family_name) != (row.given, row.family)


def test_what_must_be_accepted_has_the_letters_of_the_name(of_people: list[Variant]) -> None:
    for variant in of_people:
        row, typed = variant.row, variant.typed
        assert isinstance(row, Person)
        if variant.tolerance == MUST and variant.kind not in _MORE_LETTERS | {"as_on_file"}:
            assert _words(typed.given_name, typed.family_name) == _words(row.given, row.family), variant


def test_a_title_or_label_stands_before_the_whole_name(of_people: list[Variant]) -> None:
    for variant in of_people:
        if variant.kind in ("title", "labelled"):
            assert isinstance(variant.row, Person)
            assert variant.typed.given_name.endswith(variant.row.given)
            assert variant.typed.family_name.endswith(variant.row.family)


def test_typing_errors_are_one_or_two_edits(of_people: list[Variant]) -> None:
    counted = Counter()
    for variant in of_people:
        row = variant.row
        if variant.tolerance == BEHIND_TAX_CODE and "typing" in variant.kind:
            assert isinstance(row, Person)
            typed = (variant.typed.given_name, variant.typed.family_name)
            counted[variant.kind, edits(typed, (row.given, row.family))] += 1
    assert set(counted) == {("one_typing_error", 1), ("two_typing_errors", 2)}


def test_an_umlaut_is_never_demanded_in_another_plain_spelling_than_on_file(of_people: list[Variant]) -> None:
    wanted = {"upper_plain": {"MULLER"}, "passport": {"MUELLER"}}
    seen = set()
    for variant in of_people:
        row = variant.row
        assert isinstance(row, Person)
        if row.family == "Müller" and variant.tolerance == MUST and row.spelling in wanted:
            for field in (variant.typed.given_name, variant.typed.family_name):
                plain = letters(field)
                if plain == "mueller":
                    seen.add(row.spelling)
                    assert row.spelling != "upper_plain"
                # The letter itself is written ü, or not at all where the file has u.
                if plain == "muller" and not any(c in unicodedata.normalize("NFC", field) for c in "üÜ"):
                    assert row.spelling != "passport", variant


def test_contacts_stay_the_contact(of_people: list[Variant]) -> None:
    for variant in of_people:
        typed = variant.typed.contact
        if variant.kind in contact_variants.MOBILE and "dictated" not in variant.kind:
            digits = "".join(c for c in unicodedata.normalize("NFKC", typed) if c.isdigit())
            assert any(digits[-10:] == contact[-10:] for contact in variant.row.contacts), typed
        elif variant.kind in contact_variants.EMAIL and variant.tolerance == MUST:
            assert typed.strip().lower() in variant.row.contacts
        elif variant.kind not in contact_variants.KINDS:
            assert typed in variant.row.contacts


def test_a_company_keeps_the_letters_of_its_core(of_firms: list[Variant]) -> None:
    rewritten = {"ampersand", "brothers", "trader_order", "and_company_missing", "and_company_spelling", "combined"}
    for variant in of_firms:
        row = variant.row
        assert isinstance(row, Company)
        if variant.tolerance == MUST and variant.kind not in rewritten:
            assert letters(row.core) in letters(variant.typed.company_name), variant


def test_a_form_left_out_is_not_there_and_a_form_in_full_is(of_firms: list[Variant]) -> None:
    for variant in of_firms:
        row, written = variant.row, letters(variant.typed.company_name)
        assert isinstance(row, Company)
        if variant.kind == "form_missing":
            assert written == letters(row.core + row.partners)
        if variant.kind in ("form_in_full", "form_in_full_apostrophes") and row.form == "srl":
            assert "societaaresponsabilitalimitata" in written
