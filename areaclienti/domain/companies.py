"""Cleans and compares company names, ragione sociale, with their Italian legal forms (manual 3b)."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from areaclienti.domain.edits import edits
from areaclienti.domain.names import NameRejected, is_given_name
from areaclienti.domain.taxcodes import looks_like_tax_code
from areaclienti.domain.text import fold, phrase_pattern, tidy, without_emoji
from areaclienti.domain.wordlists import word_set, words

MAX_LENGTH = 160
_MOST_EDITS = 2
_SIGNS = frozenset(" .,'&-/+()\"!?:#*@%°ºª–")
_EMAIL = re.compile(r"\S+@\S+\.\S+")
# Before the name these are more often a word of it (`Spa Benessere`, `S.S. Lazio`) than the form.
_NAME_WORDS = frozenset({"spa", "ss"})
_SOLE_TRADER = "individuale"
# What a company of any form may be besides (`Soc. Coop. Onlus`, `S.S.D. a r.l.`).
_STATUSES = frozenset({"onlus", "aps", "odv", "ets", "asd", "ssd"})
# `Rossi Mario & C.`: the partners that the form implies.
_AND_COMPANY = re.compile(r"\s+(?:&|e|and)\s*(?:c|co|compagni|soci)[\s.]*$")
_SMALL_WORDS = frozenset(["il", "lo", "la", "i", "gli", "le", "l", "e", "di", "del", "de", "san", "santa"])
_SHORT_COOPERATIVE = re.compile(r"\bs(?:\.\s?|\s)(?=coop\b)")  # `S. Coop.`, but not `scoop`


class CompanyKey(NamedTuple):
    """Equal for spellings of one company: the name without form, partners and blanks; the form (`srl`, …) or None."""

    name: str
    legal_form: str | None


@dataclass(frozen=True)
class _Parsed:
    """Folded parts of a name. `partners`: `di Rossi Mario` after `s.a.s.`; empty when not said."""

    name: str
    legal_form: str | None
    partners: str = ""


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

    The partners after the form (`s.a.s. di Rossi Mario & C.`) may be left out, but not differ. A sole trader's own name
    may stand in either order.
    """
    left, right = _parse(a), _parse(b)
    if _forms_agree(left, right) and (
        _same_parts(left, right)
        or _partners_in_name(left, right)
        or _partners_in_name(right, left)
        or _same_trader(left, right)
    ):
        return True
    return any(
        _same_with_opening_form(text, other) or _same_with_form_as_word(text, parsed, other)
        for text, parsed, other in ((a, left, right), (b, right, left))
    )


def close_company(a: str, b: str) -> bool:
    """Whether the names are the same or differ by at most two letters, those of the partners included.

    The legal form may be missing, not differ; digits tell companies apart. Only fit to be used behind an exact tax
    code.
    """
    if same_company(a, b):
        return True
    # Written as typed, too: a slip in `F.lli` hides that it means `Fratelli`.
    return any(_few_edits(_parse(a, meant=meant), _parse(b, meant=meant)) for meant in (True, False))


def _forms_agree(left: _Parsed, right: _Parsed) -> bool:
    return None in (left.legal_form, right.legal_form) or left.legal_form == right.legal_form


def _same_parts(left: _Parsed, right: _Parsed) -> bool:
    if not _joined(left.name) or _joined(left.name) != _joined(right.name):
        return False
    return not left.partners or not right.partners or _same_words(left.partners, right.partners)


def _same_words(one: str, other: str) -> bool:
    """The same words in any order; `dell acqua mario` is `mario dellacqua` as well."""
    parts = one.split()
    turned = ("".join(parts[cut:] + parts[:cut]) for cut in range(len(parts)))
    return sorted(parts) == sorted(other.split()) or _joined(other) in turned


def _partners_in_name(short: _Parsed, full: _Parsed) -> bool:
    """`Autofficina Rossi di Rossi Mario (& C. sas)` for `Autofficina Rossi s.a.s. di Rossi Mario & C.`"""
    whole = _joined(full.name) + _joined(full.partners)
    return not short.partners and bool(full.partners) and _joined(short.name) == whole


def _same_trader(left: _Parsed, right: _Parsed) -> bool:
    """`Antonella Rossi` for `Rossi Antonella ditta individuale`: her given name stands first or last."""
    if not {left.legal_form, right.legal_form} <= {None, _SOLE_TRADER} or left.partners or right.partners:
        return False
    parts = left.name.split()
    for cut in range(1, len(parts)):
        front, back = parts[:cut], parts[cut:]
        is_person = all(map(is_given_name, front)) or all(map(is_given_name, back))
        if is_person and "".join(back + front) == _joined(right.name):
            return True
    return False


def _same_with_opening_form(text: str, other: _Parsed) -> bool:
    """`SPA Alfa` for `Alfa S.p.A.`: it is the form only if the other name says the same form."""
    opening = _name_word_opening().fullmatch(_plain(text))
    if not opening or _form_of(opening["form"]) != other.legal_form:
        return False
    reading = _Parsed(_name(opening["name"]), other.legal_form)
    return _same_parts(reading, other) or _partners_in_name(reading, other)


