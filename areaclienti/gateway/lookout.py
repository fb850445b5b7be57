"""Tells whether a text of the customer holds a secret: a password, a verification code, a tax code."""

from __future__ import annotations

import re

from areaclienti.domain.codes import looks_like_code
from areaclienti.domain.passwords import composition_faults
from areaclienti.domain.taxcodes import TaxCodeRejected, looks_like_tax_code, parse_tax_code
from areaclienti.gateway.texts import load_texts

# After the password was given, a lone word that would make one is one, given again.
STEPS_AFTER_PASSWORD = frozenset({"privacy_notice", "verification_code", "tax_code", "choose_contact"})

_EMAIL = re.compile(r"\S+@\S+\.\S+")
_SIX_LONE_DIGITS = re.compile(r"\W*[0-9](?:[ .-]*[0-9]){5}\W*")
_SHORT_NUMBER = re.compile(r"\W*[0-9](?:[ .-]*[0-9]){3,8}\W*")
_SEPARATORS = re.compile(r"[\s.,;:_'/-]")
_MANGLED_TAX_CODE = re.compile(r"(?=(?:\D*\d){5})[A-Za-z0-9]{8,20}")
_LONGEST_TAX_CODE_WORDS = 7  # as printed on the card, in groups


def is_verification_code(text: str) -> bool:
    """Whether the text is a six-digit code, or speaks of one and holds it."""
    if _SIX_LONE_DIGITS.fullmatch(text):
        return True
    return looks_like_code(text) is not None and _speaks_of(text, load_texts().watchwords.verification_code)


def is_number(text: str) -> bool:
    """Whether the text is nothing but a short number: a code with a digit too few or too many."""
    return _SHORT_NUMBER.fullmatch(text) is not None


def tax_code_in(text: str) -> str | None:
    """The tax code that stands in the text; the text itself when there is only a slip of one; else None."""
    text = _EMAIL.sub(" ", text)  # an address may hold its owner's code
    if not looks_like_tax_code(text):
        return None
    words = text.split()
    for first in range(len(words)):
        for last in range(first + 1, min(first + _LONGEST_TAX_CODE_WORDS, len(words)) + 1):
            try:
                return parse_tax_code("".join(words[first:last])).value
            except TaxCodeRejected:
                continue
    return text


def may_be_mistyped_tax_code(text: str) -> bool:
    """Whether the text, typed where a tax code is due, is one gone wrong and not a sentence."""
    return _MANGLED_TAX_CODE.fullmatch(_SEPARATORS.sub("", text)) is not None


def holds_password(text: str) -> bool:
    """Whether a word of the text would make a password (manual 5a)."""
    return any(not composition_faults(word) for word in text.split())


def gives_password_away(text: str, step: str) -> bool:
    """Whether the text tells a password at a step that does not ask for one."""
    text = _EMAIL.sub(" ", text)
    is_lone_word = len(text.split()) == 1 and step in STEPS_AFTER_PASSWORD
    return holds_password(text) and (is_lone_word or _speaks_of(text, load_texts().watchwords.password))


def _speaks_of(text: str, watchwords: frozenset[str]) -> bool:
    return not watchwords.isdisjoint(re.split(r"[\W\d_]+", text.casefold()))
