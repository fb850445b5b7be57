"""Codes, references and tokens come from the system's random source, with the entropy that the standards ask for."""

from __future__ import annotations

import base64
import math
from collections import Counter

import pytest

from areaclienti import crypto


def test_a_code_is_drawn_from_the_systems_source_among_a_million(monkeypatch: pytest.MonkeyPatch) -> None:  # 6.5.3
    asked: list[int] = []

    def draw(below: int) -> int:
        asked.append(below)
        return 42

    monkeypatch.setattr(crypto.secrets, "randbelow", draw)
    assert crypto.new_code() == "000042"
    assert asked == [10**6]
    assert math.log2(asked[0]) > 19.9  # ASVS 6.5.4: six digits


def test_every_digit_is_as_frequent_at_every_place_of_a_code() -> None:
    drawn = [crypto.new_code() for _ in range(40_000)]
    deviation = math.sqrt(len(drawn) * 0.1 * 0.9)
    for place in range(6):
        counts = Counter(code[place] for code in drawn)
        assert all(abs(counts[digit] - len(drawn) / 10) < 6 * deviation for digit in "0123456789")


@pytest.mark.parametrize(("made", "least_bits"), [(crypto.new_token, 256), (lambda: crypto.new_id("x")[2:], 128)])
def test_tokens_and_ids_are_random_and_never_the_same(made: object, least_bits: int) -> None:  # ASVS 7.2.3
    assert callable(made)
    drawn = {made() for _ in range(5_000)}
    assert len(drawn) == 5_000
    assert {len(base64.urlsafe_b64decode(f"{token}==")) * 8 for token in drawn} == {least_bits}


def test_tokens_and_ids_come_from_the_systems_source(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def draw(number: int) -> str:
        asked.append(number)
        return "drawn"

    monkeypatch.setattr(crypto.secrets, "token_urlsafe", draw)
    assert (crypto.new_token(), crypto.new_id("ses")) == ("drawn", "ses_drawn")
    assert [number * 8 for number in asked] == [256, 128]
