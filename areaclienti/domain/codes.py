"""Recognises a temporary verification code of six digits in what the customer typed (manual 7a, 9a)."""

from __future__ import annotations

import re

from areaclienti.domain.text import tidy

# Digits with single blanks or dashes between them, not glued to letters or to other digits.
_DIGIT_RUN = re.compile(r"(?<![\w.,+])[0-9](?:[ -]*[0-9])*(?!\w)(?![.,][0-9])", re.ASCII)
_SIX_DIGITS = 6


def looks_like_code(text: str) -> str | None:
    """The six digits, when `text` is a code or holds exactly one number and that is a code; else None.

    Blanks and dashes between the digits are dropped: `123 456`, `123-456`, `il codice è 123456`.
    """
    text = tidy(text)
    runs = _DIGIT_RUN.findall(text)
    if len(runs) != 1:
        return None
    digits = re.sub(r"[ -]", "", runs[0])
    everywhere = sum(char.isdigit() for char in text)
    return digits if len(digits) == _SIX_DIGITS == everywhere else None
