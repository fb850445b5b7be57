"""Tax codes: validity, spellings, and detection in free text. The values are computed, not anybody's."""

from __future__ import annotations

from datetime import date

import pytest
from codicefiscale import codicefiscale
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from areaclienti.domain.taxcodes import TaxCodeRejected, looks_like_tax_code, parse_tax_code

RSSMRA = codicefiscale.encode(
    lastname="Rossi", firstname="Mario", gender="M", birthdate="01/01/1980", birthplace="Roma"
)
OMOCODES = codicefiscale.decode(RSSMRA)["omocodes"]
BIRTH = st.dates(min_value=date(1920, 1, 1), max_value=date(2008, 12, 31))
LETTERS = st.text("ABCDEFGHILMNOPRSTUVZ", min_size=2, max_size=12)


def partita_iva(seed: int) -> str:
    base = f"{seed:07d}058"
    return base + luhn.calc_check_digit(base)


PARTITE_IVA = st.integers(1, 9_999_999).map(partita_iva)


@pytest.mark.parametrize(
    "typed", [RSSMRA, RSSMRA.lower(), f" {RSSMRA[:6]} {RSSMRA[6:11]} {RSSMRA[11:]} ", f"{RSSMRA[:3]}.{RSSMRA[3:]}"]
)
def test_a_codice_fiscale_is_read_in_every_spelling(typed: str) -> None:
    code = parse_tax_code(typed)
    assert (code.kind, code.value) == ("codice_fiscale", RSSMRA)


@pytest.mark.parametrize("omocode", OMOCODES[:20])
def test_an_omocode_is_valid_and_stays_as_it_is(omocode: str) -> None:
    assert parse_tax_code(omocode).value == omocode


@pytest.mark.parametrize(
    "typed", ["MRRSS45P37612P", "", "RSSMRA", "01234567890", "00000000000", "ciao", "x" * 500, "IT"]
)
def test_what_is_no_tax_code_is_rejected(typed: str) -> None:
    with pytest.raises(TaxCodeRejected, match=r"^not_a_tax_code$"):
        parse_tax_code(typed)


def test_one_wrong_character_is_rejected() -> None:
    wrong_check = RSSMRA[:-1] + ("A" if RSSMRA[-1] != "A" else "B")
    with pytest.raises(TaxCodeRejected) as rejected:
        parse_tax_code(wrong_check)
    assert wrong_check not in f"{rejected.value!r}{rejected.value.__cause__!r}"


def test_the_text_of_a_tax_code_object_hides_the_value() -> None:
    code = parse_tax_code(RSSMRA)
    assert RSSMRA not in f"{code} {code!r}"


@given(PARTITE_IVA, st.sampled_from(["", "IT", "it ", "IT-"]))
def test_a_partita_iva_is_read_with_and_without_country(number: str, country: str) -> None:
    code = parse_tax_code(country + number)
    assert (code.kind, code.value) == ("partita_iva", number)


@given(LETTERS, LETTERS, st.sampled_from("MF"), BIRTH, st.sampled_from(["Roma", "Milano", "Napoli", "Trieste"]))
def test_every_code_that_an_independent_encoder_makes_is_valid_and_is_spotted(
    family: str, name: str, gender: str, birth: object, place: str
) -> None:
    value = codicefiscale.encode(lastname=family, firstname=name, gender=gender, birthdate=str(birth), birthplace=place)
    assert parse_tax_code(value).value == value
    assert looks_like_tax_code(f"il mio codice è {value.lower()} grazie")


@given(st.text(max_size=80))
def test_no_text_breaks_the_parser(text: str) -> None:
    looks_like_tax_code(text)
    try:
        code = parse_tax_code(text)
    except TaxCodeRejected:
        return
    assert parse_tax_code(code.value) == code
    assert looks_like_tax_code(code.value)


@pytest.mark.parametrize(
    "typed",
    [
        f"ecco: {RSSMRA}.",
        f"CF:{RSSMRA.lower()}",
        f"{RSSMRA[:3]} {RSSMRA[3:6]} {RSSMRA[6:11]} {RSSMRA[11:]}",
        RSSMRA[:-1] + "?",
        RSSMRA[:-1] + ("A" if RSSMRA[-1] != "A" else "B"),
        "MRRSS45P37612P",  # the manual's own picture of step 2c
        f"p.iva {partita_iva(1234567)}",
        f"IT{partita_iva(1234567)}",
        " ".join(partita_iva(1234567)),
        OMOCODES[-1],
    ],
)
def test_a_tax_code_in_free_text_is_spotted(typed: str) -> None:
    assert looks_like_tax_code(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "Mario Rossi",
        "voglio registrarmi alla mia area clienti",
        "+39 333 1234567",
        "393331234567",
        "3331234567",
        "Officine Ferrara S.r.l.",
        "123456",
        "la polizza 1234567 del 01/01/2020",
        "vlt_0aB9zQ",
        "arrivederci",
        "numero tre due otto nove otto sette sei cinque quattro tre",
    ],
)
def test_other_text_is_no_tax_code(typed: str) -> None:
    assert not looks_like_tax_code(typed)
