"""Finds a known contact in what people wrote, however they wrote it: to show or erase what is kept about somebody."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from areaclienti.domain.contacts import Contact
from areaclienti.domain.dictation import with_digits, with_signs, written

_ITALY = "+39"
_BETWEEN_DIGITS = r"[ ().\-/\u00a0]*"
_AROUND_AT = re.compile(r"\s*@\s*")
# What neither has in it is worth no further reading.
_MAY_BE_NUMBER = re.compile(r"(?:[0-9][^0-9]*){6}")
_A_WORD = re.compile(r"[^\W\d_]{3}")


class Mentions:
    """Whether one of some contacts stands in a text: typed, dictated ("mario chiocciola libero punto it", "tre due
    zero …"), with blanks, dots or the country's prefix, alone or within a sentence.

    As a whole only: `mario@libero.it` does not stand in `dimario@libero.it`.
    """

    def __init__(self, contacts: Iterable[Contact]) -> None:
        contacts = list(contacts)
        addresses = {form.casefold() for one in contacts if one.kind == "email" for form in (one.value, one.key)}
        numbers = {one.value.removeprefix(_ITALY) for one in contacts if one.kind == "mobile"}
        spread = {_BETWEEN_DIGITS.join(number) for number in numbers}
        self._addresses = _any_of(map(re.escape, addresses), r"(?<![\w.+\-])(?:{})(?![\w\-]|\.\w)")
        self._numbers = _any_of(spread, rf"(?<![0-9])(?:(?:\+|00)?39{_BETWEEN_DIGITS})?(?:{{}})(?![0-9])")

    def __call__(self, text: str) -> bool:
        return self._address_in(text) or self._number_in(text)

    def _address_in(self, text: str) -> bool:
        if self._addresses is None:
            return False
        return any(
            self._addresses.search(_AROUND_AT.sub("@", reading).casefold())
            for reading in _readings(text, with_signs)
            if "@" in reading
        )

    def _number_in(self, text: str) -> bool:
        if self._numbers is None:
            return False
        return any(
            self._numbers.search(reading) for reading in _readings(text, with_digits) if _MAY_BE_NUMBER.search(reading)
        )


def _readings(text: str, heard: Callable[[str], str]) -> Iterable[str]:
    """The text as it stands and, if there are words in it, as it was dictated."""
    yield text
    if _A_WORD.search(text):
        yield heard(text)
        yield written(text)


def _any_of(forms: Iterable[str], pattern: str) -> re.Pattern[str] | None:
    alternatives = "|".join(sorted(forms))
    return re.compile(pattern.format(alternatives)) if alternatives else None
