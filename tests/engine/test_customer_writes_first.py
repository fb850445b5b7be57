"""A conversation that the customer begins: greeted once, and nothing that the first message says is lost."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.engine.conftest import Engine, utterances

WHATSAPP = {"channel": "whatsapp"}
OWN = "+393331234567"


def test_a_greeting_is_answered_by_one_greeting_and_the_first_question(engine: Engine) -> None:
    answer = engine.turn("ciao", **WHATSAPP)
    assert utterances(answer) == ["utter_greet", "utter_ask_customer_type"]
    assert (answer["step"], answer["expects"]) == ("customer_type", "choice")
    greeting = answer["messages"][0]["text"]
    assert "assistente automatico di Alleanza" in greeting
    assert "«operatore»" in greeting  # WhatsApp's policy: a clear way to a person
    assert engine.turn("operatore", **WHATSAPP)["step"] == "handover"


@pytest.mark.parametrize(
    ("text", "step", "slots"),
    [
        ("voglio registrarmi", "customer_type", {}),
        ("sono Mario Rossi, privato", "contact", {"given_name": "Mario", "family_name": "Rossi"}),
        ("sono un privato", "name", {"customer_type": "persona"}),
        ("siamo la Officine Ferrara srl e vorremmo registrarci", "contact", {"company_name": "Officine Ferrara srl"}),
        (
            "buonasera, vorrei registrarmi, mi chiamo Mario Rossi e la mia mail è mario.rossi@example.com",
            "customer_type",
            {"given_name": "Mario", "family_name": "Rossi", "contact": "mario.rossi@example.com"},
        ),
    ],
)
def test_what_the_first_message_gives_is_kept(engine: Engine, text: str, step: str, slots: dict[str, Any]) -> None:
    answer = engine.turn(text, **WHATSAPP)
    assert utterances(answer)[0] == "utter_greet"
    assert utterances(answer).count("utter_greet") == 1
    assert answer["step"] == step
    assert {name: engine.slot(name) for name in slots} == slots


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"text": "quanto costa?"}, "utter_faq_costs"),
        ({"text": "che tempo fa domani a Roma?"}, "utter_out_of_scope"),
        ({"intent": "send_media", "entities": {"kind": "audio"}}, "utter_media_audio"),
        ({"intent": "send_media", "entities": {"kind": "image"}}, "utter_media_image"),
        ({"intent": "send_media", "entities": {"kind": "poll"}}, "utter_media"),
        ({"intent": "send_media"}, "utter_media"),
    ],
)
def test_whatever_comes_first_is_greeted_answered_and_leads_to_the_first_question(
    engine: Engine, given: dict[str, Any], said: str
) -> None:
    answer = engine.turn(**given, **WHATSAPP)
    assert utterances(answer) == ["utter_greet", said, "utter_ask_customer_type"]
    assert engine.turn("Persona", **WHATSAPP)["step"] == "name"


def test_who_asks_for_a_person_first_is_told_of_one_and_can_go_on(engine: Engine) -> None:
    answer = engine.turn("vorrei parlare con una persona", **WHATSAPP)
    assert (utterances(answer), answer["step"]) == (["utter_greet", "utter_handover_requested"], "handover")
    back = {"step": answer["handover"]["resume_step"], "settled": [], "missing": []}
    assert engine.turn(intent="hand_back", entities=back, **WHATSAPP)["step"] == "customer_type"


def test_the_first_message_again_is_answered_the_same_and_greeted_once(engine: Engine) -> None:
    message = uuid.uuid4().hex
    first = engine.turn("ciao", message, **WHATSAPP)
    assert engine.turn("ciao", message, **WHATSAPP) == first
    assert utterances(engine.turn("ciao", **WHATSAPP)) == ["utter_greet_again", "utter_ask_customer_type"]


def test_where_the_assistant_opens_the_chat_nothing_is_greeted_twice(engine: Engine) -> None:
    assert utterances(engine.open()) == ["utter_greet", "utter_ask_customer_type"]
    assert utterances(engine.turn("Persona")) == ["utter_ask_given_name"]


def test_the_number_that_writes_is_offered_taken_and_read_back(engine: Engine) -> None:
    knows = {**WHATSAPP, "mobile": OWN}
    offer = engine.turn("sono Mario Rossi, privato", **knows)
    assert utterances(offer)[-1] == "utter_offer_own_mobile"
    assert "Vuoi usare il numero +39 *** *** 4567 da cui scrivi?" in offer["messages"][-1]["text"]
    yes, other = offer["messages"][-1]["choices"]
    assert [yes["title"], other["title"]] == ["Sì, usa questo", "Un altro recapito"]
    assert "4567" not in str(yes["entities"])
    taken = engine.turn(intent=yes["intent"], entities=yes["entities"], **knows)
    assert (engine.slot("contact"), taken["step"]) == (OWN, "password")
    assert "+39 333 1234567" in taken["messages"][0]["text"]


@pytest.mark.parametrize("no", [{"intent": "deny"}, {"text": "no"}, {"text": "preferisco la mail"}])
def test_who_declines_the_own_number_is_asked_for_another_contact(engine: Engine, no: dict[str, Any]) -> None:
    knows = {**WHATSAPP, "mobile": OWN}
    engine.turn("sono Mario Rossi, privato", **knows)
    answer = engine.turn(**no, **knows)
    assert utterances(answer) == ["utter_ask_contact"]
    assert engine.turn("mario.rossi@example.com", **knows)["step"] == "password"
    assert engine.slot("contact") == "mario.rossi@example.com"


def test_another_contact_is_taken_at_once_instead_of_the_own_number(engine: Engine) -> None:
    knows = {**WHATSAPP, "mobile": OWN}
    engine.turn("sono Mario Rossi, privato", **knows)
    assert engine.turn("333 7654321", **knows)["step"] == "password"
    assert engine.slot("contact") == "+393337654321"


def test_in_a_correction_a_yes_keeps_the_old_contact_and_a_tap_takes_the_own_number(engine: Engine) -> None:
    knows = {**WHATSAPP, "mobile": OWN}
    engine.turn("sono Mario Rossi, privato, la mail è mario.rossi@example.com", **knows)
    asked = engine.turn("ho sbagliato il recapito", **knows)
    assert utterances(asked) == ["utter_correcting", "utter_ask_contact_anew"]
    assert engine.turn("va bene", **knows)["step"] == "password"
    assert engine.slot("contact") == "mario.rossi@example.com"
    [tap] = engine.turn("ho sbagliato il recapito", **knows)["messages"][-1]["choices"]
    assert engine.turn(intent=tap["intent"], entities=tap["entities"], **knows)["step"] == "password"
    assert engine.slot("contact") == OWN


def test_without_a_number_or_with_a_foreign_one_the_contact_is_asked_for(engine: Engine) -> None:
    assert utterances(engine.turn("sono Mario Rossi, privato", **WHATSAPP))[-1] == "utter_ask_contact"
    foreign = Engine(engine.stack)
    answer = foreign.turn("sono Mario Rossi, privato", **WHATSAPP, mobile="+447911123456")
    assert utterances(answer)[-1] == "utter_ask_contact"


@pytest.mark.parametrize("mobile", ["", "3331234567", "+39 333 1234567", 39333, ["+393331234567"], "+" + "3" * 19])
def test_a_mobile_that_is_no_number_is_refused(engine: Engine, mobile: object) -> None:
    refused = engine.client.post("/turns", json={**engine.body("ciao"), "mobile": mobile})
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_turn")
    assert engine.events() == []


def test_the_number_stands_in_no_log(engine: Engine) -> None:
    engine.turn("sono Mario Rossi, privato", **WHATSAPP, mobile="+393398877661")
    engine.turn(intent="give_contact", entities={"contact": "own_mobile"}, **WHATSAPP, mobile="+393398877661")
    assert engine.slot("contact") == "+393398877661"
    assert not [log.name for log in (engine.stack.var / "log").glob("*.log") if b"3398877661" in log.read_bytes()]
