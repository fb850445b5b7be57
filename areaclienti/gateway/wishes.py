"""Tells a question or a wish from a password where the password is due, by its intent and by its words.

A confident classifier is not enough: it hears a wish in «Ricomincia88» and a question in «la mia password è girasole».
What gives a password away is a word that nobody needs to ask or wish for anything. The numbers come from
`python -m benchmarks.interception` (docs/security.md, "Interception").
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from areaclienti.domain.text import fold, tidy
from areaclienti.domain.wordlists import word_set
from areaclienti.gateway.lookout import holds_password
from areaclienti.gateway.texts import load_texts

# What a customer may mean by a text typed where the password is due. Anything else could be the password.
CONTROL = ("cancel", "correct_data", "go_back", "help", "register", "request_person", "resume", "start_over", "wait")
SOCIAL = ("affirm", "deny", "goodbye", "greet", "thank")
HARMLESS_INTENTS = frozenset((*CONTROL, *SOCIAL))
HARMLESS_PREFIX = "faq_"

_WORD = re.compile(r"[^\W\d_]+")
_TOKEN = re.compile(r"\w+")
_SIGNS_OF_SENTENCES = re.compile(r"""[^\w\s.,;:?!'"()…«»\-/+%€]|_""")
_SIGNS_IN_PLACE = re.compile(
    r"(?<=\d)\s?[%€]|\B\+(?=\d)|(?<=[^\W\d_])/(?=[^\W\d_])|(?<=[^\W\d_])-(?=[^\W\d_])|(?:^|\s)(?:-+|\+)(?=\s)"
)
_SIGNS_OUT_OF_PLACE = re.compile(r"[%€+/\-]")
_NUMBER_AFTER_THE_END = re.compile(r"[?!.]\s*\d+\W*$|\s\d\d\W*$")
_TELLS = re.compile(r"^[^?]*(?:\bè\b|\be'|[:=])[^?]*$", re.IGNORECASE)  # «la mia password è …», no question
_RETYPED = re.compile(r"(?:\bè|\be'|:)\s*[^\W\d_]+\W*$", re.IGNORECASE)
_FEWEST_TITLED = 3
_SHORTEST_STEM, _LONGEST_ENDING = 5, 3
_CORRECTION = "correct_data"  # here a number may be a mobile's, and a strange word an address
_CONTACT = re.compile(r"\S+@\S+\.\S+|(?:\+39[ .-]?)?\b3\d\d[ .-]?\d{3}[ .-]?\d{3,4}\b")


@dataclass(frozen=True)
class Rule:
    """How sure one has to be. Confidences from 0 to 1."""

    confidence: float = 0.4  # where every word is one that questions and wishes are made of
    confidence_with_others: float = 0.9  # where a long text has a few other words
    words_for_each_other: int = 3
    fewest_words_with_others: int = 4


RULE = Rule()


def passes(text: str, intent: str, confidence: float, rule: Rule = RULE) -> bool:
    """Whether the text, taken by the engine for `intent`, may be read and kept. In doubt it may not."""
    text = text.lstrip().lstrip("/")  # `/restart` is no command here, but read as the word that it is
    if intent == _CORRECTION:
        text = _CONTACT.sub(" ", text)
    if not is_harmless(intent) or holds_password(text) or _is_dressed(text):
        return False
    words = _WORD.findall(fold(text))
    if not words:  # «👍», «???»
        return not any(map(str.isdigit, text)) and confidence >= rule.confidence
    if len(words) == 1:
        return words[0] in word_set("lone_words") and confidence >= rule.confidence
    others = sum(not _is_of_questions(word) for word in words)
    if (others or _TELLS.search(text)) and not load_texts().watchwords.password.isdisjoint(words):
        return False
    if intent == _CORRECTION and _RETYPED.search(text) and load_texts().watchwords.fields.isdisjoint(words):
        return False  # «ho sbagliato, è …»: what is typed anew may be the password
    if not others:
        return confidence >= rule.confidence
    few = len(words) >= rule.fewest_words_with_others and others * rule.words_for_each_other <= len(words)
    return few and confidence >= rule.confidence_with_others


def may_have_been_meant(intent: str, confidence: float, rule: Rule = RULE) -> bool:
    """Whether a text that was hidden was more likely a question or a wish than not."""
    return is_harmless(intent) and confidence >= rule.confidence


def is_harmless(intent: str) -> bool:
    """Whether the intent is a question or a wish, in which no secret is given."""
    return intent in HARMLESS_INTENTS or intent.startswith(HARMLESS_PREFIX)


def _is_of_questions(word: str) -> bool:
    """Whether questions and wishes are made of the word, or of another form of it («scordata», «scordate»)."""
    if word in word_set("question_words"):
        return True
    stem = word[: max(_SHORTEST_STEM, len(word) - _LONGEST_ENDING)]
    return len(word) > _SHORTEST_STEM and stem in _stems() and word not in word_set("given_names")


@cache
def _stems() -> frozenset[str]:
    words = word_set("question_words")
    return frozenset(word[:length] for word in words for length in range(_SHORTEST_STEM, len(word) + 1))


def _is_dressed(text: str) -> bool:
    """Whether digits, signs or capitals stand where a sentence has none."""
    text = "".join(char for char in tidy(text) if unicodedata.category(char) not in ("So", "Sk", "Mn"))
    if _SIGNS_OF_SENTENCES.search(text) or _SIGNS_OUT_OF_PLACE.search(_SIGNS_IN_PLACE.sub(" ", text)):
        return True
    if any(_is_number_or_mixed(token) for token in _TOKEN.findall(text)) or _NUMBER_AFTER_THE_END.search(text):
        return True
    words = _WORD.findall(text)
    return len(words) >= _FEWEST_TITLED and all(word.istitle() for word in words)


def _is_number_or_mixed(token: str) -> bool:
    """«10 minuti» are ordinary; years, dates, `h3llo` are not."""
    return any(char.isdigit() for char in token) and (len(token) > 2 or not token.isdecimal())
