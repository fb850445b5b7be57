"""What a message answers, at the step where it is said: names, companies and contacts as the forms get them."""

from __future__ import annotations

from typing import Any

import pytest
from rasa_sdk import Tracker

from actions import answers
from areaclienti.domain.contacts import parse_contact

_NAMES = {"person", "person_", "company"}


def said(
    text: str, intent: str, confidence: float = 0.9, naming: float = 0.0, likely: float = 0.99, **marked: str
) -> Tracker:
    """A tracker whose latest message is `text`, with entities marked where their words stand in it.

    `naming`: how likely the classifier holds it for a name; `likely`: how likely the readers of answers find one there,
    which is what is marked as `answer`, or else as a person or a company.
    """
    named = [marked.pop("answer")] if "answer" in marked else [marked[one] for one in marked if one[:7] in _NAMES]
    parts = [(text.index(value), text.index(value) + len(value)) for value in named]
    entities: list[dict[str, Any]] = [
        {"entity": kind.rstrip("_"), "value": value, "start": text.index(value), "end": text.index(value) + len(value)}
        for kind, value in marked.items()
    ]
    first = {"name": intent, "confidence": confidence}
    ranking = [first, {"name": "give_name", "confidence": naming}]
    asked = {kind: {"parts": parts, "likely": likely if parts else 0.0} for kind in ("person", "company")}
    message = {"text": text, "intent": first, "intent_ranking": ranking, "entities": entities, "asked": asked}
    return Tracker("test", {}, message, [], False, None, {}, "action_listen")


@pytest.mark.parametrize(
    ("text", "marked", "name"),
    [
        ("mi chiamo Mario Rossi", {"person": "Mario Rossi"}, "Mario Rossi"),
        ("cognome Rossi nome Mario", {"person": "Rossi", "person_": "Mario"}, "Mario Rossi"),
        ("nome Mario cognome Rossi", {"person": "Mario", "person_": "Rossi"}, "Mario Rossi"),
        ("D'Amico Giovanni", {"person": "Amico Giovanni"}, "D'Amico Giovanni"),
        ("sono la Bruna Neri", {"person": "Bruna Neri"}, "Bruna Neri"),
        ("sarei Bruno", {"person": "Bruno"}, "Bruno"),
        ("può mettere Edoardo Neri", {"person": "Edoardo Neri"}, "Edoardo Neri"),
        ("xhensila 🙂", {"answer": "xhensila"}, "xhensila"),
        ("Mario Rossi tutto maiuscolo", {"person": "Mario Rossi"}, "Mario Rossi"),
        ("piacere Edoardo Neri", {"person": "Edoardo Neri"}, "Edoardo Neri"),
        ("Xhensila", {"answer": "Xhensila"}, "Xhensila"),
        ("mi chiamo Xhensila, grazie", {"answer": "Xhensila"}, "Xhensila"),
        ("La Rosa Concetta", {"company": "La Rosa Concetta"}, "La Rosa Concetta"),
    ],
)
def test_a_name_that_was_asked_for(text: str, marked: dict[str, str], name: str) -> None:
    assert answers.person(said(text, "give_name", **marked), requested=True) == name


@pytest.mark.parametrize("kind", ["person", "company"])
def test_words_between_marks_of_a_page_are_no_name(kind: str) -> None:
    message = said("<b>Mario</b> <script>alert(1)</script>", "give_name", naming=0.9, answer="Mario")
    assert getattr(answers, kind)(message, requested=True) is None
    assert getattr(answers, kind)(said("Mario", "give_name", answer="Mario"), requested=True) == "Mario"
    assert getattr(answers, kind)(said("siamo Neri srl", "give_name", **{kind: "Neri srl"}), requested=False)
    assert not getattr(answers, kind)(said("siamo <b>Neri srl", "give_name", **{kind: "Neri srl"}), requested=False)


def test_a_legal_form_is_no_persons_name() -> None:
    message = said("Rossi Impianti srl", "give_company_name", company="Rossi Impianti srl")
    assert answers.person(message, requested=False) is None


@pytest.mark.parametrize(
    ("text", "intent", "confidence", "naming", "marked"),
    [
        ("Sgarbi", "out_of_scope", 0.4, 0.05, {"answer": "Sgarbi"}),
        ("Sgarbi", "nlu_fallback", 0.3, 0.05, {"answer": "Sgarbi"}),
        ("rita lo conte e basta", "cancel", 0.5, 0.3, {"person": "rita lo conte"}),
        ("Ada Neri buonasera", "greet", 0.95, 0.03, {"person": "Ada Neri"}),
        ("Speranza", "wait", 0.6, 0.2, {"answer": "Speranza"}),
        ("sara neri", "faq_duration", 0.6, 0.02, {"answer": "sara neri"}),
    ],
)
def test_at_its_step_a_likely_name_is_taken_whatever_the_first_intent(
    text: str, intent: str, confidence: float, naming: float, marked: dict[str, str]
) -> None:
    message = said(text, intent, confidence, naming, **marked)
    assert answers.is_answer(message, "given_name")
    assert answers.person(message, requested=True) == marked.get("person", text)
    assert answers.person(message, requested=False) is None


