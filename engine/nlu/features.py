"""What the intent classifier sees of a message: words, letters, word classes, and its structure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from engine.nlu.dictionary import Dictionary
from engine.nlu.language import Token
from engine.nlu.lexicon import Lexicon
from engine.nlu.normal import fold, words
from engine.nlu.spans import Span

_EMOJI = re.compile(r"[\U0001F000-\U0001FAFF\u2600-\u27BF\u2B50\u2764]")
_LETTERS = (2, 3, 4, 5)
_LEVELS = (0.02, 0.1, 0.3, 0.6, 0.9, 0.99)
_SCRIPTS = {
    "cyrillic": re.compile(r"[\u0400-\u04FF]"),
    "arabic": re.compile(r"[\u0600-\u06FF]"),
    "asian": re.compile(r"[\u0900-\u0DFF\u3040-\u30FF\u4E00-\u9FFF\uAC00-\uD7AF]"),
    "greek": re.compile(r"[\u0370-\u03FF]"),
}
_ASKING = frozenset(
    [
        *("come", "cosa", "che", "chi", "quando", "quanto", "quanta", "quanti", "quante", "quale", "quali", "dove"),
        *("perche", "posso", "devo", "serve", "si", "puo", "ma", "ce", "e"),
    ]
)


class Features:
    """Features of a message as strings, in groups that are weighed apart."""

    def __init__(self, lexicon: Lexicon, dictionary: Dictionary, common: frozenset[str] = frozenset()) -> None:
        self._lexicon = lexicon
        self._dictionary = dictionary
        self.common = common  # words that stand for themselves in the skeleton of a message

    def groups(
        self, text: str, tokens: Sequence[Token], spans: Sequence[Span], likely: Mapping[str, float]
    ) -> dict[str, Counter[str]]:
        """The features of a text whose names, contacts are marked: seen as their kind, not as letters.

        `likely`: how likely the text holds a person or a company, also where none is marked.
        """
        masked = _masked(text, spans)
        flat = [part for piece in masked for part in (words(piece) if not piece.startswith("<") else [piece])]
        skeleton = [self._class(one) for one in flat]
        lemmas = [one if one.startswith("<") else self._dictionary.lemma(one) for one in flat if one[0] not in ".,;:-!"]
        return {
            "word": Counter(_ngrams(flat, 1, 3)),
            "lemma": Counter(_ngrams(lemmas, 1, 2)),
            "letters": Counter(_letters(flat)),
            "skeleton": Counter(_ngrams(skeleton, 1, 4)),
            "structure": Counter((*self._structure(text, flat, tokens, spans), *_likelihoods(likely))),
        }

    def _class(self, one: str) -> str:
        if one.startswith("<") or one in self.common or not one[0].isalnum():
            return one
        if one[0] == "0":
            return "<number>"
        listed = self._lexicon.classes(one)
        for name in ("form", "trade", "given", "family"):
            if name in listed:
                return f"<{name}>"
        if any(name.startswith("foreign") for name in listed) and not self._dictionary.knows(one):
            return "<foreign>"
        parts = self._dictionary.parts(one)
        return f"<{parts[0]}>" if parts else "<unknown>"

    def _structure(self, text: str, flat: list[str], tokens: Sequence[Token], spans: Sequence[Span]) -> Iterator[str]:
        plain = [one for one in flat if one[0].isalpha()]
        marked = Counter(span.label for span in spans)
        yield f"length={min(len(plain), 12)}"
        for label, times in marked.items():
            yield f"has={label}"
            yield f"times={label}:{min(times, 2)}"
        yield "kinds=" + "+".join(sorted(marked))
        covered = sum(span.end - span.start for span in spans)
        rest = max(len(re.sub(r"\W", "", text)) - covered, 0) if marked else 99
        yield f"uncovered={'none' if rest <= 1 else 'little' if rest < 12 else 'much' if rest < 99 else 'all'}"
        if "?" in text:
            yield "question"
        if plain and plain[0] in _ASKING:
            yield f"asks={plain[0]}"
        if not plain:
            yield "no words"
        if _EMOJI.search(text):
            yield "emoji"
        if len(text) > 3 and text.isupper():
            yield "shouted"
        digits = sum(char.isdigit() for char in text)
        yield f"digits={min(digits, 3) if digits < 4 else '4-5' if digits < 6 else '6+'}"
        known = [self._dictionary.knows(one) or one in self.common for one in plain]
        unknown = known.count(False)
        yield f"unknown={min(unknown, 3)}/{min(len(known), 4)}"
        yield from self._foreign(text, plain)
        for one in plain:
            for name in self._lexicon.classes(one):
                if not name.startswith("foreign"):
                    yield f"lists={name}"
        for one in plain:
            if len(one) > 3 and not re.search(r"[aeiouy]", one):
                yield "no vowels"

    def _foreign(self, text: str, plain: list[str]) -> Iterator[str]:
        for script, pattern in _SCRIPTS.items():
            if pattern.search(text):
                yield f"script={script}"
                yield "foreign script"
        hits: Counter[str] = Counter()
        for one in {fold(part) for part in plain}:
            if not self._dictionary.knows(one):
                hits.update(name for name in self._lexicon.classes(one) if name.startswith("foreign"))
        if hits:
            most = max(hits.values())
            yield f"foreign={min(most, 3)}"
            yield f"foreign share={round(4 * most / len(plain))}"


def _likelihoods(likely: Mapping[str, float]) -> Iterator[str]:
    for label, chance in likely.items():
        level = sum(chance >= limit for limit in _LEVELS)
        yield from (f"{label} from {_LEVELS[at]}" for at in range(level))


def _masked(text: str, spans: Sequence[Span]) -> list[str]:
    pieces, at = [], 0
    for span in spans:
        pieces += [text[at : span.start], f"<{span.label}>"]
        at = span.end
    return [piece for piece in (*pieces, text[at:]) if piece.strip()]


def _ngrams(parts: Sequence[str], fewest: int, most: int) -> Iterator[str]:
    edged = ["^", *parts, "$"]
    for size in range(fewest, most + 1):
        for at in range(len(edged) - size + 1):
            if size > 1 or 0 < at < len(edged) - 1:
                yield " ".join(edged[at : at + size])


def _letters(parts: Iterable[str]) -> Iterator[str]:
    for part in parts:
        if part.startswith("<"):
            continue
        padded = f" {part} "
        for size in _LETTERS:
            for at in range(max(len(padded) - size + 1, 1)):
                yield padded[at : at + size]


def common_words(texts: Iterable[Iterable[str]], fewest: int) -> frozenset[str]:
    """The words that occur in at least so many messages."""
    counts = Counter(one for text in texts for one in set(text))
    return frozenset(one for one, times in counts.items() if times >= fewest)
