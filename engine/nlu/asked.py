"""Reads the name out of what answers the question for one: a CRF for persons, a CRF for companies."""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import pycrfsuite

from engine.nlu.dictionary import Dictionary
from engine.nlu.edges import settled
from engine.nlu.language import Token, tokens_of_names
from engine.nlu.lexicon import Lexicon
from engine.nlu.normal import word
from engine.nlu.spans import Part, Span, labels_of, spans_of
from engine.nlu.word_features import WordFeatures

_ROUNDS = 45
_IN_A_TOWN = re.compile(
    r"(?P<form>\b(?:s\.?\s?r\.?\s?l\.?\s?s?|s\.?p\.?a|s\.?n\.?c|s\.?a\.?s|coop|scarl)\b\.?),?"
    r"\s+(?:di|in|a|da)\s+(?P<town>\w[\w' ]*)$",
    re.IGNORECASE,
)
_JOINING = frozenset({"di", "de", "del", "della", "dei", "degli", "e", "da", "la", "il", "le", "i", "lo", "l"})
_SURELY_NONE = 0.95  # from what chance on a word is no name's, whether it is known or not
_BESIDE = 3.0  # a word beside the likeliest one belongs to the name when it is at most so many times less likely


@dataclass(frozen=True)
class Answer:
    """The parts of a name in reading order, as characters of the text, and how likely a name is there (0 to 1).

    Where none is likely the parts are those it would have.
    """

    parts: tuple[Part, ...]
    likely: float


class AnswerTagger:
    """Finds the name of one kind (`person`, `company`) in a message, on the understanding that it was asked for."""

    def __init__(self, kind: str, lexicon: Lexicon, dictionary: Dictionary, talk: Collection[str] = ()) -> None:
        """`talk`: words that stand where no name is (`lessons.talk`)."""
        self._kind = kind
        self._talk = frozenset(talk)
        self._lexicon = lexicon
        self._features = WordFeatures(lexicon, dictionary, is_brief=True)
        self._crf = pycrfsuite.Tagger()
        self._model = b""

    def fit(self, lessons: Iterable[tuple[str, tuple[Part, ...]]], path: Path) -> AnswerTagger:
        """Train on texts and the parts of the name in each; the model is written to `path` and opened from there."""
        chance = random.Random(1)
        trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
        trainer.set_params({"c1": 0.05, "c2": 0.05, "max_iterations": _ROUNDS, "feature.minfreq": 3})
        for text, parts in lessons:
            found = tokens_of_names(text)
            if found:
                marked = [Span(start, end, self._kind) for start, end in parts]
                trainer.append(self._seen(text, found, chance), labels_of(found, marked, {self._kind}))
        trainer.train(str(path))
        return self.load(path)

    def load(self, path: Path) -> AnswerTagger:
        """Open a trained model; the file is read whole."""
        self._model = path.read_bytes()  # kept: the tagger reads from this memory, it makes no copy
        self._crf.open_inmemory(self._model)
        return self

    def read(self, text: str) -> Answer:
        """The name that the text answers with."""
        found = tokens_of_names(text)
        if not found:
            return Answer((), 0.0)
        self._crf.set(self._seen(text, found))
        labels = self._crf.tag()
        likely = 1 - self._crf.probability(["O"] * len(found))
        if not any(label != "O" for label in labels):
            labels = self._likeliest(len(found))
        elif self._kind == "company" and self._is_nothing_but_a_name(found, labels):
            labels = [f"B-{self._kind}", *[f"I-{self._kind}"] * (len(found) - 1)]
        spans = settled(text, spans_of(found, labels), was_asked=True)
        parts = (self._without_town(text, span) for span in spans if span.start < span.end)
        return Answer(tuple(parts), likely)

    def _without_town(self, text: str, span: Span) -> Part:
        """`Neri srl` of `Neri srl di Lecco`; but `Neri snc di Lecco Ugo`, and `di Rossi` is a partner."""
        where = _IN_A_TOWN.search(text, span.start, span.end) if self._kind == "company" else None
        if where and self._is_town(where["town"]):
            return span.start, where.end("form")
        return span.start, span.end

    def _is_town(self, name: str) -> bool:
        listed = [self._lexicon.classes(word(part)) for part in name.split()]
        return "town" in listed[-1] and not any({"given", "family"} & set(classes) for classes in listed)

    def chances(self, text: str) -> list[dict[str, float]]:
        """For each token (`tokens_of_names`) how likely each label is, 0 to 1."""
        found = tokens_of_names(text)
        self._crf.set(self._seen(text, found))
        return [{label: self._crf.marginal(label, at) for label in self._crf.labels()} for at in range(len(found))]

    def _is_nothing_but_a_name(self, found: list[Token], labels: list[str]) -> bool:
        """Whether what was not marked is no talk either: `Le Querce, vini e oli`, of which a part was."""
        left = [
            (at, word(token.text))
            for at, (token, label) in enumerate(zip(found, labels, strict=True))
            if label == "O" and token.text[0].isalnum()
        ]
        told = [one for _, one in left if one not in _JOINING]
        if not told or any(one in self._talk or "town" in self._lexicon.classes(one) for one in told):
            return False
        return all(self._crf.marginal("O", at) < _SURELY_NONE for at, _ in left)

    def _likeliest(self, length: int) -> list[str]:
        """The labels of the one name that would be there."""
        chances = [1 - self._crf.marginal("O", at) for at in range(length)]
        first = last = chances.index(max(chances))
        least = chances[first] / _BESIDE
        while first and chances[first - 1] >= least:
            first -= 1
        while last + 1 < length and chances[last + 1] >= least:
            last += 1
        inside = [f"I-{self._kind}"] * (last - first)
        return ["O"] * first + [f"B-{self._kind}", *inside] + ["O"] * (length - last - 1)

    def _seen(self, text: str, found: list[Token], chance: random.Random | None = None) -> list[list[str]]:
        """The words' features, with their place and what a capital says in this text."""
        case = "upper" if text.isupper() else "mixed" if any(map(str.isupper, text)) else "lower"
        rows = self._features.of(text, found, chance)
        for at, (row, token) in enumerate(zip(rows, found, strict=True)):
            is_capital = token.text[:1].isupper()
            row += [f"case={case}:{is_capital}", f"from={min(at, 3)}", f"left={min(len(found) - 1 - at, 3)}"]
        return rows
