"""Which of the offered choices a text names, where a customer writes instead of tapping."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from areaclienti.domain.text import fold, tidy

_MOST_DIGITS = 2  # of a number that stands for a choice
_STEMS = ("prim", "second", "terz", "quart", "quint")
_LAST = "ultim"
_IN_WORDS = re.compile(
    rf"(?:(?:scelgo|la|il) |l'|opzione )+(?P<stem>{'|'.join((*_STEMS, _LAST))})[oa](?: (?:opzione|scelta|risposta))?"
)


def choice_meant(text: str, choices: Sequence[dict[str, Any]]) -> str | None:
    """The id of the choice that the text names: by its whole title, or by its place as a number or in words («la
    prima», «l'ultimo»). None where it names none, or several have that title.
    """
    titles = [fold(tidy(choice["title"])) for choice in choices]
    written = fold(tidy(text)).rstrip(".!)")
    if titles.count(written) == 1:
        return str(choices[titles.index(written)]["id"])
    place = _place(written, len(choices))
    return str(choices[place - 1]["id"]) if 1 <= place <= len(choices) else None


def _place(written: str, last: int) -> int:
    """The place that is named, from 1; 0 where none is."""
    if written.isascii() and written.isdecimal() and len(written) <= _MOST_DIGITS:
        return int(written)
    if in_words := _IN_WORDS.fullmatch(written):
        stem = in_words["stem"]
        return last if stem == _LAST else 1 + _STEMS.index(stem)
    return 0
