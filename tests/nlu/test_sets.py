"""The sets that measure the NLU are well formed: known intents, spans that occur in their text, enough of each."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.nlu.seen import is_seen

HERE = Path(__file__).parent
WIDE = sorted(path.name for path in HERE.iterdir() if any(path.glob("*.yml")) and path.name != "names")
OF_NAMES = sorted(f"names/{path.stem}" for path in (HERE / "names").glob("*.yml"))
SETS = [*WIDE, *OF_NAMES]

AT_LEAST = 14
AT_LEAST_OF = {
    "give_name": 60,
    "give_company_name": 50,
    "give_contact": 50,
    "give_data": 50,
    "correct_data": 30,
    "request_person": 25,
    "out_of_scope": 180,
}
NAMES_AT_LEAST = {"give_name": 190, "give_company_name": 110, "give_data": 30}
FRESH_NAMES_AT_LEAST = {"give_name": 100, "give_company_name": 90, "give_data": 24, "correct_data": 12}
INTENTS = {
    *("register", "give_customer_type", "give_name", "give_company_name", "give_contact", "give_data"),
    *("acknowledge_privacy", "affirm", "deny", "request_new_code", "correct_data"),
    *("go_back", "cancel", "start_over", "wait", "resume", "help", "request_person"),
    *("greet", "goodbye", "thank", "insult", "other_language", "out_of_scope"),
    *("faq_who_can_register", "faq_which_contact", "faq_why_tax_code", "faq_password_in_chat"),
    *("faq_password_rules", "faq_code_not_arrived", "faq_code_expired", "faq_no_mobile"),
    *("faq_different_contact", "faq_costs", "faq_privacy", "faq_duration", "faq_services"),
    *("faq_forgot_password", "faq_already_registered", "faq_security"),
}
SPANS = {"person", "company", "contact"}
NORMALISED = {
    "customer_type": {"persona", "azienda"},
    "field": {"name", "company_name", "contact", "customer_type", "password"},
}
ENTITIES_OF = {  # an intent that is not here carries no entity
    "give_customer_type": {"customer_type"},
    "give_name": {"person"},
    "give_company_name": {"company"},
    "give_contact": {"contact"},
    "give_data": {"person", "company", "contact", "customer_type"},
    "correct_data": {"person", "company", "contact", "customer_type", "field"},
}
PARTS_READ = {"person": 2, "company": 1}  # how many values the form keeps of it
# What the gateway keeps from the engine has no place in what the engine is measured on.
TAX_CODE = re.compile(r"\b[a-z]{6}\d{2}[a-z]\d{2}[a-z]\d{3}[a-z]\b|\b\d{11}\b", re.IGNORECASE)


@cache
def examples(name: str) -> list[dict[str, Any]]:
    files = sorted([*HERE.glob(f"{name}/*.yml"), *HERE.glob(f"{name}.yml")])
    return [example for path in files for example in yaml.safe_load(path.read_text("utf-8"))]


def faults(example: dict[str, Any]) -> list[str]:
    """What is wrong with one example; empty when nothing is."""
    found = []
    text, intent, entities = example.get("text"), example.get("intent"), example.get("entities", {})
    if not set(example) <= {"text", "intent", "entities", "reads"}:
        found.append("unknown key")
    if not isinstance(text, str) or not text or text != text.strip():
        return [*found, "text is missing or padded"]
    if intent not in INTENTS:
        found.append("unknown intent")
    if "entities" in example and not entities:
        found.append("empty entities")
    if not set(entities) <= ENTITIES_OF.get(str(intent), set()):
        found.append("entity that the intent does not carry")
    for key, value in entities.items():
        if key in SPANS and not stands_alone(value, text):
            found.append(f"{key} is not a span of the text")
        if key in NORMALISED and value not in NORMALISED[key]:
            found.append(f"{key} has an unknown value")
    if intent in ENTITIES_OF and intent not in {"give_data", "correct_data"} and not entities:
        found.append("data without the datum")
    if intent == "give_data" and len(entities) < 2:
        found.append("several facts expected")
    for key, values in example.get("reads", {}).items():
        if key not in entities or len(values) != PARTS_READ.get(key) or not all(values):
            found.append("reads what is not there")
    if TAX_CODE.search(text):
        found.append("holds a tax code")
    return found


def stands_alone(span: object, text: str) -> bool:
    """Whether the span occurs in the text at word boundaries."""
    if not isinstance(span, str) or not span or span != span.strip():
        return False
    return re.search(rf"(?<!\w){re.escape(span)}(?!\w)", text) is not None


def plain(text: str) -> str:
    """The text without what makes no second utterance of one: case, spacing and, where there are words, punctuation."""
    words = re.sub(r"[^\w\s]", " ", text.casefold()).split()
    return " ".join(words) or text


def frame_of(example: dict[str, Any]) -> str:
    """What stands around the marked spans: empty, or signs only, for a bare answer."""
    text = example["text"]
    for key, value in example["entities"].items():
        text = text.replace(value, " ") if key in SPANS else text
    return plain(text)


def long_enough(example: dict[str, Any]) -> bool:
    """Whether two people would hardly write it by chance."""
    return len(example["text"].split()) > 4


def test_there_are_sets_to_develop_with() -> None:
    assert {"development", "names/a", "names/b", "names/c1", "names/c2"} <= set(SETS)


@pytest.mark.parametrize("name", SETS)
def test_every_example_is_well_formed(name: str) -> None:
    faulty = Counter(fault for example in examples(name) for fault in faults(example))
    assert faulty == {}  # no text: whoever develops is not to read the held-out ones


@pytest.mark.parametrize("name", SETS)
def test_no_text_occurs_twice(name: str) -> None:
    times = Counter(plain(example["text"]) for example in examples(name))
    assert sum(count > 1 for count in times.values()) == 0


def test_no_text_stands_in_two_sets() -> None:
    told_apart = [{plain(example["text"]) for example in examples(name) if long_enough(example)} for name in SETS]
    count, different = sum(len(texts) for texts in told_apart), len(set().union(*told_apart))
    assert count == different  # numbers: a failure that printed the texts would have the held-out ones read


@pytest.mark.parametrize("name", WIDE)
@pytest.mark.parametrize("intent", sorted(INTENTS))
def test_each_intent_has_enough_examples(name: str, intent: str) -> None:
    count = sum(example["intent"] == intent for example in examples(name))
    assert count >= AT_LEAST_OF.get(intent, AT_LEAST)


@pytest.mark.parametrize("name", OF_NAMES)
def test_a_set_of_names_holds_enough_names_and_nothing_else(name: str) -> None:
    counts = Counter(example["intent"] for example in examples(name))
    wanted = FRESH_NAMES_AT_LEAST if name.startswith("names/c") else NAMES_AT_LEAST
    assert set(counts) == set(wanted)
    assert all(counts[intent] >= least for intent, least in wanted.items())


@pytest.mark.parametrize("name", OF_NAMES)
def test_a_set_of_names_says_no_frame_more_than_three_times(name: str) -> None:
    frames = Counter(frame for example in examples(name) if re.search(r"\w", frame := frame_of(example)))
    most = max(frames.values())
    assert most <= 3


@pytest.mark.parametrize("name", OF_NAMES)
def test_a_set_of_names_is_not_in_the_training_data(name: str) -> None:
    lengths = [long_enough(example) for example in examples(name) if is_seen(example["text"])]
    assert len(lengths) <= 5  # names that two people have, no copies
    assert not any(lengths)


@pytest.mark.parametrize("name", WIDE)
def test_the_typed_intents_have_enough_examples_together(name: str) -> None:
    assert sum(example["intent"] != "out_of_scope" for example in examples(name)) >= 700


@pytest.mark.parametrize(
    ("example", "fault"),
    [
        ({"text": "ciao", "intent": "saluta"}, "unknown intent"),
        ({"text": "ciao ", "intent": "greet"}, "text is missing or padded"),
        ({"text": "ciao", "intent": "greet", "entities": {}}, "empty entities"),
        ({"text": "ciao", "intent": "greet", "intents": "x"}, "unknown key"),
        (
            {"text": "ciao Ada Neri", "intent": "greet", "entities": {"person": "Ada Neri"}},
            "entity that the intent does not carry",
        ),
        (
            {"text": "sono Ada Neri", "intent": "give_name", "entities": {"person": "Ada Nera"}},
            "person is not a span of the text",
        ),
        (
            {"text": "sono Ada Neri", "intent": "give_name", "entities": {"person": "Ada Ner"}},
            "person is not a span of the text",
        ),
        ({"text": "sono Ada Neri", "intent": "give_name"}, "data without the datum"),
        (
            {"text": "privato", "intent": "give_customer_type", "entities": {"customer_type": "privato"}},
            "customer_type has an unknown value",
        ),
        ({"text": "Ada Neri", "intent": "give_data", "entities": {"person": "Ada Neri"}}, "several facts expected"),
        (
            {
                "text": "Ada Neri",
                "intent": "give_name",
                "entities": {"person": "Ada Neri"},
                "reads": {"person": ["Ada Neri"]},
            },
            "reads what is not there",
        ),
        (
            {
                "text": "Ada Neri",
                "intent": "give_name",
                "entities": {"person": "Ada Neri"},
                "reads": {"company": ["Neri"]},
            },
            "reads what is not there",
        ),
        ({"text": "il mio è RSSMRA45P37L612P", "intent": "out_of_scope"}, "holds a tax code"),
    ],
)
def test_a_faulty_example_is_found(example: dict[str, Any], fault: str) -> None:
    assert fault in faults(example)
