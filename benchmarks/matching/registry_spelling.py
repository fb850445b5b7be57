"""How a registry writes a person's name, and the share of each way."""

from __future__ import annotations

import re

from benchmarks.matching.spelling import accents_apart, plain, usual

# How a registry writes a name, with the share of its rows: most were keyed in upper case on typewriter keyboards.
SPELLINGS = {
    "proper": 24,
    "upper": 10,
    "upper_apostrophes": 32,  # NICOLO'
    "upper_plain": 16,  # NICOLO; D'ANGELO keeps its apostrophe
    "title_plain": 6,
    "lower": 2,
    "joined": 4,  # DELUCA, DANGELO
    "passport": 4,  # MUELLER; only names with such letters differ from upper_plain
    "double_blanks": 2,
}
_PARTICLE = re.compile(
    r"^(De|Di|Del|Della|Dello|Degli|Dei|Dal|Dalla|Dalle|Da|Lo|La|Li|Le|El|Al|Dela|dos|da|de)[ -](?=\w)", re.I
)


def joined_particle(family: str) -> str:
    """A family name joined with its particle (De Luca → Deluca, Al-Masri → Almasri, D'Angelo → Dangelo)."""
    text = family
    while (shorter := _PARTICLE.sub(lambda found: found[1], text)) != text:
        text = shorter
    text = text.replace("'", "")
    return text if text == family or " " in text else text[0] + text[1:].lower()


def registry_spelling(text: str, spelling: str, *, family: bool = True) -> str:
    """A name as the registry of that spelling holds it."""
    match spelling:
        case "upper":
            return text.upper()
        case "upper_apostrophes":
            return accents_apart(text).upper()
        case "upper_plain":
            return plain(text).upper()
        case "title_plain":
            return plain(text)
        case "lower":
            return text.lower()
        case "joined":
            return plain(joined_particle(text) if family else text).upper()
        case "passport":
            return usual(text).upper()
        case "double_blanks":
            return text.replace(" ", "  ").upper() + " "
    return text
