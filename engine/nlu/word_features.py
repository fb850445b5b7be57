"""What the CRFs see of each word: its shape, endings, lists and parts of speech, and those of its neighbours."""

from __future__ import annotations

import random
from dataclasses import dataclass

from engine.nlu import contacts
from engine.nlu.dictionary import Dictionary
from engine.nlu.language import Token
from engine.nlu.lexicon import Lexicon
from engine.nlu.normal import word

_DENYING = {"non", "invece", "anziche"}
_HIDDEN = 0.4  # share of lexicon hits that training doesn't see: most names of real people are in no lexicon
_BESIDE = {"w=", "in", "sh", "is", "s3", "<c"}  # what is seen of a neighbour, by the beginnings of its features
_NEAR = {"w=", "in", "sh"}  # of the word next to it
_SIGNS = ".,;:&-'/()"


class WordFeatures:
    """Features of the tokens of a text as strings; `chance` given, some lists are hidden, as in training."""

    def __init__(self, lexicon: Lexicon, dictionary: Dictionary, is_brief: bool = False) -> None:
        """`is_brief`: less is seen of a word's neighbours, for half the time of a training."""
        self._lexicon, self._dictionary, self._is_brief = lexicon, dictionary, is_brief

    def of(self, text: str, found: list[Token], chance: random.Random | None = None) -> list[list[str]]:
        """A list for each token."""
        inside = contacts.find(text)
        seen = [self._of_token(token, inside, chance) for token in found]
        whole = _of_text(seen)
        return [[*_in_context(seen, at, self._is_brief), *whole] for at in range(len(seen))]

    def _of_token(self, token: Token, inside: list[contacts.Span], chance: random.Random | None) -> _Seen:
        if any(start <= token.start < end for start, end in inside):
            return _Seen("<contact>", ["<contact>"], ("contact",))
        folded = word(token.text)
        hidden = chance is not None and chance.random() < _HIDDEN
        classes = [name for name in self._lexicon.classes(folded) if not (hidden and name in {"given", "family"})]
        parts = self._dictionary.parts(folded)
        is_slip = self._is_brief and not (classes or parts or hidden) and self._lexicon.is_near_a_given_name(folded)
        marks = [
            f"w={folded}",
            f"sh={_shape(token.text)}",
            *(f"in={name}" for name in classes),
            *(["in=near"] if is_slip else []),
        ]
        marks += [f"is={part}" for part in parts] or ["is=unknown"]
        kind = "name" if {"given", "family"} & set(classes) else "listed" if classes else "-"
        marks.append(f"in-is={kind}:{'+'.join(parts)}")
        marks += [f"s3={folded[-3:]}", f"s2={folded[-2:]}", f"p3={folded[:3]}", f"p4={folded[:4]}"]
        return _Seen(folded, marks, tuple(classes))


@dataclass(frozen=True)
class _Seen:
    """What is seen of one token: its word, its features, the lists that hold it."""

    folded: str
    marks: list[str]
    classes: tuple[str, ...]


def _of_text(seen: list[_Seen]) -> list[str]:
    """What the whole text has, seen from each of its tokens."""
    listed = {name for one in seen for name in one.classes}
    kinds = [name for name in ("form", "trade", "given", "family", "contact") if name in listed]
    return [f"text={'+'.join(kinds)}", f"n={min(len(seen), 6)}", *(f"has={name}" for name in kinds)]


def _in_context(seen: list[_Seen], at: int, is_brief: bool) -> list[str]:
    features = ["bias", *seen[at].marks]
    for step in (-3, -2, -1, 1, 2, 3):
        place = at + step
        if 0 <= place < len(seen):
            marks = seen[place].marks
            kept = marks
            if is_brief or abs(step) > 1:
                kept = [mark for mark in marks if mark[:2] in (_BESIDE if abs(step) == 1 else _NEAR)]
            features += [f"{step}:{mark}" for mark in (kept if abs(step) < 3 else kept[:1])]
        elif abs(step) == 1:
            features.append(f"{step}:edge")
    before = seen[at - 1].folded if at else "^"
    after = seen[at + 1].folded if at + 1 < len(seen) else "$"
    features += [f"b={before}|{seen[at].folded}", f"a={seen[at].folded}|{after}", f"around={before}|{after}"]
    lead = " ".join(one.folded for one in seen[max(at - 2, 0) : at])
    features.append(f"lead={lead}")
    if any(one.folded in _DENYING for one in seen[max(at - 4, 0) : at]):
        features.append("denied")
    return features


def _shape(text: str) -> str:
    if text.isdigit():
        return "0"
    if all(char in _SIGNS for char in text):
        return text
    case = "X" if text.isupper() and len(text) > 1 else "Xx" if text[0].isupper() else "x"
    return case + ("." if "." in text else "") + ("'" if "'" in text else "") + ("1" if len(text) == 1 else "")
