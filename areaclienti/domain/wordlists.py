"""Reads the word lists that the rules share; each file is read once."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def words(name: str) -> tuple[str, ...]:
    """The entries of `data/<name>.txt` in file order, one a line, without blanks and `#` comments."""
    text = files("areaclienti.domain").joinpath("data", f"{name}.txt").read_text(encoding="utf-8")
    lines = (line.split("#", 1)[0].strip() for line in text.splitlines())
    return tuple(line for line in lines if line)


@cache
def word_set(name: str) -> frozenset[str]:
    """The same entries as a set, for look-ups. A line may hold several words, parted by blanks."""
    return frozenset(word for line in words(name) for word in line.split())
