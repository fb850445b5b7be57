"""The password rule: the manual's four conditions, a length limit, the common ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from areaclienti.domain.passwords import (
    MAX_LENGTH,
    RULES,
    _most_used,
    composition_faults,
    failed_rules,
    personal_words,
)


@pytest.mark.parametrize(
    ("password", "rules"),
    [
        ("Tramonto7Sasso", []),
        ("Xk9pL2mQ", []),
        ("Gatto-Lampada9", []),
        ("tr0ub4dor&3", ["uppercase"]),
        ("Tr0ub4d", ["min_length"]),
        ("", ["min_length", "uppercase", "lowercase", "digit"]),
        ("TRAMONTO7SASSO", ["lowercase"]),
        ("TramontoSasso", ["digit"]),
        ("Tramonto²Sasso", ["digit"]),
        ("Àbcxyz-è-9", []),
        ("Ab3" + "xyzw" * 40, ["too_long"]),
        ("password", ["uppercase", "digit", "too_common"]),
    ],
)
def test_the_rules_that_a_password_breaks_are_listed_in_order(password: str, rules: list[str]) -> None:
    assert failed_rules(password) == rules


@pytest.mark.parametrize(
    "password",
    [
        "Password1",
        "P4ssw0rd",
        "Passw0rd!",
        "Alleanza2026",
        "AreaClienti1",
        "Juventus1897",
        "Forzanapoli1",
        "Francesca85",
        "Mariorossi1",
        "Tiamoamore1",
        "Ciao1Ciao",
        "Qwerty123",
        "1Qaz2wsx",
        "12345678Aa",
        "Aa111111",
        "Benvenuto1!",
        "Ferragosto2026",
    ],
)
def test_what_everybody_tries_first_is_too_common(password: str) -> None:
    assert failed_rules(password) == ["too_common"]


@given(st.text(max_size=200))
def test_the_verdict_follows_the_manual_for_any_text(password: str) -> None:
    broken = failed_rules(password)
    assert broken == [rule for rule in RULES if rule in broken]
    assert ("min_length" in broken) == (len(password) < 8)
    assert ("too_long" in broken) == (len(password) > MAX_LENGTH)
    assert ("digit" in broken) == (not set(password) & set("0123456789"))
    assert ("uppercase" in broken) == (not any(char.isupper() for char in password))


@given(
    st.sampled_from(["password", "juventus", "amoremio", "francesca"]),
    st.integers(0, 9999),
    st.sampled_from(["", "!", ".", "?!"]),
)
def test_digits_and_signs_around_a_common_word_dont_make_it_rare(word: str, number: int, sign: str) -> None:
    assert "too_common" in failed_rules(f"{word.capitalize()}{number}{sign}")


def test_the_thousands_of_most_used_passwords_are_refused_however_their_case_is_made_to_fit() -> None:
    fitting = [found for word in _most_used() if not composition_faults(found := word.capitalize())]
    assert len(fitting) > 3500  # with a digit of their own
    assert [found for found in fitting if "too_common" not in failed_rules(found)] == []
    with_a_digit = [f"{word.capitalize()}1" for word in _most_used() if len(word) > 6 and word.isalpha()]
    assert len(with_a_digit) > 5000
    assert [found for found in with_a_digit if "too_common" not in failed_rules(found)] == []


@given(st.text("abcdefghijkmnpqrstuvwxyz", min_size=7, max_size=7), st.integers(2, 9))
def test_what_nobody_chooses_is_not_refused(letters: str, digit: int) -> None:
    # Broken up by digits that stand for no letter, so that no run is a word.
    password = f"X{letters[:2]}{digit}{letters[2:4]}-{digit}{letters[4:]}w"
    if len(set(letters)) > 4 and digit in (2, 6, 9):
        assert failed_rules(password) == []


PERSONAL = personal_words(["Maria Grazia", "De Vries"], ["vries.mg77@posta.example", "+393331234567"])


@pytest.mark.parametrize(
    "password",
    [
        "Devries1",
        "MariagraziaDevries9",
        "DeVries-MariaGrazia2",
        "Grazia.Vries3",
        "D3Vri3s!",
        "Vries.mg77",
        "Vriesmg1977",
        "Mg3331234567",
        "VriesVries12",
    ],
)
def test_ones_own_name_and_contacts_are_too_personal(password: str) -> None:
    assert failed_rules(password, PERSONAL) == ["too_personal"]
    assert failed_rules(password) == []


@pytest.mark.parametrize("password", ["Tramonto9Giallo", "Provries7Kk", "Deviazione-44x", "Ag5551234567"])
def test_what_only_resembles_them_is_not(password: str) -> None:
    assert failed_rules(password, PERSONAL) == []
