"""Which numbers may be texted at all: asked when a message is written, and again before a provider gets it."""

from __future__ import annotations

import re

_ITALIAN_MOBILE = re.compile(r"\+393[0-9]{8,9}", re.ASCII)


def is_italian_mobile(number: str) -> bool:
    """Whether it is an Italian mobile in E.164: costly numbers elsewhere are what SMS are pumped to."""
    return _ITALIAN_MOBILE.fullmatch(number) is not None
