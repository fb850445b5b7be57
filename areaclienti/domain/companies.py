"""Cleans and compares company names, ragione sociale, with their Italian legal forms (manual 3b)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from areaclienti.domain.edits import within
from areaclienti.domain.names import NameRejected
from areaclienti.domain.taxcodes import looks_like_tax_code
from areaclienti.domain.text import fold, phrase_pattern, tidy
from areaclienti.domain.wordlists import word_set, words

MAX_LENGTH = 160
_MOST_EDITS = 2
_SIGNS = frozenset(" .,'&-/+()\"!?:#*@%°ºª–")
_EMAIL = re.compile(r"\S+@\S+\.\S+")
# Forms that also stand before the name (`A.S.D. Virtus`); a bare SPA or S.S. there is part of the name.
_OPENING_FORMS = frozenset(
    {"srl", "srls", "snc", "coop", "consortile", "onlus", "aps", "odv", "asd", "ssd", "individuale"}
)
# `Rossi Mario & C.`: the partners that the form implies.
_AND_COMPANY = re.compile(r"\s+(?:&|e)\s*(?:c|co|compagni|soci)\.?$")


class CompanyKey(NamedTuple):
    """Equal for spellings of one company: the name without form, partners and blanks; the form (`srl`, …) or None."""

    name: str
    legal_form: str | None


@dataclass(frozen=True)
class _Parsed:
    name: str
    legal_form: str | None
    partners: str  # `di Rossi Mario` after `s.a.s.`, folded; empty when not said


def clean_company(text: str) -> str:
    """The ragione sociale on one line, without lead-in and stray marks; casing stays as typed. Idempotent.

    Raises NameRejected: `empty`; `too_long` (over 160 characters); `not_a_name` (nothing but signs, digits or a legal
    form; an e-mail address, a tax code, markup, a sentence).
    """
    text = tidy(text)
    if not text:
        raise NameRejected("empty")
    name = _bare(text)
    if len(name) > MAX_LENGTH:
        raise NameRejected("too_long")
    if not all(_is_allowed(char) for char in name) or _EMAIL.search(name) or looks_like_tax_code(name):
        raise NameRejected("not_a_name")
    key = canonical_company(name)
    letters = sum(char.isalpha() for char in name)
    if not key.name or not letters or (key.legal_form is None and (len(key.name) < 2 or _is_sentence(name))):
        raise NameRejected("not_a_name")
    return name


def canonical_company(text: str) -> CompanyKey:
    """The key by which companies are looked up. The name is empty when nothing but a legal form is there."""
    parsed = _parse(text)
    return CompanyKey(_joined(parsed.name), parsed.legal_form)


def same_company(a: str, b: str) -> bool:
    """Whether two company names mean the same company: a missing legal form is allowed, a different one is not.

    The partners after the form (`s.a.s. di Rossi Mario & C.`) may be left out, but not differ.
    """
    left, right = _parse(a), _parse(b)
    if not _forms_agree(left, right):
        return False
    return _same_parts(left, right) or _partners_in_name(left, right) or _partners_in_name(right, left)


def close_company(a: str, b: str) -> bool:
    """Whether the names are the same or differ by at most two letters; the legal form may be missing, not differ.

    Only fit to be used behind an exact tax code.
    """
    if same_company(a, b):
        return True
    left, right = _parse(a), _parse(b)
    one, other = _joined(left.name), _joined(right.name)
    long_enough = min(len(one), len(other)) > 2 * _MOST_EDITS
    return _forms_agree(left, right) and long_enough and within(one, other, _MOST_EDITS)


def _forms_agree(left: _Parsed, right: _Parsed) -> bool:
    return None in (left.legal_form, right.legal_form) or left.legal_form == right.legal_form


def _same_parts(left: _Parsed, right: _Parsed) -> bool:
    if not _joined(left.name) or _joined(left.name) != _joined(right.name):
        return False
    one, other = sorted(left.partners.split()), sorted(right.partners.split())
    return not one or not other or one == other


def _partners_in_name(short: _Parsed, full: _Parsed) -> bool:
    """`Autofficina Rossi di Rossi Mario (& C. sas)` for `Autofficina Rossi s.a.s. di Rossi Mario & C.`"""
    whole = _joined(full.name) + _joined(full.partners)
    return not short.partners and bool(full.partners) and _joined(short.name) == whole


def _parse(text: str) -> _Parsed:
    plain = _plain(text)
    closing = _closing_form().fullmatch(plain)
    if closing:
        return _Parsed(_name(closing["name"]), _form_of(closing["form"]), _name(closing["partners"] or ""))
    opening = _opening_form().fullmatch(plain)
    if opening:
        return _Parsed(_name(opening["name"]), _form_of(opening["form"]), "")
    alone = _only_form().fullmatch(plain)
    return _Parsed("", _form_of(plain), "") if alone else _Parsed(_name(plain), None, "")


def _plain(text: str) -> str:
    """Folded, with blanks for signs; dots stay, since they part the letters of a legal form."""
    text = fold(text).replace("'", "").replace("+", "&")
    return " ".join(re.sub(r"[^a-z0-9&.]+", " ", text).replace("&", " & ").split())


def _name(plain: str) -> str:
    name = " ".join(re.sub(r"[^a-z0-9&]+", " ", _AND_COMPANY.sub("", plain)).replace("&", "e").split())
    for pattern, meant in _abbreviations():
        name = pattern.sub(meant, name)
    # Every farming company must say so (D.Lgs. 99/2004), before or after its name: it tells none from another.
    return " ".join(name.replace("societa agricola", " ").split()) or name


def _joined(name: str) -> str:
    return name.replace(" ", "")


@cache
def _abbreviations() -> tuple[tuple[re.Pattern[str], str], ...]:
    pairs = (line.split(" = ") for line in words("company_abbreviations"))
    return tuple((re.compile(rf"\b{re.escape(written)}\b"), meant) for written, meant in pairs)


@cache
def _forms() -> dict[str, tuple[str, ...]]:
    """Each legal form's spellings, ready for `phrase_pattern`."""
    pairs = (line.split(" = ") for line in words("legal_forms"))
    return {form: tuple(one.strip().replace(". ", ".") for one in spellings.split("|")) for form, spellings in pairs}


