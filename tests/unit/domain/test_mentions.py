"""A contact is found however it was written, and no other contact is taken for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from areaclienti.domain.contacts import parse_contact
from areaclienti.domain.mentions import Mentions

MARIO = Mentions([parse_contact("Mario.Rossi@libero.it"), parse_contact("320 1234600")])


@pytest.mark.parametrize(
    "text",
    [
        "mario.rossi@libero.it",
        "MARIO.ROSSI@LIBERO.IT",
        "la mia mail è mario.rossi@libero.it.",
        "(mario.rossi@libero.it), grazie",
        "mario.rossi @ libero.it",
        "mario punto rossi chiocciola libero punto it",
        "scrivetemi a mario punto rossi chiocciola libero punto it",
        "mario.rossi at libero.it",
        '{"contact": "Mario.Rossi@libero.it"}',
        "3201234600",
        "320 123 46 00",
        "320-1234600",
        "+39 320 1234600",
        "0039 320.123.4600",
        "393201234600",
        "il mio numero è 320 1234600, chiamatemi",
        "320 1234600 02 5551234",
        "nato nel 1980 3201234600",
        "tre due zero uno due tre quattro sei zero zero",
        "trecentoventi centoventitre quarantasei zero zero",
    ],
)
def test_it_is_found(text: str) -> None:
    assert MARIO(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ciao",
        "quanto costa la polizza?",
        "dimario.rossi@libero.it",
        "a.mario.rossi@libero.it",
        "mario.rossi@libero.it.example",
        "mario.rossi@libero.italia",
        "mario-rossi@libero.it",
        "mariorossi@libero.it",
        "rossi@libero.it",
        "13201234600",
        "32012346001",
        "320 1234601",
        "+41 320 123 460",
        "320 ****600",
        "mar*****@li**.it",
    ],
)
def test_others_are_not(text: str) -> None:
    assert not MARIO(text)


def test_without_contacts_nothing_is_found() -> None:
    assert not Mentions([])("mario.rossi@libero.it 320 1234600")


@given(
    digits=st.from_regex(r"[0-9]{7}", fullmatch=True),
    gaps=st.lists(st.sampled_from(["", " ", "-", ".", " - ", "/"]), min_size=9, max_size=9),
    prefix=st.sampled_from(["", "+39", "+39 ", "0039 ", "39"]),
)
def test_a_number_is_found_with_any_blanks_and_any_prefix(digits: str, gaps: list[str], prefix: str) -> None:
    number = f"320{digits}"
    spread = "".join(digit + gap for digit, gap in zip(number, [*gaps, ""], strict=True))
    assert Mentions([parse_contact(number)])(f"ecco: {prefix}{spread} ok")
