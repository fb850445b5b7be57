"""Masks: the manual's examples, fixed widths, and a limit to what they reveal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from areaclienti.domain.contacts import parse_contact
from areaclienti.domain.masking import mask_contact, mask_email, mask_mobile, mask_name, mask_own_mobile


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("michele.verdi@gmail.com", "mic*****@gm**.com"),  # manual 3c
        ("18rossi@msn.com", "18r*****@m**.com"),
        ("18anna@mac.com", "18*****@m**.com"),
        ("ab@me.com", "*****@**.com"),
        ("a@pec.azienda.it", "*****@pe**.it"),
        ("mariorossi@gmail.com", "mar*****@gm**.com"),
        ("", "*****@**"),
    ],
)
def test_an_address_is_masked_as_in_the_manual(address: str, masked: str) -> None:
    assert mask_email(address) == masked


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("+393201234600", "320 ****600"),  # manual 4c
        ("+39320123450", "320 ****450"),
        ("+447911123456", "*** ****456"),
        ("+39", "*** *******"),
        ("", "*** *******"),
    ],
)
def test_a_mobile_is_masked_as_in_the_manual(number: str, masked: str) -> None:
    assert mask_mobile(number) == masked


def test_the_kind_chooses_the_mask() -> None:
    assert mask_contact(parse_contact("3201234600")) == "320 ****600"
    assert mask_contact(parse_contact("michele.verdi@gmail.com")) == "mic*****@gm**.com"


@given(st.from_regex(r"[a-z0-9.]{1,30}@[a-z0-9]{1,20}\.(it|com)", fullmatch=True))
def test_a_masked_address_reveals_five_characters_at_most_and_never_more_than_half(address: str) -> None:
    local, domain = address.split("@")
    masked_local, masked_domain = mask_email(address).split("@")
    shown_local, shown_domain = masked_local.removesuffix("*****"), masked_domain.split("**")[0]
    assert local.startswith(shown_local)
    assert domain.startswith(shown_domain)
    assert len(shown_local) <= min(3, len(local) / 2)
    assert len(shown_domain) <= min(2, len(domain.rpartition(".")[0]) / 2)


@given(st.from_regex(r"[a-z0-9]{7,40}@[a-z]{5,30}\.it", fullmatch=True))
def test_the_width_of_a_mask_does_not_tell_the_length(address: str) -> None:
    assert len(mask_email(address)) == len("mic*****@gm**.it")


@given(st.text(max_size=40))
def test_no_text_breaks_a_mask_and_a_number_shows_six_digits_at_most(text: str) -> None:
    mask_email(text)
    masked = mask_mobile(text)
    assert len(masked) == len("320 ****600")
    assert sum(char.isdigit() for char in masked) <= 6


def test_ones_own_mobile_is_known_by_its_last_four_digits() -> None:
    assert mask_own_mobile("+393331234567") == "+39 *** *** 4567"
    assert mask_own_mobile("+39333123456") == "+39 *** *** 3456"


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("Anna Bianchi", "A***** B*****"),
        ("D'Amico", "D*****"),
        ("Rossi Impianti Idraulici di Mario Rossi S.r.l.", "R***** I***** I*****"),
        ("", ""),
    ],
)
def test_a_name_shows_its_first_initials(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@given(st.text(max_size=60))
def test_the_mask_of_a_name_tells_no_length_and_three_letters_at_most(name: str) -> None:
    masked = mask_name(name)
    assert len(masked.replace("*", "").split()) <= 3 or "*" in name
    assert all(len(part) == 6 for part in masked.split(" ") if part)
