"""The generated registries: the same by seed, valid, and with every kind of name, household and legal form."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice

import phonenumbers
import pytest
from codicefiscale import codicefiscale
from stdnum.it import iva

from benchmarks.matching.population import companies, persons
from benchmarks.matching.registry_spelling import SPELLINGS, joined_particle, registry_spelling
from benchmarks.matching.rows import Company, Person
from benchmarks.matching.words import words


@pytest.fixture(scope="module")
def people() -> list[Person]:
    return list(persons(6000, seed=11))


@pytest.fixture(scope="module")
def firms() -> list[Company]:
    return list(companies(3000, seed=11))


def test_the_same_seed_gives_the_same_rows_and_another_seed_others() -> None:
    assert list(persons(300, 5)) == list(persons(300, 5)) != list(persons(300, 6))
    assert list(companies(300, 5)) == list(companies(300, 5)) != list(companies(300, 6))


def test_a_longer_run_begins_as_a_shorter_one() -> None:
    assert list(islice(persons(10**9, 5), 50)) == list(persons(50, 5))


def test_codici_fiscali_are_valid_and_belong_to_gender_and_birth_date(people: list[Person]) -> None:
    for person in people[:400]:
        decoded = codicefiscale.decode(person.codice_fiscale)
        assert decoded["gender"] == person.gender
        assert decoded["birthdate"].strftime("%m%d") == person.born.strftime("%m%d")
        assert codicefiscale.encode_lastname(person.family.split(" in ")[0]) == person.codice_fiscale[:3]


def test_partite_iva_are_valid(firms: list[Company]) -> None:
    assert all(iva.is_valid(firm.partita_iva) for firm in firms)


def test_contacts_are_canonical(people: list[Person], firms: list[Company]) -> None:
    contacts = {contact for row in [*people, *firms] for contact in row.contacts}
    for contact in contacts:
        if "@" in contact:
            assert re.fullmatch(r"[a-z0-9._]+@[a-z0-9-]+(\.[a-z]+)+", contact), contact
        else:
            number = phonenumbers.parse(contact)
            assert phonenumbers.is_valid_number(number)
            assert phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE
            assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == contact


def test_a_contact_is_shared_within_a_household_and_never_beyond(people: list[Person]) -> None:
    households: dict[str, set[str]] = {}
    for person in people:
        for contact in person.contacts:
            households.setdefault(contact, set()).add(person.household)
    assert all(len(shared) == 1 for shared in households.values())
    uses = Counter(contact for person in people for contact in person.contacts)
    assert sum(count > 1 for count in uses.values()) > 300


def test_common_names_are_common_and_homonyms_exist(people: list[Person]) -> None:
    families = Counter(person.family for person in people)
    rank = [family for family, _ in families.most_common()]
    assert rank.index("Rossi") < 10
    assert families["Rossi"] > 5 * families["Corda"] > 0
    assert any(count > 1 for count in Counter((person.given, person.family) for person in people).values())


def test_names_of_every_kind_are_there(people: list[Person]) -> None:
    families, givens = {person.family for person in people}, {person.given for person in people}
    assert any(re.match(r"D[ei] ", family) for family in families)
    assert any("'" in family for family in families)
    assert any(re.search("[àèéìòù]$", name) for name in families)
    assert any("-" in family for family in families)
    married = [person for person in people if " in " in person.family]
    assert married and all(person.gender == "F" for person in married)
    assert {"Maria Grazia", "Mariagrazia", "Nicolò"} <= givens
    assert {person.country for person in people} == {group["country"] for group in words("foreign")} | {"italy"}
    assert {person.spelling for person in people} == set(SPELLINGS)


@pytest.mark.parametrize(
    ("spelling", "name", "on_file"),
    [
        ("upper", "Nicolò", "NICOLÒ"),
        ("upper_apostrophes", "Nicolò", "NICOLO'"),
        ("upper_plain", "D'Angelò", "D'ANGELO"),
        ("joined", "De Luca", "DELUCA"),
        ("joined", "Dall'Acqua", "DALLACQUA"),
        ("joined", "Abd El Rahman", "ABD EL RAHMAN"),
        ("passport", "Müller", "MUELLER"),
        ("title_plain", "Wałęsa", "Walesa"),
    ],
)
def test_registries_spell_names_as_they_do(spelling: str, name: str, on_file: str) -> None:
    assert registry_spelling(name, spelling) == on_file


def test_a_name_without_a_particle_is_joined_with_nothing() -> None:
    assert [joined_particle(name) for name in ("Rossi", "Dente", "Rossi Bianchi")] == [
        "Rossi",
        "Dente",
        "Rossi Bianchi",
    ]


def test_companies_have_all_legal_forms_in_all_writings(firms: list[Company]) -> None:
    assert {firm.form for firm in firms} == set(words("companies")["forms"])
    names = " | ".join(firm.company_name for firm in firms)
    for writing in (
        "S.R.L.",
        " SRL",
        "SOCIETA' A RESPONSABILITA' LIMITATA",
        " & C. S.A.S.",
        "S.N.C. DI ",
        "UNIPERSONALE",
        "SOC. COOP.",
        "F.LLI ",
        "DITTA ",
        "A.S.D.",
        "STUDIO ",
    ):
        assert writing in names, writing
    assert any(not firm.form_on_file for firm in firms)
