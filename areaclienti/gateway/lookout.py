"""Tells whether a text of the customer holds a secret: a password, a verification code, a tax code."""

from __future__ import annotations

import re

from areaclienti.domain.codes import looks_like_code
from areaclienti.domain.dictation import with_digits
from areaclienti.domain.passwords import composition_faults
from areaclienti.domain.taxcodes import TaxCodeRejected, looks_like_tax_code, parse_tax_code
from areaclienti.domain.text import fold, tidy
from areaclienti.gateway.texts import load_texts

_EMAIL = re.compile(r"\S+@\S+\.\S+")
_ADDRESS_ATTEMPT = re.compile(r"@|chiocciola|\.[a-z]{2,}\b")  # manual 4a: what is typed may be no address yet
_PIECE = re.compile(r"\w+")
_WORD = re.compile(r"[^\W\d_]+")
_SIX_LONE_DIGITS = re.compile(r"\W*[0-9](?:[\s./_-]*[0-9]){5}\W*")
_SHORT_NUMBER = re.compile(r"\W*[0-9](?:[\s./_-]*[0-9]){3,8}\W*")
_DIGIT_RUN = re.compile(r"(?<![\w.,+])[0-9](?:[ -]*[0-9])*(?!\w)(?![.,][0-9])")
_SIX_DIGITS = re.compile(r"(?<![\w+])(?<![0-9][ -])[0-9]{6}(?!\w)(?![.,][0-9])")
_NEARLY_A_CODE = re.compile(
    r"\b(?=[0-9]*[a-z])(?=(?:[a-z]*[0-9]){3})[0-9oilsbz]{5,8}\b", re.IGNORECASE
)  # 0 and O, 1 and l
_FOUR_TO_EIGHT_DIGITS = re.compile(r"(?<![\w.,+])[0-9](?:[ -]?[0-9]){3,7}(?!\w)(?![.,][0-9])")
_SEPARATORS = re.compile(r"[\s.,;:_'/-]")
_MANGLED_TAX_CODE = re.compile(r"(?=(?:\D*\d){5})[A-Za-z0-9]{8,20}")
_PIECE_OF_TAX_CODE = re.compile(r"\b(?=[0-9]*[a-z])(?=(?:[a-z]*[0-9]){3})[a-z0-9]{8,20}\b", re.IGNORECASE)
_LONG_NUMBER = re.compile(r"(?<![0-9+])[0-9](?:[ ./-]?[0-9]){8,12}(?![0-9])")
_LONGEST_TAX_CODE_WORDS = 16  # one by one
_SIGN_OF_PASSWORDS = re.compile(r"[!?@#$%^*+=~_€£\\|<>{}\[\]]")
_PUNCTUATION = ".,;:!?)\"'»"
_BETWEEN_WORDS = re.compile(r"[,;:/()\"«»]+")  # «Garibaldi,12»
_LEGAL_FORM = re.compile(r"\bs\.? ?(?:r\.? ?l|p\.? ?a|n\.? ?c|a\.? ?s)\b")


def is_verification_code(text: str) -> bool:
    """Whether the text is a six-digit code, or speaks of one and holds it."""
    text = _plain(text)
    if _SIX_LONE_DIGITS.fullmatch(text):
        return True
    return bool(_codes(text)) and _speaks_of(text, load_texts().watchwords.verification_code)


def code_in(text: str) -> str | None:
    """The one verification code that stands in the text, beside whatever else; else None."""
    text = _plain(text)
    found = _codes(text)
    return looks_like_code(text) or (found.pop() if len(found) == 1 else None)


def may_be_mistyped_code(text: str) -> bool:
    """Whether the text, typed where a code is due, holds one gone wrong: a digit too few or too many, a letter in it,
    or several.
    """
    text = _plain(text)
    if _SHORT_NUMBER.fullmatch(text) or _codes(text) or _NEARLY_A_CODE.search(text):
        return True
    return bool(_FOUR_TO_EIGHT_DIGITS.search(text)) and _speaks_of(text, load_texts().watchwords.verification_code)


