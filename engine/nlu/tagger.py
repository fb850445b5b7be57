"""Marks names of persons and companies in a text: a linear-chain CRF over word shapes, lexicons and the dictionary."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pycrfsuite

from engine.nlu import contacts
from engine.nlu.dictionary import Dictionary
from engine.nlu.language import Token, tokens
from engine.nlu.lexicon import Lexicon
from engine.nlu.normal import word

LABELS = ("person", "company")
_HIDDEN = 0.5  # share of lexicon hits that training doesn't see: most names of real people are in no lexicon
_ROUNDS = 60
_SIGNS = ".,;:&-'/()"


@dataclass(frozen=True)
class Span:
    """A marked part of a text: characters `start` to `end`, and what it is."""

    start: int
    end: int
    label: str


class Tagger:
    """Learns spans from examples and finds them in texts; spans never overlap."""

    def __init__(self, lexicon: Lexicon, dictionary: Dictionary) -> None:
        self._lexicon = lexicon
        self._dictionary = dictionary
        self._crf = pycrfsuite.Tagger()
        self._model = b""

    def fit(self, texts: Sequence[str], spans: Sequence[Sequence[Span]], path: Path, rounds: int = _ROUNDS) -> Tagger:
        """Train on texts and their spans; the model is written to `path` and opened from there."""
        chance = random.Random(1)
        trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
        trainer.set_params({"c1": 0.05, "c2": 0.05, "max_iterations": rounds, "feature.minfreq": 2})
        for text, marked in zip(texts, spans, strict=True):
            found = tokens(text)
            if found:
                trainer.append(self._features(text, found, chance), _labels(found, marked))
        trainer.train(str(path))
        return self.load(path)

    def load(self, path: Path) -> Tagger:
        """Open a trained model; the file is read whole."""
        self._model = path.read_bytes()  # kept: the tagger reads from this memory, it makes no copy
        self._crf.open_inmemory(self._model)
        return self

    def spans(self, text: str, found: list[Token] | None = None) -> list[Span]:
        """The persons, companies and contacts of a text in reading order."""
        found = tokens(text) if found is None else found
        if not found:
            return []
        marked = [Span(start, end, "contact") for start, end in contacts.find(text)]
        for span in _spans(found, self._crf.tag(self._features(text, found))):
            if not any(span.start < other.end and other.start < span.end for other in marked):
                marked.append(_whole(text, span))
        return sorted(marked, key=lambda span: span.start)

    def _features(self, text: str, found: list[Token], chance: random.Random | None = None) -> list[list[str]]:
        inside = contacts.find(text)
        single = [self._of_token(token, inside, chance) for token in found]
        return [_in_context(single, at) for at in range(len(single))]

    def _of_token(self, token: Token, inside: list[contacts.Span], chance: random.Random | None) -> list[str]:
        if any(start <= token.start < end for start, end in inside):
            return ["<contact>"]
        folded = word(token.text)
        marks = [
            f"w={folded}",
            f"s3={folded[-3:]}",
            f"s2={folded[-2:]}",
            f"p3={folded[:3]}",
            f"sh={_shape(token.text)}",
        ]
        hidden = chance is not None and chance.random() < _HIDDEN
        for name in self._lexicon.classes(folded):
            if not (hidden and name in {"given", "family"}):
                marks.append(f"in={name}")
        marks.append(f"dict={self._dictionary.knows(folded)}")
        return marks


def _in_context(single: list[list[str]], at: int) -> list[str]:
    features = ["bias", *single[at]]
    for step in (-2, -1, 1, 2):
        place = at + step
        if 0 <= place < len(single):
            kept = single[place] if abs(step) == 1 else single[place][:1] + single[place][5:]
            features += [f"{step}:{mark}" for mark in kept]
        elif abs(step) == 1:
            features.append(f"{step}:edge")
    if at and at + 1 < len(single):
        features.append(f"around:{single[at - 1][0]}|{single[at + 1][0]}")
    features.append(f"n={min(len(single), 6)}")
    return features


def _shape(text: str) -> str:
    if text.isdigit():
        return "0"
    if all(char in _SIGNS for char in text):
        return text
    case = "X" if text.isupper() and len(text) > 1 else "Xx" if text[0].isupper() else "x"
    return case + ("." if "." in text else "") + ("'" if "'" in text else "") + ("1" if len(text) == 1 else "")


def _labels(found: list[Token], marked: Iterable[Span]) -> list[str]:
    labels = ["O"] * len(found)
    for span in marked:
        if span.label not in LABELS:
            continue
        inside = [at for at, token in enumerate(found) if token.start < span.end and span.start < token.end]
        for order, at in enumerate(inside):
            labels[at] = f"{'I' if order else 'B'}-{span.label}"
    return labels


def _spans(found: list[Token], labels: list[str]) -> list[Span]:
    spans: list[Span] = []
    joined = False
    for token, label in zip(found, labels, strict=True):
        kind = label[2:]
        if label.startswith("B-") or (kind and (not spans or spans[-1].label != kind or not joined)):
            spans.append(Span(token.start, token.end, kind))
        elif kind:
            spans[-1] = Span(spans[-1].start, token.end, kind)
        joined = bool(kind)
    return spans


def _whole(text: str, span: Span) -> Span:
    """Without signs at its edges, with the last full stop of a legal form or an initial (`S.r.l.`, `& C.`)."""
    start, end = span.start, span.end
    while start < end and text[start] in " .,;:-/":
        start += 1
    while end > start and text[end - 1] in " ,;:-/!?.":
        end -= 1
    last = text[start:end].rsplit(" ", 1)[-1]
    if span.label == "company" and text[end : end + 1] == "." and ("." in last or last in {"C", "c", "coop", "Coop"}):
        end += 1
    return Span(start, end, span.label)
