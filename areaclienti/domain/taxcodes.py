"""Reads a codice fiscale or a partita IVA (manual 2c) and spots one in free text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from stdnum.exceptions import ValidationError
from stdnum.it import codicefiscale, iva

from areaclienti.domain.text import tidy

_LONGEST_INPUT = 64
_SEPARATORS = re.compile(r"[ .,;:_'/-]")
_ELEVEN_DIGITS = re.compile(r"[0-9]{11}")
# Letters that stand for digits in an omocode (D.M. 13813 of 23 December 1976) count as digits.
_CODICE_FISCALE = r"[a-z]{6}[0-9lmnpqrstuv]{2}[abcdehlmprst][0-9lmnpqrstuv]{2}[a-z][0-9lmnpqrstuv]{3}[a-z]"
# A letter or a digit too few, as in the manual's own picture of step 2c (MRRSS45P37612P).
_MISTYPED = r"[a-z]{4,7}[0-9]{2}[a-z][0-9]{2}[a-z]?[0-9]{3,4}[a-z]?"
_WHOLE_CODE = re.compile(rf"(?:{_CODICE_FISCALE}|{_MISTYPED})", re.IGNORECASE)
_FEWEST_DIGITS = 3
_GAP = r"[ .-]?"
_SPACED_CODE = re.compile(
    rf"(?<!\w)[a-z]{{3}}{_GAP}[a-z]{{3}}{_GAP}[0-9lmnpqrstuv]{{2}}{_GAP}[abcdehlmprst]{_GAP}[0-9lmnpqrstuv]{{2}}"
    rf"{_GAP}[a-z]{_GAP}[0-9lmnpqrstuv]{{3}}{_GAP}[a-z](?!\w)",
    re.IGNORECASE,
)
_SPACED_DIGITS = re.compile(r"(?<![0-9+])(?:[0-9][ .-]?){10}[0-9](?![0-9])")

# 0 for O, 1 for I, and the other way round: no code, but plainly meant as one.
_DIGITS_OR_LETTERS = "[0-9lmnpqrstuvoi]"
_SLIPPED_CODE = re.compile(
    rf"[a-z015]{{6}}{_DIGITS_OR_LETTERS}{{2}}[abcdehlmprst]{_DIGITS_OR_LETTERS}{{2}}[a-z]{_DIGITS_OR_LETTERS}{{3}}[a-z]"
)
_PIECE = re.compile(r"[a-z0-9]+")
_LENGTH = 16

TaxCodeKind = Literal["codice_fiscale", "partita_iva"]


@dataclass(frozen=True)
class TaxCode:
    """A valid code in upper case without blanks. Its text form never shows the value."""

    kind: TaxCodeKind
    value: str

    def __repr__(self) -> str:
        return f"TaxCode(kind={self.kind!r})"


class TaxCodeRejected(ValueError):
    """What was typed is no valid tax code; the message never repeats it."""

    reason = "not_a_tax_code"

    def __init__(self) -> None:
        super().__init__(self.reason)


def parse_tax_code(text: str) -> TaxCode:
    """The code in `text`, case and separators aside; `IT` before a partita IVA is dropped.

    Omocodes are kept as they are: they are compared with the registry, never undone. A codice fiscale of eleven
    digits (companies, provisional ones) follows the partita IVA's rule and is told as `partita_iva`.
    Raises TaxCodeRejected.
    """
    if len(text) > _LONGEST_INPUT:
        raise TaxCodeRejected
    compact = _SEPARATORS.sub("", tidy(text)).upper()
    digits = compact.removeprefix("IT")
    if _ELEVEN_DIGITS.fullmatch(digits) and (iva.is_valid(digits) or codicefiscale.is_valid(digits)):
        return TaxCode("partita_iva", digits)
    if not compact.isascii() or len(compact) != 16:
        raise TaxCodeRejected
    try:
        return TaxCode("codice_fiscale", codicefiscale.validate(compact))
    except ValidationError:
        raise TaxCodeRejected from None


def looks_like_tax_code(text: str) -> bool:
    """Whether a tax code, or a slip of one, stands anywhere in `text`.

    Meant for keeping codes out of the conversation: a codice fiscale is told by its shape even when its check letter
    is wrong, eleven digits only when they are a valid partita IVA (a telephone number isn't).
    """
    text = tidy(text)
    whole = (word for word in re.split(r"[^\w]+", text) if _WHOLE_CODE.fullmatch(word))
    spaced = (found[0] for found in _SPACED_CODE.finditer(text))
    if any(map(_is_meant_as_code, (*whole, *spaced))) or _stands_in_pieces(text):
        return True
    return any(iva.is_valid(re.sub(r"[^0-9]", "", run)) for run in _SPACED_DIGITS.findall(text))


def _stands_in_pieces(text: str) -> bool:
    """Whether pieces in a row, however it is cut, make a codice fiscale or a slip of one."""
    pieces = _PIECE.findall(text.casefold())
    for start in range(len(pieces)):
        joined = ""
        for piece in pieces[start : start + _LENGTH]:
            joined += piece
            if len(joined) >= _LENGTH:
                break
        if _SLIPPED_CODE.fullmatch(joined) and _has_digits(joined):
            return True
    return False


def _has_digits(text: str) -> bool:
    return sum(char.isdigit() for char in text) >= _FEWEST_DIGITS


def _is_meant_as_code(found: str) -> bool:
    """Digits make the shape a code; without them it is as likely a row of words, unless the check letter is right."""
    return _has_digits(found) or codicefiscale.is_valid(_SEPARATORS.sub("", found))
