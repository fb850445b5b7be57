"""The password rule: the manual's four conditions, a length limit, the common ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from areaclienti.domain.passwords import MAX_LENGTH, RULES, failed_rules


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
