"""Text as people type it, brought to one form: apostrophes, dashes, blanks, invisible characters, accents."""

from __future__ import annotations

import re
import unicodedata

APOSTROPHE = "'"
_APOSTROPHES = "’‘‛ʼʻʽʹˈˊˋ′‵`´＇ʾʿ՚Ꞌꞌ΄᾽᾿῾"
_DASHES = "‐‑‒–—―−﹘﹣－⁃"
_UNIFIED = str.maketrans(
    dict.fromkeys(_APOSTROPHES, APOSTROPHE) | dict.fromkeys(_DASHES, "-") | dict.fromkeys("“”„‟«»＂", '"')
)
# Letters that Unicode does not decompose into a base letter and a mark.
_PLAIN_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŋ": "n", "ŧ": "t"}
)
# Letters that passports write with two (ICAO Doc 9303, part 3, section 6), where most people write one.
_PASSPORT_LETTERS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "Ø": "Oe", "Å": "Aa"}
)


def tidy(text: str) -> str:
    """One line of NFKC text: apostrophes, quotes and dashes unified, invisible characters dropped, blanks single.

    Idempotent. Letters keep their case and accents.
    """
    if text.isascii() and text.isprintable() and "`" not in text:
        return " ".join(text.split())  # nearly all text: nothing else below would change it
    # Before NFKC, which would turn a spacing acute (U+00B4) into a blank and a combining mark.
    text = unicodedata.normalize("NFKC", text.translate(_UNIFIED)).translate(_UNIFIED)
    text = "".join(_visible(char) for char in text)
    return " ".join(unicodedata.normalize("NFKC", text).split())


def fold(text: str) -> str:
    """`tidy` text without accents and case, for comparing. Idempotent."""
    text = tidy(text).casefold()
    if text.isascii():
        return text  # nothing to take off
    decomposed = unicodedata.normalize("NFKD", text).translate(_PLAIN_LETTERS)
    bare = "".join(char for char in decomposed if not unicodedata.combining(char))
    # Case folding can yield a new decomposable letter (as for U+0130): once more settles it.
    settled = unicodedata.normalize("NFKD", bare.casefold())
    return "".join(char for char in settled if not unicodedata.combining(char))


def passport_letters(text: str) -> str:
    """The text with the letters that have two plain spellings in their longer one: `Müller` → `Mueller`."""
    return text if text.isascii() else unicodedata.normalize("NFC", text).translate(_PASSPORT_LETTERS)


def without_emoji(text: str) -> str:
    """The text without emoji and other pictures before and after it; what stands between words stays."""
    start, end = 0, len(text)
    while start < end and _is_picture(text[start]):
        start += 1
    while end > start and _is_picture(text[end - 1]):
        end -= 1
    return text[start:end].strip() if end - start < len(text) else text


def phrase_pattern(phrases: tuple[str, ...]) -> str:
    """A regular expression for any of `phrases`, the longest first; a dot is optional, and so are blanks after it."""
    parts = (re.escape(phrase).replace(r"\.", r"\.?\s*").replace(r"\ ", r"\s+") for phrase in phrases)
    return "|".join(sorted(parts, key=len, reverse=True))


def _is_picture(char: str) -> bool:
    # Sk has the skin tones; the variation selector asks for the coloured form; a blank may part two of them.
    return not char.isascii() and (unicodedata.category(char) in ("So", "Sk") or char == "\ufe0f")


def _visible(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Cf":
        return ""  # zero-width and bidirectional marks, as phones paste them around numbers
    return " " if category in ("Cc", "Zs", "Zl", "Zp") else char
