"""A dictated contact is written as one would type it; nothing else is changed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from areaclienti.domain.dictation import written

DIGITS = ("zero", "uno", "due", "tre", "quattro", "cinque", "sei", "sette", "otto", "nove")


@pytest.mark.parametrize(
    ("said", "typed"),
    [
        ("mario punto rossi chiocciola libero punto it", "mario.rossi@libero.it"),
        ("anna trattino basso neri chioccola gmail punto com", "anna_neri@gmail.com"),
        ("Carla at tiscali.it", "Carla@tiscali.it"),
        ("trecentotrentatré 12 34 567", "3331234567"),
        ("tre due zero dodici trentaquattro seicento", "3201234600"),
        ("più trentanove tre tre tre uno due tre quattro cinque sei sette", "+393331234567"),
        ("trecentoventotto quarantuno ventidue trentatré zero", "3284122330"),
    ],
)
def test_a_dictated_contact_is_written_in_signs_and_digits(said: str, typed: str) -> None:
    assert written(said) == typed


@pytest.mark.parametrize("text", ["333 1234567", "mario@libero.it", "ho tre polizze e due figli", "ciao", "", "sei"])
def test_anything_else_stays_as_it_is(text: str) -> None:
    assert written(text) == text


@given(st.text(alphabet="0123456789", min_size=3, max_size=13))
def test_digits_said_one_by_one_come_out_in_order(digits: str) -> None:
    assert written(" ".join(DIGITS[int(digit)] for digit in digits)) == digits


@given(st.integers(min_value=21, max_value=99))
def test_a_number_said_whole_equals_its_digits(number: int) -> None:
    tens = ("venti", "trenta", "quaranta", "cinquanta", "sessanta", "settanta", "ottanta", "novanta")[number // 10 - 2]
    unit = number % 10
    said = tens if not unit else (tens[:-1] if unit in {1, 8} else tens) + DIGITS[unit]
    assert written(f"tre tre {said}") == f"33{number}"
