"""Reads a message without Rasa: intent and entities together; training, storing and loading of all parts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.nlu.asked import Answer, AnswerTagger
from engine.nlu.dictionary import Dictionary
from engine.nlu.features import Features, common_words
from engine.nlu.language import Token, tokens
from engine.nlu.lessons import KINDS, Told, answers_by_hand, composed_answers, lessons, talk
from engine.nlu.lexicon import Lexicon
from engine.nlu.linear import Grouped, LinearClassifier
from engine.nlu.normal import words
from engine.nlu.spans import Span
from engine.nlu.tagger import LABELS, Tagger
from engine.nlu.values import Values

# How much each group of features counts, the SVM's C: chosen by cross-validation (docs/nlu.md).
WEIGHTS = {"word": 1.0, "lemma": 1.0, "letters": 2.0, "skeleton": 0.5, "structure": 0.7}
COST = 0.3
COMMON = 8  # a word in so many examples stands for itself in the skeleton of a message
_ANSWERS = {kind: f"answers_{kind}.crfsuite" for kind in KINDS}
_WIDE, _TALK = "lexicon_of_answers.json", "talk.json"
_MARKED = {*LABELS, "contact"}
NAMING = ("give_name", "give_company_name")
_MEANT = 0.2  # confidence from which on a name is looked for where none is marked
_VALUES_OF = {
    "give_customer_type": ("customer_type",),
    "give_data": ("customer_type",),
    "register": ("customer_type",),
    "correct_data": ("field", "customer_type"),
}
_DENIED = re.compile(
    r"\b(?:non|invece\s+di|anziché|al\s+posto\s+di)\s+(?:(?:è|e['’]|era|sono|mi\s+chiamo)\s*)?$", re.IGNORECASE
)


@dataclass(frozen=True)
class Example:
    """A message to learn from; entities as (start, end, entity, value)."""

    text: str
    intent: str
    entities: tuple[tuple[int, int, str, str], ...] = ()

    @property
    def spans(self) -> list[Span]:
        return [Span(start, end, entity) for start, end, entity, _ in self.entities if entity in _MARKED]


@dataclass(frozen=True)
class Reading:
    """What a message says: intents with confidences, best first, and entities as (start, end, entity, value).

    `asked`: for `person` and `company` the name that the message gives where that was asked for.
    """

    intents: list[tuple[str, float]]
    entities: list[tuple[int, int, str, str]]
    asked: dict[str, Answer] = field(default_factory=dict)


class Reader:
    """The trained model."""

    def __init__(
        self,
        tagger: Tagger,
        features: Features,
        classifier: LinearClassifier,
        values: Values,
        asked: Mapping[str, AnswerTagger],
    ) -> None:
        self._tagger, self._features, self._classifier, self._values = tagger, features, classifier, values
        self._asked = asked

    @classmethod
    def train(
        cls,
        examples: Sequence[Example],
        synonyms: Sequence[tuple[str, str]],
        lexicon_folder: Path,
        folder: Path,
        by_hand: Sequence[Told] | None = None,
    ) -> Reader:
        """Learn from examples and (text, value) synonyms, write everything into `folder`, and return the reader.

        `by_hand`: other answers for the readers of answers than those of the lexicon's folder.
        """
        by_hand = answers_by_hand(lexicon_folder) if by_hand is None else by_hand
        lexicon, dictionary = Lexicon.read(lexicon_folder), Dictionary.of_spacy()
        lexicon.save(folder / "lexicon.json")
        dictionary.save(folder / "dictionary.npz")
        tagger = Tagger(lexicon, dictionary).fit(
            [example.text for example in examples], [example.spans for example in examples], folder / "names.crfsuite"
        )
        common = common_words([words(example.text) for example in examples], COMMON)
        (folder / "common.json").write_text(json.dumps(sorted(common), ensure_ascii=False), "utf-8")
        features = Features(lexicon, dictionary, common)
        grouped = grouped_examples(examples, features, lexicon, dictionary)
        classifier = LinearClassifier(WEIGHTS, COST).fit(
            grouped, [example.intent for example in examples], near_duplicates(examples)
        )
        classifier.save(folder)
        values = Values(_synonyms(examples, synonyms))
        (folder / "values.json").write_text(json.dumps(values.entries(), ensure_ascii=False), "utf-8")
        asked = answer_taggers(examples, by_hand, lexicon_folder, dictionary, folder)
        return cls(tagger, features, classifier, values, asked)

    @classmethod
    def load(cls, folder: Path) -> Reader:
        """From a folder that `train` wrote; nothing is read from it later."""
        lexicon, dictionary = Lexicon.load(folder / "lexicon.json"), Dictionary.load(folder / "dictionary.npz")
        common = frozenset(json.loads((folder / "common.json").read_text("utf-8")))
        return cls(
            Tagger(lexicon, dictionary).load(folder / "names.crfsuite"),
            Features(lexicon, dictionary, common),
            LinearClassifier.load(folder),
            Values(tuple(entry) for entry in json.loads((folder / "values.json").read_text("utf-8"))),
            _loaded_answer_taggers(dictionary, folder),
        )

    def with_asked(self, asked: Mapping[str, AnswerTagger]) -> Reader:
        """The same with other readers of answers."""
        return Reader(self._tagger, self._features, self._classifier, self._values, asked)

    def read(self, text: str) -> Reading:
        """Intent and entities of a text."""
        found = tokens(text)
        spans, likely = self._tagger.marked(text, found)
        scores = self._classifier.scores(self._features.groups(text, found, spans, likely))
        ranking = sorted(zip(self._classifier.labels, map(float, scores), strict=True), key=lambda one: -one[1])
        if not any(span.label in LABELS for span in spans):
            meant = sum(confidence for intent, confidence in ranking if intent in NAMING)
            if found and meant >= _MEANT and (guess := self._tagger.guess(text, found)):
                spans = [guess, *spans]
        asked = {kind: _affirmed_answer(text, tagger.read(text)) for kind, tagger in self._asked.items()}
        return Reading(ranking, self._entities(text, found, spans, ranking[0][0]), asked)

    def grouped(self, text: str) -> Grouped:
        """What the classifier sees of a text."""
        found = tokens(text)
        return self._features.groups(text, found, *self._tagger.marked(text, found))

    def _entities(
        self, text: str, found: list[Token], spans: list[Span], intent: str
    ) -> list[tuple[int, int, str, str]]:
        if intent == "correct_data":
            spans = _affirmed(text, spans)
        entities = [(span.start, span.end, span.label, text[span.start : span.end]) for span in spans]
        outside = [token for token in found if not any(span.start <= token.start < span.end for span in spans)]
        for entity in _VALUES_OF.get(intent, ()):
            if found_values := self._values.find(text, outside, entity):
                # The first field named is the wrong one; of two types of customer the last is meant.
                value = found_values[0 if entity == "field" else -1]
                entities.append((value.start, value.end, entity, value.value))
        return sorted(entities)


def answer_taggers(
    examples: Sequence[Example], by_hand: Sequence[Told], lexicon_folder: Path, dictionary: Dictionary, folder: Path
) -> dict[str, AnswerTagger]:
    """The readers of answers, trained on the examples, on what is composed and what was written for them.

    They are written into `folder`.
    """
    wide = Lexicon.read_wide(lexicon_folder)
    wide.save(folder / _WIDE)
    told = [(example.text, example.intent, example.spans) for example in examples]
    told += composed_answers(lexicon_folder)
    names = sorted(wide.listed("given") | wide.listed("family"))
    talked = talk([*told, *by_hand])
    (folder / _TALK).write_text(json.dumps(sorted(talked), ensure_ascii=False), "utf-8")
    return {
        kind: AnswerTagger(kind, wide, dictionary, talked).fit(
            lessons(kind, told, names, dictionary, by_hand=by_hand), folder / _ANSWERS[kind]
        )
        for kind in KINDS
    }


def _loaded_answer_taggers(dictionary: Dictionary, folder: Path) -> dict[str, AnswerTagger]:
    wide = Lexicon.load(folder / _WIDE)
    talked = json.loads((folder / _TALK).read_text("utf-8"))
    return {kind: AnswerTagger(kind, wide, dictionary, talked).load(folder / _ANSWERS[kind]) for kind in KINDS}


def grouped_examples(
    examples: Sequence[Example], features: Features, lexicon: Lexicon, dictionary: Dictionary, parts: int = 2
) -> list[Grouped]:
    """The features of examples with names marked by taggers that have not seen them, as it will be in use."""
    grouped: list[Grouped] = [{} for _ in examples]
    with TemporaryDirectory() as folder:
        for part in range(parts):
            seen = [example for at, example in enumerate(examples) if at % parts != part]
            tagger = Tagger(lexicon, dictionary).fit(
                [example.text for example in seen],
                [example.spans for example in seen],
                Path(folder) / f"part{part}.crfsuite",
                rounds=20,
            )
            for at in range(part, len(examples), parts):
                text = examples[at].text
                found = tokens(text)
                grouped[at] = features.groups(text, found, *tagger.marked(text, found))
    return grouped


def near_duplicates(examples: Sequence[Example]) -> list[int]:
    """A number for each example; examples that differ in names, contacts, signs or word order only share one."""
    numbers: dict[str, int] = {}
    return [numbers.setdefault(_gist(example, at), len(numbers)) for at, example in enumerate(examples)]


def _gist(example: Example, at: int) -> str:
    text = example.text
    for span in sorted(example.spans, key=lambda span: -span.start):
        text = f"{text[: span.start]} <{span.label}> {text[span.end :]}"
    gist = sorted(re.findall(r"<\w+>|\w+", " ".join(words(text)).replace("< ", "<").replace(" >", ">")))
    return f"bare {at}" if gist and all(part.startswith("<") for part in gist) else " ".join(gist)


def _affirmed(text: str, spans: list[Span]) -> list[Span]:
    """`il cognome è Bianchi, non Rossi`: without what is denied, if something is left."""
    kept = [span for span in spans if not _DENIED.search(text[: span.start])]
    return kept if any(span.label in LABELS for span in kept) else spans


def _affirmed_answer(text: str, answer: Answer) -> Answer:
    """`non mi chiamo Neri ma Rossi`: without what is denied, if something is left."""
    kept = tuple(part for part in answer.parts if not _DENIED.search(text[: part[0]]))
    return Answer(kept or answer.parts, answer.likely)


def _synonyms(examples: Sequence[Example], synonyms: Sequence[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """(text, entity, value) of the annotated examples and the synonym lists; a value belongs to one entity."""
    entity_of: dict[str, str] = {}
    found = []
    for example in examples:
        for start, end, entity, value in example.entities:
            if entity not in _MARKED:
                entity_of[value] = entity
                found.append((example.text[start:end], entity, value))
    found += [(text, entity_of[value], value) for text, value in synonyms if value in entity_of]
    return sorted(found, key=lambda one: (one[2] in one[0], len(one[0])))
