"""Marks names of persons and companies in a text: a linear-chain CRF over word shapes, lexicons and the dictionary."""

from __future__ import annotations

import random
import re
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
_DENYING = {"non", "invece", "anziche"}
_HIDDEN = 0.4  # share of lexicon hits that training doesn't see: most names of real people are in no lexicon
_ROUNDS = 40
_SIGNS = ".,;:&-'/()"
_ABBREVIATED = {"c", "coop", "agr", "co", "soc", "f.lli"}  # a full stop after them is theirs
# Words that follow a name and are no part of it.
_AFTER_PERSON = re.compile(
    r"[\s,]+(?:nat[oa]|vedova|detto|detta|grazie|privat[oa]|cittadin[oa]|cell|tel|mail|email|e-mail|telefono|"
    r"cellulare|numero|cognome|nome|non|ma|è|bensì|invece|da\s+(?:roma|milano|napoli|torino|bari|lucca)|per\s+favore)\b.*",
    re.IGNORECASE | re.DOTALL,
)
_AFTER_COMPANY = re.compile(
    r"(?<!delle)[\s,]+(?:grazie|mail|email|e-mail|cell|tel|telefono|cellulare|numero|non|tutto|scritto|chiede|"
    r"con\s+sede|la\s+(?:mail|e-?mail|pec|nostra|mia)|e\s+(?:vorre|vogli|siamo|la\s+mail|il\s+numero)\w*)\b.*",
    re.IGNORECASE | re.DOTALL,
)
# `siamo la ditta Costa`: announced; `Società Agricola Costa`: a part of the name.
_ARTICLE_BEFORE = re.compile(r"\b(?:la|mia|nostra|della|alla|l['’]|dell['’]|all['’])\s*$", re.IGNORECASE)
_ANNOUNCING = re.compile(
    r"(?:ditta|societ[àa]'?|azienda|impresa|associazione|cooperativa|attivit[àa]'?)\s+"
    r"(?!agricol|sportiv|cooperativ|edil|individual|cultural|sempli|di\b)",
    re.IGNORECASE,
)
_BEFORE_NAME = re.compile(
    r"(?:(?:mi\s+chiamo|sono|nome|cognome|sig\.?(?:ra)?|signora?|dott\.?(?:ssa)?|dottor(?:e|essa)?|ing\.|avv\.|"
    r"privat[oa]|singol[oa]|uhm|con|in|è\s+la|la\s+scrivente|scrivente|intestatari[oa]|eccolo|segna|qui|ehm|dunque|presente|ragione\s+sociale|denominazione(?:\s+sociale)?|registra|scrivi|metti)\s+)+",
    re.IGNORECASE,
)


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
                marked.append(self._settled(text, _whole(text, span)))
        return sorted(marked, key=lambda span: span.start)

    def _settled(self, text: str, span: Span) -> Span:
        """`La Rosa Concetta` is no company: a family name with a particle, then a given name."""
        parts = [word(part) for part in text[span.start : span.end].split()]
        classes = [self._lexicon.classes(part) for part in parts]
        looks_family = span.label == "company" and 3 <= len(parts) <= 4 and "particle" in classes[0]
        if looks_family and "given" in classes[-1] and not any({"form", "trade"} & set(found) for found in classes):
            return Span(span.start, span.end, "person")
        return span

    def _features(self, text: str, found: list[Token], chance: random.Random | None = None) -> list[list[str]]:
        inside = contacts.find(text)
        seen = [self._of_token(token, inside, chance) for token in found]
        whole = _of_text(seen)
        return [[*_in_context(seen, at), *whole] for at in range(len(seen))]

    def _of_token(self, token: Token, inside: list[contacts.Span], chance: random.Random | None) -> _Seen:
        if any(start <= token.start < end for start, end in inside):
            return _Seen("<contact>", ["<contact>"], ("contact",))
        folded = word(token.text)
        hidden = chance is not None and chance.random() < _HIDDEN
        classes = [name for name in self._lexicon.classes(folded) if not (hidden and name in {"given", "family"})]
        parts = self._dictionary.parts(folded)
        marks = [f"w={folded}", f"sh={_shape(token.text)}", *(f"in={name}" for name in classes)]
        marks += [f"is={part}" for part in parts] or ["is=unknown"]
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


def _in_context(seen: list[_Seen], at: int) -> list[str]:
    features = ["bias", *seen[at].marks]
    for step in (-3, -2, -1, 1, 2, 3):
        place = at + step
        if 0 <= place < len(seen):
            marks = seen[place].marks
            kept = marks if abs(step) == 1 else [mark for mark in marks if mark[:2] in {"w=", "in", "sh"}]
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
    """Without signs and words at its edges that are no part of a name, with the last full stop of an abbreviation."""
    start, end = span.start, span.end
    cut = (_AFTER_COMPANY if span.label == "company" else _AFTER_PERSON).search(text, start, end)
    if cut and cut.start() > start:
        end = cut.start()
    lead = _BEFORE_NAME.match(text, start, end)
    if lead and lead.end() < end:
        start = lead.end()
    if span.label == "company" and _ARTICLE_BEFORE.search(text[:start]):
        announced = _ANNOUNCING.match(text, start, end)
        start = announced.end() if announced else start
    while start < end and text[start] in " .,;:-/":
        start += 1
    while end > start and text[end - 1] in " ,;:-/!?.":
        end -= 1
    last = text[start:end].rsplit(" ", 1)[-1]
    if span.label == "company" and text[end : end + 1] == "." and ("." in last or last.lower() in _ABBREVIATED):
        end += 1
    return Span(start, end, span.label)
