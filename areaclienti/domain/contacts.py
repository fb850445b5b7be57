"""Reads an e-mail address or an Italian mobile number out of what the customer typed (manual 4a)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import PhoneNumberType

from areaclienti.domain.dictation import with_digits, with_signs
from areaclienti.domain.edits import edits
from areaclienti.domain.text import tidy
from areaclienti.domain.wordlists import words

ContactKind = Literal["email", "mobile"]
ContactReason = Literal["empty", "not_a_contact", "email_invalid", "mobile_invalid", "mobile_foreign", "landline"]

_LONGEST_INPUT = 500
_ITALY = 39
_EMAIL_IN_TEXT = re.compile(r'[^\s@<>()\[\],;:"]+@[^\s@<>()\[\],;:"]+')
# Digits, and what people put between them; a letter glued to a digit is looked at apart.
_NUMBER_IN_TEXT = re.compile(r"\+?[ (]*[0-9][0-9 ().\-/]*", re.ASCII)
_DIGIT_BESIDE_LETTER = re.compile(r"[0-9][^\W0-9]|[^\W0-9][0-9]")
_LOOKALIKE = re.compile(r"[0-9][ .-]*\b[oil]\b|\b[oil]\b[ .-]*[0-9]", re.IGNORECASE)
_FEWEST_DIGITS = 5  # fewer are no attempt at a telephone number


@dataclass(frozen=True)
class Contact:
    """A contact in one form.

    `value`: the address as typed with its domain in lower case, or E.164. `key`: equal for all spellings of one
    contact (case folded, domain in IDNA; E.164). `display`: for reading back, `+39 333 1234567`.
    """

    kind: ContactKind
    value: str
    key: str
    display: str


class ContactRejected(ValueError):
    """What was typed is no contact that can be a username; `reason` says why, and the message never repeats it."""

    def __init__(self, reason: ContactReason) -> None:
        super().__init__(reason)
        self.reason: ContactReason = reason


def parse_contact(text: str) -> Contact:
    """The one e-mail address or Italian mobile in `text`, alone or within a sentence.

    Raises ContactRejected.
    """
    text = tidy(text)
    if not text:
        raise ContactRejected("empty")
    if len(text) > _LONGEST_INPUT:
        raise ContactRejected("not_a_contact")
    text = with_signs(text)
    return _parse_email(text) if "@" in text else _parse_mobile(text)


def suggest_email(address: str) -> str | None:
    """The address with the likely mail domain, when the typed one looks like a slip (`gmial.com`); else None.

    A guess: only the customer can confirm it.
    """
    local, _, domain = tidy(address).rpartition("@")
    domain = domain.lower().strip(" .,;:!")
    known = words("mail_domains")
    if not local or not domain or domain in known:
        return None
    suggestion = _same_provider(domain, known) or _nearest(domain, known)
    return f"{local}@{suggestion}" if suggestion else None


def _parse_email(text: str) -> Contact:
    text = re.sub(r"\s*@\s*", "@", text)
    found = _EMAIL_IN_TEXT.findall(re.sub(r"(?i)\bmailto:", " ", text))
    if len(found) != 1 or text.count("@") != 1:
        raise ContactRejected("email_invalid")
    try:
        valid = validate_email(found[0].strip(".'*_!?"), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        raise ContactRejected("email_invalid") from None
    address = f"{valid.local_part}@{valid.domain}"
    # Dots and plus tags are kept: they part customers at some providers.
    key = f"{valid.local_part.casefold()}@{valid.ascii_domain.casefold()}"
    return Contact("email", address, key, address)


def _parse_mobile(text: str) -> Contact:
    text = with_digits(text)
    typed_digits = sum(char.isdigit() for char in text)
    if typed_digits < _FEWEST_DIGITS:
        raise ContactRejected("not_a_contact")
    # The parser reads letters as keypad digits: `l333I234567` would become another customer's number.
    if _DIGIT_BESIDE_LETTER.search(text) or _LOOKALIKE.search(text):
        raise ContactRejected("mobile_invalid")
    runs = [run.strip(" .-/") for run in _NUMBER_IN_TEXT.findall(text)]
    if len(runs) != 1 or sum(char.isdigit() for char in runs[0]) != typed_digits or text.count("+") > 1:
        raise ContactRejected("mobile_invalid")
    return _italian_mobile(_international(runs[0]))


def _international(run: str) -> str:
    """The number with its country prefix; Italy's where none was typed."""
    digits = re.sub(r"[^0-9]", "", run)
    if run.startswith("+"):
        return f"+{digits}"
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    if re.match(r"39[ ().\-/]", run) and len(digits) < 11:
        raise ContactRejected("mobile_invalid")  # `39 33123456`: a prefix and too few digits, or a bare number?
    if digits.startswith("393") and len(digits) >= 11:
        return f"+{digits}"
    return f"+{_ITALY}{digits}"


def _italian_mobile(number: str) -> Contact:
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        raise ContactRejected("mobile_invalid") from None
    if parsed.country_code != _ITALY:
        raise ContactRejected("mobile_foreign")
    if number.startswith("+390"):
        raise ContactRejected("landline")
    mobile = (
        phonenumbers.is_valid_number(parsed)
        and phonenumbers.region_code_for_number(parsed) == "IT"
        and phonenumbers.number_type(parsed) == PhoneNumberType.MOBILE
    )
    if not mobile:
        raise ContactRejected("mobile_invalid")
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return Contact("mobile", e164, e164, f"{e164[:3]} {e164[3:6]} {e164[6:]}")


def _same_provider(domain: str, known: tuple[str, ...]) -> str | None:
    """The first known domain of the same provider: `gmail.it`, `libero.com`, `hotmail`."""
    provider = domain.split(".", 1)[0]
    if len(provider) < 4 or domain.count(".") > 1:
        return None
    return next((candidate for candidate in known if candidate.split(".", 1)[0] == provider), None)


def _nearest(domain: str, known: tuple[str, ...]) -> str | None:
    """The one known domain within an edit, or two where the domain is long; None when two are as near."""
    limit = 1 if len(domain) < 9 else 2
    distances = sorted((edits(domain, candidate), rank) for rank, candidate in enumerate(known))
    (least, rank), (second, _) = distances[:2]
    return known[rank] if least <= limit and least < second else None
