"""How a text is carried by SMS: the GSM 7-bit alphabet or UCS-2, and in how many parts (3GPP TS 23.038, 23.040)."""

from __future__ import annotations

from typing import Literal

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")  # an escape and a character: they count twice

# Units that one message carries alone, and in each part of a longer one (the header of the parts takes the rest).
_GSM_ALONE, _GSM_PART = 160, 153
_UCS2_ALONE, _UCS2_PART = 70, 67


def encoding_of(text: str) -> Literal["gsm7", "ucs2"]:
    """The cheapest encoding that has every character of the text."""
    return "gsm7" if all(character in _BASIC or character in _EXTENDED for character in text) else "ucs2"


def parts_of(text: str) -> int:
    """How many SMS the text takes."""
    if encoding_of(text) == "gsm7":
        units, alone, part = sum(2 if character in _EXTENDED else 1 for character in text), _GSM_ALONE, _GSM_PART
    else:
        units, alone, part = len(text.encode("utf-16-be")) // 2, _UCS2_ALONE, _UCS2_PART
    return 1 if units <= alone else -(-units // part)
