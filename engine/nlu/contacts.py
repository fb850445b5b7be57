"""Finds what is meant as an e-mail address or a telephone number, also dictated or mistyped: spans of the text."""

from __future__ import annotations

import re

Span = tuple[int, int]

_AT = r"(?:@|\bchiocciol\w*\b|\bchioc+iol\w*\b|\bchioc+ol\w*\b|\b[ae]t\b|\(at\)|\[at\])"
_LOCAL = r"[\w.+\-]+"
_DICTATED_PART = (
    r"[\w+\-]+(?:\s*(?:\.|\bpunto\b|\bunderscore\b|\btrattino(?:\s+basso)?\b|\bmeno\b|\bpiu\b|_|-)\s*[\w+\-]+)*"
)
_TOP = r"(?:it|com|net|org|eu|info|biz|de|fr|ro|uk|ch|cloud|me|io)"
_EMAIL = re.compile(r"[^\s@<>(),;:\"\[\]]+\s?@\s?[^\s@<>(),;:\"\[\]]+(?:\s*,\s*(?:it|com|net|org|eu)\b)?")
_SPOKEN = re.compile(rf"{_DICTATED_PART}\s*{_AT}\s*[\w\-]+(?:\s*(?:\.|,|\bpunto\b|\bpnto\b)\s*[\w\-]+)*", re.IGNORECASE)
_WITHOUT_AT = re.compile(rf"\b[\w+\-]+(?:\.[\w+\-]+)*\.{_TOP}\b(?!\w)", re.IGNORECASE)
_PROVIDER = re.compile(
    r"(?:gmail|libero|hotmail|virgilio|yahoo|outlook|alice|tiscali|icloud|live|tin)\.", re.IGNORECASE
)
_DIGIT_WORD = (
    r"(?:zero|un[oa]?|due|tre|quattro|cinque|sei|sette|otto|nove|dieci|undici|dodici|tredici|quattordici|quindici|sedici|"
    r"diciassette|diciotto|diciannove|vent\w*|trent\w*|quarant\w*|cinquant\w*|sessant\w*|settant\w*|ottant\w*|novant\w*|"
    r"\w*cento\w*|doppio|triplo|\d+)"
)
_NUMBER = re.compile(r"(?:(?:\+|\b00)\s?\d{1,3}[\s./\-]*)?\(?\d(?:[\d\s./()\-]*\d)+")
_SPELT = re.compile(rf"(?:\bpi[uù]\s+)?\b{_DIGIT_WORD}(?:[\s,\-.]+{_DIGIT_WORD}){{2,}}\b", re.IGNORECASE)
_FEWEST_DIGITS = 6
_MOST_DIGITS = 15
_FEWEST_SPOKEN = 3
_DATE = re.compile(r"\d{1,2}[/.\-]\d{1,2}[/.\-]\d{2,4}")
_TRAILING = " .,;:!?)('\"-/"
_ANNOUNCED = re.compile(r"(?:e['’]|mailto:|è)(?=\w)", re.IGNORECASE)  # `la mail e'mario@libero.it`


def find(text: str) -> list[Span]:
    """The spans of all contacts in reading order, none inside another."""
    found: list[Span] = []
    for pattern in (_EMAIL, _SPOKEN, _WITHOUT_AT, _SPELT, _NUMBER):
        for match in pattern.finditer(text):
            span = _trimmed(text, match.span())
            if _is_meant(pattern, text[slice(*span)]) and not any(a < span[1] and span[0] < b for a, b in found):
                found.append(span)
    return sorted(found)


def _trimmed(text: str, span: Span) -> Span:
    start, end = span
    if announced := _ANNOUNCED.match(text, start, end):
        start = announced.end()
    while start < end and text[start] in _TRAILING.replace("(", ""):
        start += 1
    while end > start and text[end - 1] in _TRAILING:
        end -= 1
    if text[start:end].startswith("(") and ")" not in text[start:end]:
        start += 1
    return start, end


def _is_meant(pattern: re.Pattern[str], typed: str) -> bool:
    if pattern is _EMAIL:
        return len(typed) > 3
    if pattern is _WITHOUT_AT:
        return bool(_PROVIDER.search(typed)) and typed.count(".") + typed.count("_") >= 2
    if pattern is _SPOKEN:
        return "chioc" in typed.lower() or bool(_PROVIDER.search(typed + ".")) or "punto" in typed.lower()
    digits = sum(char.isdigit() for char in typed)
    if pattern is _SPELT:
        spoken = sum(part.isalpha() for part in re.findall(r"\w+", typed))
        return spoken >= _FEWEST_SPOKEN or (spoken > 0 and digits >= _FEWEST_DIGITS)
    return _FEWEST_DIGITS <= digits <= _MOST_DIGITS and not _DATE.fullmatch(typed)
