"""Keeps the marks by which WhatsApp formats text from garbling what a text has in it: masks, addresses, names."""

from __future__ import annotations

import re
import unicodedata

# *bold*, _italic_, ~struck~, `code`, and "> " for a quotation at a line's beginning.
# https://faq.whatsapp.com/539178204879377 (How to format your messages)
_LOOKALIKES = {"*": "∗", "_": "ˍ", "~": "∼", "`": "ˋ"}
_MARK = re.compile(r"[*_~`]")
_QUOTATION = re.compile(r"^>(?=\s)", re.MULTILINE)


def plain(text: str) -> str:
    """The text without a mark that could begin or end a format: such a mark becomes a character that looks the same.

    A mark between two letters or digits formats nothing and stays, so that mario_rossi@… can be copied as it is.
    """
    return _QUOTATION.sub("›", _MARK.sub(_as_read, text))


def printable(text: str) -> str:
    """The text without control characters other than the end of a line."""
    return "".join(" " if unicodedata.category(one) == "Cc" and one != "\n" else one for one in text)


def _as_read(mark: re.Match[str]) -> str:
    text, start, end = mark.string, mark.start(), mark.end()
    is_inside_word = start > 0 and end < len(text) and text[start - 1].isalnum() and text[end].isalnum()
    return mark[0] if is_inside_word and mark[0] != "`" else _LOOKALIKES[mark[0]]
