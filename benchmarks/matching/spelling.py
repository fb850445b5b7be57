"""How a name is written with other letters and signs, and which names a greedy key could take for one."""

from __future__ import annotations

import random
import re
import unicodedata
from functools import lru_cache

from benchmarks.matching.words import words

_PLAIN = str.maketrans(words("transliterations")["plain"])
_USUAL = str.maketrans(words("transliterations")["usual"])
_APOSTROPHES: list[str] = [sign for sign in words("signs")["apostrophes"] if sign != "'"]
_FINAL_ACCENT = re.compile(r"(?<=\w)[àèéìòùÀÈÉÌÒÙ]\b")
_UMLAUT = re.compile("[" + "".join(words("transliterations")["usual"]) + "]")


def plain(text: str) -> str:
    """Without accents and other marks, foreign letters by their nearest Latin one (ø → o, ß → ss)."""
    if text.isascii():
        return text
    return "".join(c for c in unicodedata.normalize("NFKD", text.translate(_PLAIN)) if not unicodedata.combining(c))


def usual(text: str) -> str:
    """As passports write it in plain letters (ü → ue, ø → oe, å → aa); what is left has no marks either."""
    return plain(text.translate(_USUAL))


def has_umlaut(text: str) -> bool:
    """Whether a letter has two plain spellings, so that `plain` and `usual` differ."""
    return bool(_UMLAUT.search(text))


def accents_apart(text: str, sign: str = "'") -> str:
    """The accent of a word's last letter as a sign after it (Nicolò → Nicolo'); other marks are dropped."""
    return plain(_FINAL_ACCENT.sub(lambda accented: plain(accented[0]) + "\0", text)).replace("\0", sign)


def other_apostrophe(rng: random.Random) -> str:
    """A code point that is put where an apostrophe is meant; never the typewriter's."""
    return rng.choice(_APOSTROPHES)


def full_width(text: str) -> str:
    """ASCII in the full-width forms of East Asian keyboards."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else "\u3000" if c == " " else c for c in text)


@lru_cache(maxsize=65536)
def letters(text: str) -> str:
    """Letters and digits alone, folded: the greediest key that still tells names with different letters apart."""
    return "".join(c for c in plain(text).casefold() if c.isalnum() and c not in _APOSTROPHES)


def fold_together(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Whether a key without blanks, signs, accents and order could take two (given, family) for one person."""
    return bool(_keys(one) & _keys(other))


def _keys(name: tuple[str, str]) -> set[tuple[str, ...]]:
    keys = set()
    for spell in (plain, usual) if has_umlaut("".join(name)) else (plain,):
        keys.add(tuple(sorted(letters(spell(part)) for part in name)))
        # The boundary between given and family name, and the order of all words, may be lost as well.
        keys.add(tuple(sorted(letters(word) for word in re.split(r"[\s'-]+", spell(" ".join(name))))))
    return keys


def distance(one: str, other: str) -> int:
    """Edits (insert, drop, replace a letter) that lead from one text to the other."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        last, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (a != b))
    return row[-1]
