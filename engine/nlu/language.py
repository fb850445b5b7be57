"""Italian tokens with their place in the text, from the tokenizer of spaCy's blank `it`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import spacy
from spacy.lang.it import Italian

_PARTED = re.compile(r"[^,;:/()\[\]!?|+*=]+|[,;:/()\[\]!?|+*=]")


@dataclass(frozen=True)
class Token:
    """A token and its characters `start` to `end` in the text."""

    text: str
    start: int
    end: int


@cache
def pipeline() -> Italian:
    """`spacy.blank("it")`; built once a process."""
    return spacy.blank("it")  # type: ignore[return-value]


def tokens(text: str) -> list[Token]:
    """The tokens of a text without blanks; a comma, a slash or a bracket parts words (`mario,rossi`)."""
    found: list[Token] = []
    for token in pipeline().tokenizer(text.replace("’", "'")):
        if "@" in token.text:
            found.append(Token(token.text, token.idx, token.idx + len(token.text)))
        elif not token.is_space:
            for piece in _PARTED.finditer(token.text):
                found.append(Token(piece[0], token.idx + piece.start(), token.idx + piece.end()))
    return _with_particles(found)


def _with_particles(found: list[Token]) -> list[Token]:
    """`D'` and `Angelo` as one token: a name's elision is a part of the name."""
    joined: list[Token] = []
    for token in found:
        if joined and joined[-1].text in {"D'", "d'"} and joined[-1].end == token.start:
            joined[-1] = Token(joined[-1].text + token.text, joined[-1].start, token.end)
        else:
            joined.append(token)
    return joined


def foreign_words(codes: tuple[str, ...]) -> dict[str, list[str]]:
    """For each language, its commonest words as far as spaCy knows them; slow, for training."""
    from importlib import import_module

    return {code: sorted(import_module(f"spacy.lang.{code}.stop_words").STOP_WORDS) for code in codes}
