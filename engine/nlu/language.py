"""Italian tokens with their place in the text, from the tokenizer of spaCy's blank `it`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import spacy
from spacy.lang.it import Italian

_PARTED = re.compile(r"[^,;:/()\[\]!?|+*=]+|[,;:/()\[\]!?|+*=]")


_DOTTED = re.compile(r"([^\W\d_]{3,})(\.)([^\W\d_]{3,})")  # `mario.rossi`, `srl.grazie`
_ACRONYM = re.compile(r"(?<!\w)(?:[^\W\d_]{1,3}\.){2,}[^\W\d_]{0,4}(?!\w)\.?")  # `Co.Ge.Ma.`, `s.r.l.`


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


def tokens_of_names(text: str) -> list[Token]:
    """The tokens where a name is looked for: a dot parts words (`mario.rossi`), but not an acronym (`Co.Ge.Ma.`)."""
    return _with_acronyms(text, [part for token in tokens(text) for part in _without_dot(token)])


def _without_dot(token: Token) -> list[Token]:
    dotted = _DOTTED.fullmatch(token.text)
    if not dotted:
        return [token]
    return [Token(dotted[part], token.start + dotted.start(part), token.start + dotted.end(part)) for part in (1, 2, 3)]


def _with_acronyms(text: str, found: list[Token]) -> list[Token]:
    """`Co.Ge.Ma.` as one token."""
    for whole in _ACRONYM.finditer(text):
        inside = [at for at, token in enumerate(found) if whole.start() <= token.start and token.end <= whole.end()]
        if len(inside) > 1:
            end = found[inside[-1]].end
            found[inside[0] : inside[-1] + 1] = [Token(text[whole.start() : end], whole.start(), end)]
    return found


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
