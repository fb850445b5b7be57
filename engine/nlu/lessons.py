"""What the readers of answers learn from: the examples, and names put among words that others were written among."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from engine.nlu import contacts
from engine.nlu.dictionary import Dictionary
from engine.nlu.invented import Inventor
from engine.nlu.language import tokens_of_names
from engine.nlu.normal import word
from engine.nlu.spans import Part, Span

KINDS = ("person", "company")
NO_ANSWER = "none"  # the intent of what people write by hand who are asked for a name and give none
_DRAWN, _WITHOUT = 7000, 4500  # messages with a name that are drawn; messages without one that are kept
_JOINTS = (", ", ", ", ". ", " ", " - ", "! ", "... ", "; ", "\n", " ma ", " e ", " però ", " quindi ")
_TIMES_BY_HAND = 2
_TALKED = 2  # times outside names that make a word one of talk
_MOST_WORDS = 12
_KNOWN = 0.7  # share of a sentence's words that are in the dictionary
# Of the messages that are drawn: with what others have before or after their name, with words that nobody bears as a
# name, with a sentence before or after it, with a word left out, in one case.
_OTHERS_BEFORE, _OTHERS_AFTER, _INVENTED, _SENTENCE_BEFORE, _SENTENCE_AFTER, _LEFT_OUT = 0.6, 0.45, 0.4, 0.2, 0.2, 0.12
_MISTYPED = 0.2  # of those whose name's words are not invented
_CASES = ((str, 0.75), (str.lower, 0.17), (str.upper, 0.08))
_FORM = re.compile(r"\b(?:s\.?r\.?l\.?s?|s\.?p\.?a|s\.?n\.?c|s\.?a\.?s|soc|coop|onlus)\b", re.IGNORECASE)
_BELONGING = re.compile(r" (?:di|a|da|in|-) ")  # `srl di Lecco`: behind another name it would belong to that
_WORDS_OF_COMPANIES = frozenset(
    [
        *("srl", "srls", "spa", "snc", "sas", "coop", "soc", "società", "cooperativa", "onlus", "asd"),
        *("del", "della", "dei", "degli", "delle", "dal", "dalla", "figli", "fratelli", "and", "con", "per"),
    ]
)

_ANNOTATION = re.compile(r"\[(?P<text>[^]]+)\]\((?P<entity>\w+)(?::[^)]*)?\)")
Lesson = tuple[str, tuple[Part, ...]]
Told = tuple[str, str, Sequence[Span]]  # a message, its intent, what is marked in it


@dataclass(frozen=True)
class _Message:
    """A name and what stands before and after it; `parts` are the name's, counted from its beginning."""

    before: str
    name: str
    after: str
    parts: tuple[Part, ...]

    def lesson(self) -> Lesson:
        at = len(self.before)
        return self.before + self.name + self.after, tuple((at + start, at + end) for start, end in self.parts)


def lessons(
    kind: str,
    examples: Iterable[Told],
    names: Sequence[str],
    dictionary: Dictionary,
    seed: int = 2,
    by_hand: Sequence[Told] = (),
) -> list[Lesson]:
    """Texts and the parts of the name of that kind in each.

    `names`: names of people, as models of those that are invented. `seed`: what is drawn. `by_hand`: answers that
    people wrote, which count for more than the examples.
    """
    chance = random.Random(seed)
    named: list[Lesson] = []
    without: list[str] = []
    sentences: list[str] = []
    refused: list[str] = []
    for text, intent, spans in chain(examples, *[by_hand] * _TIMES_BY_HAND):
        parts = _parts(kind, text, intent, spans)
        if parts:
            named.append((text, parts))
        elif parts is not None:
            (refused if intent == NO_ANSWER else without).append(text)
            if intent != "other_language" and not contacts.find(text) and _is_told(text, dictionary):
                sentences.append(text)
    inventor = Inventor(names) if kind == "person" else Inventor(names, _vocabulary(sentences), _WORDS_OF_COMPANIES)
    drawn = _drawn([_parted(*one) for one in named], sentences, inventor, chance)
    kept = chance.sample(without, min(_WITHOUT, len(without)))
    return [*named, *drawn, *((text, ()) for text in (*kept, *refused))]


def talk(examples: Iterable[Told]) -> frozenset[str]:
    """The words that stand where no name is, more often than in names."""
    outside: Counter[str] = Counter()
    inside: Counter[str] = Counter()
    for text, _, spans in examples:
        for token in tokens_of_names(text):
            is_named = any(span.start <= token.start < span.end for span in spans if span.label in KINDS)
            (inside if is_named else outside)[word(token.text)] += 1
    return frozenset(one for one, times in outside.items() if times >= _TALKED and times > inside[one])


def composed_answers(folder: Path) -> list[Told]:
    """What compose.py wrote for the readers of answers."""
    return read_answers(folder / "answers.txt")


def answers_by_hand(folder: Path) -> list[Told]:
    """What people wrote one by one, for the readers of answers."""
    return [told for path in sorted((folder / "answers_by_hand").glob("*.txt")) for told in read_answers(path)]


