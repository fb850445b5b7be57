"""Writes dictated contacts as one would type them: `chiocciola`, `punto`, `tre tre tre`, `trecentotrentatré`."""

from __future__ import annotations

import re
from functools import cache

from areaclienti.domain.wordlists import words

_FEWEST_DIGIT_WORDS = 3  # fewer of them in a sentence count something
_FEWEST_PARTS = 3
# English, and what a keyboard's dictation makes of it: too short a word to be looked for in a sentence.
_AT_ALONE = re.compile(r"\s+(?:at|et)\s+", re.IGNORECASE)
_PLUS = frozenset({"più", "piu"})
_HUNDRED = "cento"


def with_signs(sentence: str) -> str:
    """`mario punto rossi chiocciola gmail punto com` with signs in place of the words.

    Only where exactly one @ is dictated and none is typed; any other sentence as it is.
    """
    (_, at), *_others = _signs()
    return _address(sentence, at) if "@" not in sentence and len(at.findall(sentence)) == 1 else sentence


def with_digits(sentence: str) -> str:
    """`tre tre tre 1 due tre …` with digits for the words, where there are too many of them for a sentence."""
    values, pattern = _digit_words()
    if len(pattern.findall(sentence)) < _FEWEST_DIGIT_WORDS:
        return sentence
    return pattern.sub(lambda found: values[found[0].lower()], sentence)


def written(contact: str) -> str:
    """A text that is a contact and nothing else, in signs and digits; any other text as it is.

    Reads more than can be read in a sentence: `at`, and numbers up to 999 (`trecentotrentatré dodici`).
    """
    if "@" not in contact and _AT_ALONE.search(contact):
        return _address(contact, _AT_ALONE)
    signed = with_signs(contact)
    return _number(contact) if signed == contact else signed


def _address(text: str, at: re.Pattern[str]) -> str:
    text = at.sub("@", text, count=1)
    for sign, spoken in _signs()[1:]:
        text = spoken.sub(sign, text)
    return text


@cache
def _signs() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Signs and how they are said, the @ first."""
    pairs = (line.split(" = ") for line in words("dictated_signs"))
    return tuple((sign, _spoken(tuple(one.strip() for one in spellings.split("|")))) for sign, spellings in pairs)


def _spoken(spellings: tuple[str, ...]) -> re.Pattern[str]:
    """A word with blanks around it, or a sign in brackets with or without."""
    alternatives = (
        rf"\s*{re.escape(one)}\s*" if one.startswith(("(", "[")) else rf"\s+{re.escape(one)}\s+" for one in spellings
    )
    return re.compile("|".join(alternatives), re.IGNORECASE)


@cache
def _digit_words() -> tuple[dict[str, str], re.Pattern[str]]:
    values = {word: digit for digit, word in (line.split(" = ") for line in words("dictated_digits"))}
    return values, re.compile(rf"\b(?:{'|'.join(values)})\b", re.IGNORECASE)


def _number(text: str) -> str:
    parts = re.findall(r"[^\W\d_]+|\d+|[^\w\s]", text.lower())
    digits = [_digits(part) for part in parts]
    spoken = [found for part, found in zip(parts, digits, strict=True) if part.isalpha()]
    if None in spoken or not spoken or len(parts) < _FEWEST_PARTS:
        return text
    plus = "+" if parts[0] in {*_PLUS, "+"} else ""
    return plus + "".join(found or "" for found in digits)


def _digits(part: str) -> str | None:
    """The digits of one spoken number below a thousand; None for another word."""
    if part.isdigit():
        return part
    if part in _PLUS:
        return ""
    plain = part.replace("é", "e")
    digits, _ = _digit_words()
    hundreds, found, rest = plain.partition(_HUNDRED)
    if found and (not hundreds or hundreds in digits):
        below = _digits(rest) if rest else "00"
        return None if below is None else digits.get(hundreds, "1") + below.rjust(2, "0")
    return digits.get(plain) or _below_hundred().get(plain)


@cache
def _below_hundred() -> dict[str, str]:
    """All spoken numbers from 10 to 99: `ventuno` and `ventotto` drop the vowel that the other tens keep."""
    digits, _ = _digit_words()
    numbers = {word: number for number, word in (line.split(" = ") for line in words("dictated_numbers"))}
    tens = {word: number[0] for word, number in numbers.items() if number.endswith("0") and number != "10"}
    joined = {
        stem + unit: ten + digit
        for word, ten in tens.items()
        for stem in (word, word[:-1])
        for unit, digit in digits.items()
        if digit != "0"
    }
    return joined | numbers
