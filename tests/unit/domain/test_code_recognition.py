"""Verification codes in what people type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from areaclienti.domain.codes import looks_like_code


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("012345", "012345"),
        (" 123 456 ", "123456"),
        ("123-456", "123456"),
        ("1 2 3 4 5 6", "123456"),
        ("１２３４５６", "123456"),
        ("il codice è 123456, grazie", "123456"),
        ("codice:123456.", "123456"),
        ("123456!", "123456"),
        ("12345", None),
        ("1234567", None),
        ("123.456", None),
        ("123456,00", None),
        ("123456 o 654321", None),
        ("123456 del 12", None),
        ("AB123456", None),
        ("123456x", None),
        ("+123456", None),
        ("333 1234567", None),
        ("١٢٣٤٥٦", None),
        ("", None),
    ],
)
def test_a_code_is_told_from_other_numbers(typed: str, code: str | None) -> None:
    assert looks_like_code(typed) == code


@given(
    st.from_regex(r"[0-9]{6}", fullmatch=True),
    st.lists(st.sampled_from(["", " ", "-", "\u00a0"]), min_size=5, max_size=5),
)
def test_blanks_and_dashes_never_change_the_code(digits: str, gaps: list[str]) -> None:
    assert (
        looks_like_code(digits[0] + "".join(gap + digit for gap, digit in zip(gaps, digits[1:], strict=True))) == digits
    )


@given(st.text(max_size=60))
def test_no_text_breaks_the_recogniser(text: str) -> None:
    code = looks_like_code(text)
    assert code is None or (len(code) == 6 and code.isascii() and code.isdigit() and looks_like_code(code) == code)
