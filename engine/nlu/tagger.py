"""Marks names of persons and companies in a text: a linear-chain CRF over word shapes, lexicons and the dictionary."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

import pycrfsuite

from engine.nlu import contacts
from engine.nlu.dictionary import Dictionary
from engine.nlu.edges import settled
from engine.nlu.language import Token, tokens
from engine.nlu.lexicon import Lexicon
from engine.nlu.normal import word
from engine.nlu.spans import Span, labels_of, spans_of
from engine.nlu.word_features import WordFeatures

LABELS = ("person", "company")
_ROUNDS = 40
_GUESSED = 0.1  # from what chance on a word is taken for a name's where the classifier says that there is one
_POSSIBLE = 0.03  # from what chance on a listed name beside a marked one belongs to it
_ANNOUNCERS = (
    *(
        "chiamo",
        "michiamo",
        "chiama",
        "sono",
        "siamo",
        "siamola",
        "nome",
        "cognome",
        "nomecognome",
        "signora",
        "signor",
    ),
    *("azienda", "ditta", "società", "impresa", "denominazione", "ragione", "sociale", "ragionesociale", "privato"),
    *("privata", "cliente", "buongiorno", "buonasera", "dottoressa", "dottor", "salve", "registra", "intestata"),
)
_NEAR = 0.84  # difflib's likeness of a slip and the word: one letter of six
_ARTICLE = re.compile(r"la|il|lo|le|i|gli|l['’]", re.IGNORECASE)
_ORGANISED = re.compile(
    r"(?:societ|ditta|azienda|impresa|coop|associaz|studio|condomin|parrocch|fondaz|nuova)", re.IGNORECASE
)


class Tagger:
    """Learns spans from examples and finds them in texts; spans never overlap."""

    def __init__(self, lexicon: Lexicon, dictionary: Dictionary) -> None:
        self._lexicon = lexicon
        self._dictionary = dictionary
        self._features = WordFeatures(lexicon, dictionary)
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
                trainer.append(self._features.of(text, found, chance), labels_of(found, marked, LABELS))
        trainer.train(str(path))
        return self.load(path)

    def load(self, path: Path) -> Tagger:
        """Open a trained model; the file is read whole."""
        self._model = path.read_bytes()  # kept: the tagger reads from this memory, it makes no copy
        self._crf.open_inmemory(self._model)
        return self

    def spans(self, text: str, found: list[Token] | None = None) -> list[Span]:
        """The persons, companies and contacts of a text in reading order."""
        return self.marked(text, found)[0]

    def marked(self, text: str, found: list[Token] | None = None) -> tuple[list[Span], dict[str, float]]:
        """`spans`, and for `person` and `company` how likely the likeliest word is a part of one (0 to 1)."""
        found = tokens(text) if found is None else found
        if not found:
            return [], {}
        marked = [Span(start, end, "contact") for start, end in contacts.find(text)]
        labels = self._crf.tag(self._features.of(text, found))
        likely = {label: self._likely(label, len(found)) for label in LABELS}
        for span in settled(text, spans_of(found, self._stretched(found, labels, likely["person"]))):
            if not any(span.start < other.end and other.start < span.end for other in marked):
                marked.append(self._with_article(text, self._relabelled(text, self._without_slips(text, span))))
        return sorted(marked, key=lambda span: span.start), {label: max(chances) for label, chances in likely.items()}

    def guess(self, text: str, found: list[Token]) -> Span | None:
        """The likeliest name where none is marked, but one is meant; None when no word is likely at all."""
        self._crf.tag(self._features.of(text, found))
        chance, at, label, likely = max(
            (max(likely), likely.index(max(likely)), label, likely)
            for label, likely in ((label, self._likely(label, len(found))) for label in LABELS)
        )
        if chance < _GUESSED:
            return None
        first = last = at
        while first and likely[first - 1] >= chance / 3:
            first -= 1
        while last + 1 < len(found) and likely[last + 1] >= chance / 3:
            last += 1
        (span,) = settled(text, [Span(found[first].start, found[last].end, label)])
        return span if span.start < span.end else None

    def _likely(self, label: str, length: int) -> list[float]:
        """For each token how likely it is a part of such a span."""
        parts = [part for part in (f"B-{label}", f"I-{label}") if part in self._crf.labels()]
        return [sum(self._crf.marginal(part, at) for part in parts) for at in range(length)]

    def _stretched(self, found: list[Token], labels: list[str], likely: list[float]) -> list[str]:
        """With the names beside a person that are no words else: `anna` of `anna maria esposito`."""
        stretched = list(labels)
        for at in range(len(found) - 1):
            for inside, beside in ((at + 1, at), (at, at + 1)):
                joined = stretched[inside].endswith("-person") and stretched[beside] == "O"
                if joined and likely[beside] >= _POSSIBLE and self._is_only_a_name(word(found[beside].text)):
                    stretched[beside] = "B-person" if beside < inside else "I-person"
                    stretched[inside] = "I-person" if beside < inside else stretched[inside]
        return stretched

    def _is_only_a_name(self, folded: str) -> bool:
        listed = {"given", "family"} & set(self._lexicon.classes(folded))
        return bool(listed) and not {"verb", "function"} & set(self._dictionary.parts(folded))

    def _relabelled(self, text: str, span: Span) -> Span:
        """`La Rosa Concetta` is no company: a family name with a particle, then a given name."""
        parts = [word(part) for part in text[span.start : span.end].split()]
        classes = [self._lexicon.classes(part) for part in parts]
        looks_family = span.label == "company" and 3 <= len(parts) <= 4 and "particle" in classes[0]
        if looks_family and "given" in classes[-1] and not any({"form", "trade"} & set(found) for found in classes):
            return Span(span.start, span.end, "person")
        return span

    def _without_slips(self, text: str, span: Span) -> Span:
        """Without mistyped words that announce a name: `azenda Neri srl`, `signra Ada Neri`, `michiamo Ivo`."""
        start = span.start
        for part in re.finditer(r"\S+\s+", text[span.start : span.end]):
            typed = part[0].strip()
            is_written_small = typed.islower() or text.isupper()
            known = self._lexicon.classes(word(typed)) or self._dictionary.knows(word(typed))
            if known or not is_written_small or not get_close_matches(word(typed), _ANNOUNCERS, 1, _NEAR):
                break
            start = span.start + part.end()
        return Span(start, span.end, span.label)

    def _with_article(self, text: str, span: Span) -> Span:
        """`La Bella Pizza`, but `la Bella Pizza` and `la farmacia Neri`: an article that is a part of the name."""
        article, first = text[: span.start].strip(), text[span.start : span.end].split()[:1]
        if span.label != "company" or not first or not _ARTICLE.fullmatch(article):
            return span
        is_said = article.islower() and not first[0].islower()
        if is_said or "trade" in self._lexicon.classes(word(first[0])) or _ORGANISED.match(first[0]):
            return span
        return Span(text.index(article), span.end, "company")