def tax_code_in(text: str) -> str | None:
    """The tax code that stands in the text; the text itself when there is only a slip of one; else None."""
    text = _EMAIL.sub(" ", text)  # an address may hold its owner's code
    is_meant = _speaks_of(text, load_texts().watchwords.tax_code) and _holds_mangled_tax_code(text)
    if not looks_like_tax_code(text) and not is_meant:
        return None
    words = _PIECE.findall(text)
    for first in range(len(words)):
        for last in range(first + 1, min(first + _LONGEST_TAX_CODE_WORDS, len(words)) + 1):
            try:
                return parse_tax_code("".join(words[first:last])).value
            except TaxCodeRejected:
                continue
    return text


def may_be_mistyped_tax_code(text: str) -> bool:
    """Whether the text, typed where a tax code is due, holds one gone wrong."""
    text = _EMAIL.sub(" ", text)
    return _MANGLED_TAX_CODE.fullmatch(_SEPARATORS.sub("", text)) is not None or _holds_mangled_tax_code(text)


def holds_password(text: str) -> bool:
    """Whether a word of the text would make a password (manual 5a)."""
    return any(map(_makes_password, text.split()))


def gives_password_away(text: str, step: str) -> bool:
    """Whether the text tells a password at a step that does not ask for one."""
    text = _EMAIL.sub(" ", text)
    candidates = [word for word in text.split() if _makes_password(word)]
    if not candidates:
        return False
    if _speaks_of(text, load_texts().watchwords.password):
        return True
    if step == "contact" and _ADDRESS_ATTEMPT.search(text):
        return False
    if step == "company_name":  # «Edilizia2000 S.r.l.» is one
        return any(_SIGN_OF_PASSWORDS.search(_inside(word)) for word in candidates)
    is_lone_word = len(text.split()) == 1
    return is_lone_word or step == "name" or any(_SIGN_OF_PASSWORDS.search(_inside(word)) for word in candidates)


def is_secret_of_customer(text: str) -> bool:
    """Whether the text, which an agent writes, holds what nobody may write to a customer or of him."""
    return tax_code_in(text) is not None or is_verification_code(text) or gives_password_away(text, "handover")


def is_no_person_to_see(text: str) -> bool:
    """Whether the text, written to a person or while one is waited for, holds a secret by its shape. Nothing is due
    then, and whoever asks for a person has often just failed with a code or a password and tells it: so any six digits
    are a code and any word that would make a password is one, unless the words beside them say what else they are.
    """
    if is_secret_of_customer(text):
        return True
    plain, words = _plain(text), load_texts().watchwords
    if _codes(plain) and not _speaks_of(plain, words.other_numbers):
        return True
    text = _EMAIL.sub(" ", text)
    if _speaks_of(text, words.companies) or _LEGAL_FORM.search(fold(text)):  # «Edilizia2000 S.r.l.»
        return False
    return any(_makes_password(piece) for word in text.split() for piece in _BETWEEN_WORDS.split(word))


def _makes_password(word: str) -> bool:
    return not composition_faults(word)


def _inside(word: str) -> str:
    return word.rstrip(_PUNCTUATION)


def _plain(text: str) -> str:
    """One line, digits as digits also where they are dictated, without addresses."""
    return with_digits(tidy(_EMAIL.sub(" ", text)))


def _codes(text: str) -> set[str]:
    """The numbers of exactly six digits."""
    joined = {re.sub(r"[ -]", "", run) for run in _DIGIT_RUN.findall(text)}
    return {run for run in joined if len(run) == 6} | set(_SIX_DIGITS.findall(text))


def _holds_mangled_tax_code(text: str) -> bool:
    return _PIECE_OF_TAX_CODE.search(text) is not None or _LONG_NUMBER.search(text) is not None


def _speaks_of(text: str, watchwords: frozenset[str]) -> bool:
    return not watchwords.isdisjoint(_WORD.findall(fold(text)))
