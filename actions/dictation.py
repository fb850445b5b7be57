"""Writes a dictated contact as one would type it, also where the domain gives up: `trecentotrentatré`, `at`."""

from __future__ import annotations

import re

_AT = re.compile(r"\s*(?:\bchioc+iola\b|\bchioc+ola\b|\bchiocc?iolina\b|\(at\)|\[at\]|\s(?:at|et)\s)\s*", re.IGNORECASE)
_SIGNS = (
    (re.compile(r"\s*(?:\bpunto\b|\bpnto\b|\bdot\b)\s*", re.IGNORECASE), "."),
    (re.compile(r"\s*(?:\btrattino basso\b|\bunderscore\b|\bsottolineato\b)\s*", re.IGNORECASE), "_"),
    (re.compile(r"\s*(?:\btrattino\b|\bmeno\b)\s*", re.IGNORECASE), "-"),
)
_DIGITS = ("zero", "uno", "due", "tre", "quattro", "cinque", "sei", "sette", "otto", "nove")
_TEENS = (
    *("dieci", "undici", "dodici", "tredici", "quattordici", "quindici", "sedici", "diciassette", "diciotto"),
    "diciannove",
)
_TENS = ("venti", "trenta", "quaranta", "cinquanta", "sessanta", "settanta", "ottanta", "novanta")
_FEWEST_PARTS = 3


def written(text: str) -> str:
    """The text with a dictated address or number in signs and digits; any other text as it is."""
    if _AT.search(text):
        return _address(text)
    return _number(text)


def _address(text: str) -> str:
    local, host = _AT.split(text, maxsplit=1)
    for sign, typed in _SIGNS:
        local, host = sign.sub(typed, local), sign.sub(typed, host)
    return f"{local}@{host}"


def _number(text: str) -> str:
    parts = re.findall(r"[^\W\d_]+|\d+|[^\w\s]", text.lower())
    digits = [_digits(part) for part in parts]
    spoken = [found for part, found in zip(parts, digits, strict=True) if part.isalpha()]
    if None in spoken or not spoken or len(parts) < _FEWEST_PARTS:
        return text
    plus = "+" if parts[0] in {"più", "piu", "+"} else ""
    return plus + "".join(found or "" for found in digits)


def _digits(part: str) -> str | None:
    """The digits of one spoken number below a thousand; None for another word."""
    if part.isdigit():
        return part
    if part in {"più", "piu"}:
        return ""
    plain = part.replace("é", "e")
    hundred, cento, rest = plain.partition("cento")
    if cento and (hundred == "" or hundred in _DIGITS):
        first = str(_DIGITS.index(hundred)) if hundred else "1"
        below = _digits(rest) if rest else "00"
        return first + below.rjust(2, "0") if below is not None else None
    if plain in _DIGITS:
        return str(_DIGITS.index(plain))
    if plain in _TEENS:
        return str(10 + _TEENS.index(plain))
    for ten, name in enumerate(_TENS, start=2):
        for stem in (name, name[:-1]):
            if plain == name:
                return f"{ten}0"
            if plain.startswith(stem) and plain[len(stem) :] in _DIGITS[1:]:
                return f"{ten}{_DIGITS.index(plain[len(stem) :])}"
    return None
