"""The words that a customer wrote in the chat, which make no password of his: name, company, contact among them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from areaclienti.domain.passwords import personal_words
from areaclienti.domain.text import fold

_WORD = re.compile(r"[^\W\d_]+")
_EMAIL = re.compile(r"\S+@\S+\.\S+")
_NUMBER = re.compile(r"\+?[0-9](?:[ ./-]?[0-9]){8,12}")
_MOST_WORDS = 40  # of one message: who writes more is not saying his name
_SHORTEST = 3
_MOST_JOINED = 3  # «Maria Grazia Rossi», «Officine Ferrara srl»


def personal_words_in(texts: Iterable[str]) -> frozenset[str]:
    """What `domain.passwords.failed_rules` takes as `personal`: each word, neighbours joined in either order, what
    stands before the @ of an address, numbers. The gateway knows no names, so whatever was written counts.
    """
    return frozenset(word for text in texts for word in _of(text) if len(word) >= _SHORTEST)


def _of(text: str) -> Iterator[str]:
    yield from personal_words([], [*_EMAIL.findall(text), *_NUMBER.findall(text)])
    words = _WORD.findall(fold(_EMAIL.sub(" ", text)))[:_MOST_WORDS]
    for first in range(len(words)):
        for last in range(first + 1, min(first + _MOST_JOINED, len(words)) + 1):
            yield "".join(words[first:last])
            yield "".join(reversed(words[first:last]))