def _same_with_form_as_word(text: str, parsed: _Parsed, other: _Parsed) -> bool:
    """`Beauty Spa` for `Beauty Spa S.r.l.`: the other's form shows that it is a word of the name."""
    if parsed.legal_form not in _NAME_WORDS or other.legal_form in (None, parsed.legal_form):
        return False
    return _same_parts(_Parsed(_name(_plain(text)), None), other)


def _few_edits(left: _Parsed, right: _Parsed) -> bool:
    if not _forms_agree(left, right):
        return False
    pairs = [(left.name, right.name)]
    if left.partners and right.partners:
        pairs.append((left.partners, right.partners))
    whole = [(f"{left.name} {left.partners}", f"{right.name} {right.partners}")]
    return _within(pairs) or _within(whole)


def _within(pairs: list[tuple[str, str]]) -> bool:
    """Whether two edits are enough for all pairs together; the first must be long enough for that."""
    if any(_is_word_missing(one, other) for one, other in pairs):
        return False
    joined = [(_joined(one), _joined(other)) for one, other in pairs]
    if min(map(len, joined[0])) <= 2 * _MOST_EDITS or any(_digits(one) != _digits(other) for one, other in joined):
        return False
    if any(abs(len(one) - len(other)) > _MOST_EDITS for one, other in joined):
        return False
    return sum(edits(one, other, swap=2) for one, other in joined) <= _MOST_EDITS


def _is_word_missing(one: str, other: str) -> bool:
    """Whether one has all words of the other and more, small ones aside: no slip of the fingers."""
    few, many = sorted((Counter(one.split()), Counter(other.split())), key=lambda words_of: words_of.total())
    return few < many and not set(many - few) <= _SMALL_WORDS


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


def _parse(text: str, *, meant: bool = True) -> _Parsed:
    """The parts of a name; abbreviations in it are written out, unless `meant` is False."""
    plain = _plain(text)
    closing, opening = _closing_form().fullmatch(plain), _opening_form().fullmatch(plain)
    # `Soc. Coop. F.lli Ferrari`: what stands before `coop` is no name, but part of the form.
    if closing and not (opening and closing.end("name") < opening.end("form")):
        form = next(form for form in _forms() if closing[form])
        return _Parsed(_name(closing["name"], meant), form, _name(closing["partners"] or "", meant))
    if opening:
        return _Parsed(_name(opening["name"], meant), _form_of(opening["form"]))
    alone = _only_form().fullmatch(plain)
    return _Parsed("", _form_of(plain)) if alone else _Parsed(_name(plain, meant), None)


def _plain(text: str) -> str:
    """Folded, with blanks for signs; dots stay, since they part the letters of a legal form."""
    text = re.sub(r"\.{2,}", ".", fold(text).replace("'", "").replace("+", "&"))
    text = " ".join(re.sub(r"[^a-z0-9&.]+", " ", text).replace("&", " & ").split())
    return _SHORT_COOPERATIVE.sub("soc.", text)


def _name(plain: str, meant: bool = True) -> str:
    name = " ".join(re.sub(r"[^a-z0-9&]+", " ", _AND_COMPANY.sub("", plain)).replace("&", "e").split())
    for pattern, written_out in _abbreviations() if meant else ():
        name = pattern.sub(written_out, name)
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


def _any_form(forms: Iterable[str]) -> str:
    spellings = (one for form in forms for one in _forms()[form])
    # Neither `S.r.l. S.S. Impianti` nor `srl S.N. Ricambi` is an S.r.l.s.
    return rf"(?:{phrase_pattern(tuple(spellings))})(?!\w|\.\w\b)"


def _noise(forms: Iterable[str]) -> str:
    """What may follow and says nothing more: states of the company, and those forms."""
    return rf"(?:\.?\s*(?:{phrase_pattern(words('company_noise'))}|{_any_form(forms)})(?!\w))*"


@cache
def _closing_form() -> re.Pattern[str]:
    # After a form another one is no noise: `Beauty Spa S.r.l.` is an S.r.l. whose name is Beauty Spa.
    others = {form: _forms() if form in _STATUSES else {form, *_STATUSES} for form in _forms()}
    ends = "|".join(rf"(?P<{form}>{_any_form([form])}){_noise(also)}" for form, also in others.items())
    return re.compile(
        rf"(?P<name>.+?)[\s.]+(?:{ends})"
        rf"(?:[\s.]+(?P<partners>(?:di|dei|del|della|fratelli|f\.?lli)\s.+?))?{_noise(_STATUSES)}[\s.]*"
    )


@cache
def _opening_form() -> re.Pattern[str]:
    return _opening(frozenset(_forms()) - _NAME_WORDS)


@cache
def _name_word_opening() -> re.Pattern[str]:
    return _opening(_NAME_WORDS)


def _opening(forms: frozenset[str]) -> re.Pattern[str]:
    return re.compile(rf"(?P<form>{_any_form(sorted(forms))})[\s.]+(?P<name>.*?[a-z0-9].*?){_noise(_forms())}[\s.]*")


@cache
def _only_form() -> re.Pattern[str]:
    return re.compile(rf"{_any_form(_forms())}\.?")


def _bare(text: str) -> str:
    """Without a lead-in (`ragione sociale: …`) and marks around it, until nothing more can go."""
    while True:
        shorter = re.sub(r"^[\s=+@,;:.!?*/-]+|[\s,;:?*/-]+$", "", without_emoji(text))
        shorter = _lead_ins().sub("", shorter)
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