def _form_of(spelling: str) -> str:
    return next(form for form, pattern in _form_patterns().items() if pattern.fullmatch(spelling))


@cache
def _form_patterns() -> dict[str, re.Pattern[str]]:
    return {form: re.compile(rf"(?:{phrase_pattern(spellings)})\.?") for form, spellings in _forms().items()}


def _any_form(forms: frozenset[str] | None = None) -> str:
    spellings = (one for form, listed in _forms().items() if forms is None or form in forms for one in listed)
    return rf"(?:{phrase_pattern(tuple(spellings))})(?!\w)"


def _noise() -> str:
    return rf"(?:\.?\s*(?:{phrase_pattern(words('company_noise'))}|{_any_form()})(?!\w))*"


@cache
def _closing_form() -> re.Pattern[str]:
    return re.compile(
        rf"(?P<name>.+?)[\s.]+(?P<form>{_any_form()}){_noise()}"
        rf"(?:[\s.]+(?P<partners>(?:di|dei|del|della|fratelli|f\.?lli)\s.+?))?{_noise()}[\s.]*"
    )


@cache
def _opening_form() -> re.Pattern[str]:
    return re.compile(rf"(?P<form>{_any_form(_OPENING_FORMS)})[\s.]+(?P<name>.*?[a-z0-9].*?){_noise()}[\s.]*")


@cache
def _only_form() -> re.Pattern[str]:
    return re.compile(rf"{_any_form()}\.?")


def _bare(text: str) -> str:
    """Without a lead-in (`ragione sociale: …`) and marks around it, until nothing more can go."""
    while True:
        shorter = _lead_ins().sub("", re.sub(r"^[\s=+@,;:.!?*/-]+|[\s,;:?*/-]+$", "", text))
        if shorter.count('"') == 2 and shorter.startswith('"') and shorter.endswith('"'):
            shorter = shorter[1:-1]
        if shorter == text:
            return text
        text = shorter


@cache
def _lead_ins() -> re.Pattern[str]:
    return re.compile(rf"^(?:{phrase_pattern(words('company_lead_ins'))})(?:\s*[:=,]\s*|\s+)(?=\S)", re.IGNORECASE)


def _is_allowed(char: str) -> bool:
    latin = char.isalpha() and unicodedata.name(char, "").startswith("LATIN")
    return latin or char in _SIGNS or char in "0123456789"


def _is_sentence(name: str) -> bool:
    parts = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?'?", name.casefold())
    telling = sum(part in word_set("not_companies") for part in parts)
    return telling * 2 >= len(parts) and (telling > 1 or len(parts) == 1)