def read_answers(path: Path) -> list[Told]:
    """A file of lines `intent<TAB>annotated message`; # begins a comment."""
    lines = path.read_text("utf-8").splitlines()
    return [_read(*line.split("\t")) for line in lines if line.strip() and not line.startswith("#")]


def _read(intent: str, annotated: str) -> Told:
    text, spans, at = "", [], 0
    for found in _ANNOTATION.finditer(annotated):
        text += annotated[at : found.start()]
        spans.append(Span(len(text), len(text) + len(found["text"]), found["entity"]))
        text, at = text + found["text"], found.end()
    return text + annotated[at:], intent, spans


def _parts(kind: str, text: str, intent: str, spans: Sequence[Span]) -> tuple[Part, ...] | None:
    """The name's parts; empty where there is none; None where it can't be said."""
    marked = [span for span in spans if span.label in KINDS]
    own = _joined(text, [(span.start, span.end) for span in marked if span.label == kind])
    if own or not marked:
        return own
    if kind == "company":  # a sole trader's own name, or another who is named by the way
        whole = (marked[0].start, marked[0].end)
        return (whole,) if intent == "give_name" and text[slice(*whole)] == text else None
    return () if _FORM.search(text) else None


def _joined(text: str, parts: Sequence[Part]) -> tuple[Part, ...]:
    """`Ada` and `Neri` side by side as one part."""
    joined: list[Part] = []
    for start, end in parts:
        if joined and not text[joined[-1][1] : start].strip():
            start = joined.pop()[0]
        joined.append((start, end))
    return tuple(joined)


def _parted(text: str, parts: tuple[Part, ...]) -> _Message:
    start, end = parts[0][0], parts[-1][1]
    return _Message(text[:start], text[start:end], text[end:], tuple((a - start, b - start) for a, b in parts))


def _drawn(
    named: Sequence[_Message], sentences: Sequence[str], inventor: Inventor, chance: random.Random
) -> Iterator[Lesson]:
    """New messages: a name out of one, what stands before it out of another, what follows out of a third."""
    wrapped = [one for one in named if one.before.strip() or one.after.strip(" .!?,")]
    followed = [one.after for one in wrapped if not _BELONGING.match(one.after)]
    for _ in range(_DRAWN if wrapped else 0):
        made = chance.choice(named)
        if chance.random() < _OTHERS_BEFORE:
            made = replace(made, before=chance.choice(wrapped).before)
        if chance.random() < _OTHERS_AFTER:
            made = replace(made, after=chance.choice(followed))
        if chance.random() < _INVENTED:
            name, parts = inventor.renamed(made.name, made.parts, chance)
            made = replace(made, name=name, parts=parts)
        elif chance.random() < _MISTYPED:
            made = _mistyped(made, chance)
        if chance.random() < _LEFT_OUT:
            made = replace(made, before=_without_a_word(made.before, chance))
        if sentences and chance.random() < _SENTENCE_BEFORE:
            sentence = chance.choice(sentences)
            joint = " " if sentence.endswith(("?", "!", ".")) else chance.choice(_JOINTS)
            made = replace(made, before=sentence + joint + made.before)
        if sentences and chance.random() < _SENTENCE_AFTER:
            made = replace(made, after=made.after.rstrip(" .!") + chance.choice(_JOINTS) + chance.choice(sentences))
        yield _recased(made, chance).lesson()


def _vocabulary(sentences: Sequence[str]) -> list[str]:
    return sorted({part for text in sentences for part in re.findall(r"[a-zàèéìòù]{4,}", text)})


def _is_told(sentence: str, dictionary: Dictionary) -> bool:
    """Whether it is short and of Italian words: nothing in it is a name that nobody marked."""
    parts = [word(part) for part in re.findall(r"[^\W\d_]+", sentence)]
    return 0 < len(parts) <= _MOST_WORDS and sum(map(dictionary.knows, parts)) >= _KNOWN * len(parts)


def _mistyped(made: _Message, chance: random.Random) -> _Message:
    """With two letters of the name in the wrong order, or one for another: its length stays."""
    places = [at for at in range(len(made.name) - 1) if made.name[at : at + 2].isalpha()]
    if not places:
        return made
    at = chance.choice(places)
    pair = made.name[at + 1] + made.name[at] if chance.random() < 0.5 else made.name[at] + chance.choice("aeiourtns")
    return replace(made, name=made.name[:at] + pair + made.name[at + 2 :])


def _without_a_word(text: str, chance: random.Random) -> str:
    parts = re.findall(r"\S+\s*", text)
    if len(parts) > 2:
        del parts[chance.randrange(len(parts))]
    return "".join(parts)


def _recased(made: _Message, chance: random.Random) -> _Message:
    """At times in one case, as people type; not where the length would change with it (`ß`)."""
    change = chance.choices([case for case, _ in _CASES], [share for _, share in _CASES])[0]
    changed = replace(made, before=change(made.before), name=change(made.name), after=change(made.after))
    return changed if len(changed.name) == len(made.name) else made
