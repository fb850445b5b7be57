"""Takes what is invisible and harmful out of a customer's text."""

from __future__ import annotations

import unicodedata

from areaclienti.gateway.limits import MAX_MESSAGE_CHARACTERS

_DIRECTION_OVERRIDES = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


class TextTooLong(ValueError):
    """The text has more than MAX_MESSAGE_CHARACTERS."""


class TextBlank(ValueError):
    """Nothing that can be read is left of the text."""


def clean_text(text: str) -> str:
    """The text without control characters, direction overrides and lone surrogates, in NFC, without blanks around it.

    Raises TextTooLong, TextBlank.
    """
    if len(text) > MAX_MESSAGE_CHARACTERS:
        raise TextTooLong
    kept = "".join(char for char in text if char in "\n\t" or not _is_control(char))
    kept = unicodedata.normalize("NFC", kept).strip()
    if not kept:
        raise TextBlank
    return kept


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cs"} or char in _DIRECTION_OVERRIDES
