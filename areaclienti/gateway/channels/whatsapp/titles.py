"""Shortens the titles of choices to what a button or a list row holds: by rule, never in a word, unique afterwards."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from areaclienti.gateway.channels.whatsapp.characters import clip, is_visible, length

_ELIDED = re.compile(r"(?<=['’])(?=\w)")  # dell'Area: two words


@dataclass(frozen=True)
class Shortening:
    """The words that the rules know (texts.yml)."""

    known: Mapping[str, str]  # whole titles, with how they are said shortly
    prefixes: Sequence[str]  # first words that can be left out
    articles: frozenset[str]
    joiners: frozenset[str]  # words that don't end a title
    numbered: str  # "Scelta {number}", for a title of which nothing fits


def shorten(titles: Sequence[str], most: int, rules: Shortening) -> list[str]:
    """The titles, each of at most `most` characters, no two the same, none empty.

    What fits stays. What doesn't: its known short form; else without its articles; else without a known prefix; else
    cut after a word that can end it. Equal ones get a number.
    """
    shown: list[str] = []
    taken: set[str] = set()
    for number, title in enumerate(titles, start=1):
        short = _short(" ".join(title.split()), most, rules)
        short = short if is_visible(short) else rules.numbered.format(number=number)
        unique = short if short.casefold() not in taken else _another(short, most, taken, rules)
        taken.add(unique.casefold())
        shown.append(unique)
    return shown


def _short(title: str, most: int, rules: Shortening) -> str:
    if length(title) <= most:
        return title
    known = rules.known.get(title)
    if known is not None and length(known) <= most:
        return known
    bare = _without_articles(title, rules)
    if length(bare) <= most:
        return bare
    core = _without_prefix(title, rules)
    for whole in (core, _without_articles(core, rules)):
        if whole != title and length(whole) <= most:
            return whole
    return max(_cut(title, most, rules), _cut(bare, most, rules), key=length)


def _without_articles(title: str, rules: Shortening) -> str:
    words = _ELIDED.sub(" ", title).split()
    kept = [word for word in words if word.casefold().replace("’", "'") not in rules.articles]
    joined = " ".join(kept)
    return re.sub(r"(['’]) ", r"\1", joined)


def _without_prefix(title: str, rules: Shortening) -> str:
    for prefix in sorted(rules.prefixes, key=len, reverse=True):
        rest = title[len(prefix) :].lstrip()
        if rest and title.casefold().startswith(f"{prefix.casefold()} "):
            return rest[0].upper() + rest[1:]
    return title


def _cut(title: str, most: int, rules: Shortening) -> str:
    words = clip(title, most).split()
    endless = rules.articles | rules.joiners
    while words and words[-1].casefold().strip(",;:.-–(").replace("’", "'") in endless | {""}:
        words.pop()
    return " ".join(words).rstrip(",;:-–( ")


def _another(short: str, most: int, taken: set[str], rules: Shortening) -> str:
    """The same words with a number that nobody has yet."""
    for count in itertools.count(2):
        mark = f" ({count})"
        base = _cut(short, most - length(mark), rules) if length(short) + length(mark) > most else short
        candidate = f"{base}{mark}" if base else rules.numbered.format(number=count)
        if candidate.casefold() not in taken:
            return candidate
    raise AssertionError("unreachable: numbers don't end")
