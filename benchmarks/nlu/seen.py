"""Tells which messages stand word for word in the training data: two people write `buongiorno` without copying."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

DATA = Path(__file__).parents[2] / "data" / "nlu"
_EXAMPLE = "    - "
_ANNOTATION = re.compile(r"\[([^]]+)\](?:\([^)]*\)|\{[^}]*\})")


def is_seen(text: str) -> bool:
    """Whether an example of the training data has the same words, whatever its case and signs."""
    return _plain(text) in _trained()


@cache
def _trained() -> frozenset[str]:
    lines = (line for path in DATA.glob("*.yml") for line in path.read_text("utf-8").splitlines())
    return frozenset(
        _plain(_ANNOTATION.sub(r"\1", line.removeprefix(_EXAMPLE))) for line in lines if line.startswith(_EXAMPLE)
    )


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", " ", text.casefold()).split()) or text
