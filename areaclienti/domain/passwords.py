"""The password rule of the manual (5a, 5b), and a list of passwords that everybody tries first."""

from __future__ import annotations

import re
from functools import cache

from areaclienti.domain.text import fold
from areaclienti.domain.wordlists import word_set

MIN_LENGTH = 8
MAX_LENGTH = 128
# In the order in which the manual's screen lists them; the last two are ours (docs/contracts.md).
RULES = ("min_length", "uppercase", "lowercase", "digit", "too_long", "too_common")

_LOOKALIKES = str.maketrans("0134578@$!€", "oieastbasie")
_EDGES = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_NO_LETTER = re.compile(r"[\W\d_]")
_NO_DIGIT = re.compile(r"[^0-9]")
_FEWEST_DISTINCT = 4
_FEW_LETTERS = 3  # `12345678Aa` is still a run of digits


def failed_rules(password: str) -> list[str]:
    """The rules that `password` breaks, in the order of RULES; empty when it is good. Lengths are in characters."""
    broken = {
        "min_length": len(password) < MIN_LENGTH,
        "uppercase": not any(char.isupper() for char in password),
        "lowercase": not any(char.islower() for char in password),
        "digit": not any(char in "0123456789" for char in password),
        "too_long": len(password) > MAX_LENGTH,
        "too_common": MIN_LENGTH <= len(password) <= MAX_LENGTH and _too_common(password),
    }
    return [rule for rule in RULES if broken[rule]]


def _too_common(password: str) -> bool:
    """Whether it is a listed word or pattern, with or without digits and signs around it or in place of letters."""
    plain = fold(password)
    if len(set(plain)) < _FEWEST_DISTINCT:
        return True
    readings = {plain, plain.translate(_LOOKALIKES)}
    bases = {_EDGES.sub("", reading) for reading in readings} | {_EDGES.sub("", plain).translate(_LOOKALIKES)}
    letters, digits = _NO_LETTER.sub("", plain), _NO_DIGIT.sub("", plain)
    if len(letters) <= _FEW_LETTERS and digits in _common():
        return True
    return any(_known(reading) for reading in readings | bases | {letters})


def _known(reading: str) -> bool:
    common = _common()
    if reading in common:
        return True
    # `mariomario`, `ciaociao`: a listed word said twice.
    half, odd = divmod(len(reading), 2)
    return not odd and half > 2 and reading[:half] == reading[half:] and reading[:half] in common


@cache
def _common() -> frozenset[str]:
    names = frozenset(fold(name) for name in word_set("given_names"))
    return frozenset(fold(word) for word in word_set("common_passwords")) | names