@pytest.mark.parametrize("slot", ["given_name", "family_name", "company_name"])
@pytest.mark.parametrize(
    ("text", "intent", "confidence", "naming", "marked"),
    [
        ("forza inter", "out_of_scope", 0.95, 0.01, {"answer": "inter"}),
        ("sarà vero", "faq_security", 0.6, 0.02, {"answer": "vero"}),
        ("buon natale", "goodbye", 0.95, 0.02, {}),
        ("perché volete il mio nome?", "nlu_fallback", 0.3, 0.09, {}),
        ("basta così lasciamo stare", "cancel", 0.9, 0.05, {}),
        ("parlo con Anna del vostro ufficio per favore", "request_person", 0.8, 0.05, {"person": "Anna"}),
        ("ho sbagliato, è Neri", "correct_data", 0.7, 0.2, {"person": "Neri"}),
    ],
)
def test_what_steers_or_asks_is_no_name_at_its_step(
    text: str, intent: str, confidence: float, naming: float, marked: dict[str, str], slot: str
) -> None:
    message = said(text, intent, confidence, naming, likely=0.6, **marked)
    assert answers.is_answer(message, slot) is (intent in answers.ANSWER_INTENTS)
    read = answers.company if slot == "company_name" else answers.person
    if intent != "correct_data":  # a rule's, not a form's
        assert read(message, requested=True) is None


@pytest.mark.parametrize(("times", "name"), [(40, "Ada Neri"), (60, None)])
def test_who_writes_a_page_does_not_answer_with_a_name(times: int, name: str | None) -> None:
    message = said("parole " * times + "Ada Neri", "give_name", answer="Ada Neri")
    assert answers.person(message, requested=True) == name
    assert answers.company(message, requested=True) == name


def test_a_name_that_was_not_asked_for_has_to_be_marked() -> None:
    assert answers.person(said("Xhensila", "give_name"), requested=False) is None


@pytest.mark.parametrize(
    ("text", "marked", "name"),
    [
        ("Rossi srl di Ancona", {"company": "Rossi srl"}, "Rossi srl"),
        ("siamo la Vetreria Toscana", {"company": "Vetreria Toscana"}, "Vetreria Toscana"),
        ("La Bella Pizza", {"answer": "La Bella Pizza"}, "La Bella Pizza"),
        ("Fiori Anna", {"person": "Anna", "answer": "Fiori Anna"}, "Fiori Anna"),
        ("la ditta Greco Antonio", {"person": "Greco Antonio"}, "Greco Antonio"),
        ("siamo la Ferrara S.r.l.", {"company": "Ferrara S.r.l"}, "Ferrara S.r.l."),
    ],
)
def test_a_company_that_was_asked_for(text: str, marked: dict[str, str], name: str) -> None:
    assert answers.company(said(text, "give_company_name", **marked), requested=True) == name


@pytest.mark.parametrize(
    ("text", "answer", "name"),
    [
        ("Neri Marmi snc anzi Nero Marmi snc", "Neri Marmi snc anzi Nero Marmi snc", "Nero Marmi snc"),
        ("siamo la Neri Marmi, no scusi, Nero Marmi", "Neri Marmi, no scusi, Nero Marmi", "Nero Marmi"),
        ("Neri Marmi sas scusi è snc", "Neri Marmi sas", "Neri Marmi snc"),
        ("Neri Marmi srl, scusi il ritardo", "Neri Marmi srl", "Neri Marmi srl"),
        ("mi scusi, Neri Marmi srl", "Neri Marmi srl", "Neri Marmi srl"),
    ],
)
def test_of_a_company_that_is_corrected_in_the_same_line_the_last_holds(text: str, answer: str, name: str) -> None:
    assert answers.company(said(text, "give_company_name", answer=answer), requested=True) == name


def test_who_wants_to_register_may_name_himself_at_the_step_that_asks() -> None:
    message = said("voglio registrarmi, sono Ada Neri", "register", naming=0.05, likely=0.999, answer="Ada Neri")
    assert answers.person(message, requested=True) == "Ada Neri"
    nobody = said("voglio registrarmi", "register", naming=0.05, likely=0.1, answer="registrarmi")
    assert answers.person(nobody, requested=True) is None


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
