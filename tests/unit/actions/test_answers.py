"""What a message answers, at the step where it is said: names, companies and contacts as the forms get them."""

from __future__ import annotations

from typing import Any

import pytest
from rasa_sdk import Tracker

from actions import answers
from areaclienti.domain.contacts import parse_contact


def said(text: str, intent: str, confidence: float = 0.9, **marked: str) -> Tracker:
    """A tracker whose latest message is `text`, with entities marked where their words stand in it."""
    entities: list[dict[str, Any]] = [
        {"entity": kind.rstrip("_"), "value": value, "start": text.index(value), "end": text.index(value) + len(value)}
        for kind, value in marked.items()
    ]
    message = {"text": text, "intent": {"name": intent, "confidence": confidence}, "entities": entities}
    return Tracker("test", {}, message, [], False, None, {}, "action_listen")


@pytest.mark.parametrize(
    ("text", "marked", "name"),
    [
        ("mi chiamo Mario Rossi", {"person": "Mario Rossi"}, "Mario Rossi"),
        ("cognome Rossi nome Mario", {"person": "Rossi", "person_": "Mario"}, "Mario Rossi"),
        ("nome Mario cognome Rossi", {"person": "Mario", "person_": "Rossi"}, "Mario Rossi"),
        ("D'Amico Giovanni", {"person": "Amico Giovanni"}, "D'Amico Giovanni"),
        ("anna maria esposito", {"person": "maria esposito"}, "anna maria esposito"),
        ("Mario Rossi tutto maiuscolo", {"person": "Mario Rossi"}, "Mario Rossi"),
        ("piacere Edoardo Neri", {"person": "Edoardo Neri"}, "Edoardo Neri"),
        ("Xhensila", {}, "Xhensila"),
        ("mi chiamo Xhensila, grazie", {}, "Xhensila"),
        ("La Rosa Concetta", {"company": "La Rosa Concetta"}, "La Rosa Concetta"),
    ],
)
def test_a_name_that_was_asked_for(text: str, marked: dict[str, str], name: str) -> None:
    assert answers.person(said(text, "give_name", **marked), requested=True) == name


def test_a_legal_form_is_no_persons_name() -> None:
    message = said("Rossi Impianti srl", "give_company_name", company="Rossi Impianti srl")
    assert answers.person(message, requested=False) is None


def test_a_text_surely_about_something_else_is_no_name() -> None:
    assert answers.person(said("forza inter", "out_of_scope", 0.95), requested=True) is None
    assert answers.person(said("Sgarbi", "out_of_scope", 0.4), requested=True) == "Sgarbi"


def test_a_name_that_was_not_asked_for_has_to_be_marked() -> None:
    assert answers.person(said("Xhensila", "give_name"), requested=False) is None


@pytest.mark.parametrize(
    ("text", "marked", "name"),
    [
        ("Rossi srl di Ancona", {"company": "Rossi srl"}, "Rossi srl"),
        ("siamo la Vetreria Toscana", {"company": "Vetreria Toscana"}, "Vetreria Toscana"),
        ("La Bella Pizza", {"company": "Bella Pizza"}, "La Bella Pizza"),
        ("La Bella Pizza", {}, "La Bella Pizza"),
        ("Fiori Anna", {"person": "Anna"}, "Fiori Anna"),
        ("la ditta Greco Antonio", {"person": "Greco Antonio"}, "Greco Antonio"),
        ("siamo la Ferrara S.r.l.", {"company": "Ferrara S.r.l"}, "Ferrara S.r.l."),
    ],
)
def test_a_company_that_was_asked_for(text: str, marked: dict[str, str], name: str) -> None:
    assert answers.company(said(text, "give_company_name", **marked), requested=True) == name


@pytest.mark.parametrize(
    ("marked", "contact"),
    [
        ("mario punto rossi chiocciola libero punto it", "mario.rossi@libero.it"),
        ("giulia.neri chioccola gmail.com", "giulia.neri@gmail.com"),
        ("tre tre tre uno due tre quattro cinque sei sette", "+393331234567"),
        ("trecentotrentatré 12 34 567", "+393331234567"),
    ],
)
def test_a_dictated_contact_is_read(marked: str, contact: str) -> None:
    found = answers.contact(said(f"il contatto è {marked}", "give_contact", contact=marked), requested=True)
    assert found is not None
    assert parse_contact(found).value == contact


def test_no_part_of_a_foreign_number_passes_for_a_contact() -> None:
    message = said("+40 712 345 678", "give_contact", contact="712 345 678")
    assert answers.contact(message, requested=True) == "+40 712 345 678"
