"""Counts text as WhatsApp's limits are kept here, and cuts it where no word and no character is broken."""

from __future__ import annotations

import re
import unicodedata

_JOINER = "\u200d"
_SPACE = re.compile(r"\s")
_SENTENCE_END = re.compile(r"(?<=[.!?…:;])\s+")
_LINE_END = re.compile(r"\n")
_PARAGRAPH_END = re.compile(r"\n\s*\n")


def length(text: str) -> int:
    """The characters of a text, in UTF-16 units.

    Meta's documents say "characters" and not which. UTF-16 units are never fewer than code points or what a reader
    counts, so a text within a limit by this count is within it by each of the three.
    """
    return len(text) + sum(character > "\uffff" for character in text)


def is_visible(text: str) -> bool:
    """Whether the text has anything to see."""
    return any(unicodedata.category(character)[0] in "LNPS" for character in text)


def split(text: str, most: int) -> list[str]:
    """The text in pieces of at most `most` characters, cut between paragraphs where the pieces stay at least half full,
    else lines, sentences, words. A word longer than a piece is cut between characters.
    """
    pieces: list[str] = []
    rest = text.strip()
    while length(rest) > most:
        cut = _cut(rest, most)
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*pieces, rest] if rest else pieces


def ending(text: str, most: int) -> tuple[str, str]:
    """A text in two: what comes before, and an ending of at most `most` characters that begins with a paragraph, a
    line, a sentence or a word. The ending is the whole text where that fits, and never empty unless the text is.
    """
    text = text.strip()
    if length(text) <= most:
        return "", text
    shortest = len(text) - _fitting(text[::-1], most)
    for boundary in (_PARAGRAPH_END, _LINE_END, _SENTENCE_END, _SPACE):
        found = boundary.search(text, shortest - 1)
        if found and text[found.end() :].strip():
            return text[: found.start()].rstrip(), text[found.end() :].lstrip()
    at = next((place for place in range(shortest, len(text)) if _is_boundary(text, place)), shortest)
    return text[:at].rstrip(), text[at:].lstrip()


def clip(text: str, most: int) -> str:
    """The longest beginning of whole words that has at most `most` characters; empty when the first word is longer."""
    if length(text) <= most:
        return text
    end = _fitting(text, most)
    if _SPACE.match(text[end]):
        return text[:end].rstrip()
    spaces = [space.start() for space in _SPACE.finditer(text, 0, end)]
    return text[: spaces[-1]].rstrip() if spaces else ""


def _cut(text: str, most: int) -> int:
    end = _fitting(text, most)
    for boundary in (_PARAGRAPH_END, _LINE_END, _SENTENCE_END):
        places = [found.start() for found in boundary.finditer(text) if end // 2 <= found.start() <= end]
        if places:
            return places[-1]
    spaces = [found.start() for found in _SPACE.finditer(text) if 0 < found.start() <= end]
    if spaces:
        return spaces[-1]
    return next((place for place in range(end, 0, -1) if _is_boundary(text, place)), end)


def _fitting(text: str, most: int) -> int:
    """How many code points of the text fit."""
    units = 0
    for index, character in enumerate(text):
        units += 2 if character > "\uffff" else 1
        if units > most:
            return index
    return len(text)


def _is_boundary(text: str, place: int) -> bool:
    """Whether a reader sees two characters there: accents, joined emoji, their colours and flags stay whole."""
    before, after = text[place - 1], text[place]
    if _JOINER in (before, after) or _extends(after):
        return False
    return not (_is_flag_half(before) and _is_flag_half(after))


def _extends(character: str) -> bool:
    is_mark = unicodedata.category(character) in ("Mn", "Me", "Mc")
    return is_mark or "\ufe00" <= character <= "\ufe0f" or "\U0001f3fb" <= character <= "\U0001f3ff"


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"
