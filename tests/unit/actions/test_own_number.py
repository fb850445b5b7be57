"""The number that the customer writes from: when it is offered, and what is meant by what he says to the offer."""

from __future__ import annotations

from typing import Any

import pytest
from rasa_sdk import Tracker

from actions import answers, own_number

OWN = "+393331234567"


def said(text: str = "", intent: str = "nlu_fallback", *, entity: str | None = None, **slots: Any) -> Tracker:
    """A tracker whose latest message is `text`, of a customer who writes from OWN."""
    entities = [{"entity": "contact", "value": entity}] if entity else []
    message = {"text": text, "intent": {"name": intent, "confidence": 0.9}, "entities": entities}
    return Tracker("test", {"own_mobile": OWN, **slots}, message, [], False, None, {}, "action_listen")


def test_an_italian_mobile_is_offered_by_its_last_four_digits() -> None:
    assert own_number.masked(said()) == "+39 *** *** 4567"
    assert own_number.is_offered(said())


@pytest.mark.parametrize("number", [None, "", "+447911123456", "+390655501011", "+39", "+8613800138000"])
def test_no_number_and_none_of_another_kind_is_offered(number: str | None) -> None:
    nobody = said("usa questo numero", own_mobile=number)
    assert own_number.known(nobody) is None
    assert own_number.masked(nobody) is None
    assert own_number.said(nobody, asked=True) is None
    assert not own_number.is_offered(nobody)


def test_what_was_declined_or_called_wrong_is_not_offered_again() -> None:
    assert own_number.masked(said(own_mobile_declined=True)) is None
    assert own_number.masked(said(replaced={"contact": OWN})) is None


def test_while_another_contact_is_corrected_it_is_shown_but_a_yes_does_not_mean_it() -> None:
    correcting = said(replaced={"contact": "mario.rossi@example.com"})
    assert own_number.masked(correcting) == "+39 *** *** 4567"
    assert not own_number.is_offered(correcting)
    assert not own_number.is_offered(said(suggested_contact="mario.rossi@gmail.com"))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("usa questo numero", own_number.THIS),
        ("Sì, usa questo", own_number.THIS),
        ("questo", own_number.THIS),
        ("ok questo va bene", own_number.THIS),
        ("il numero da cui scrivo", own_number.THIS),
        ("va bene questo cellulare, grazie", own_number.THIS),
        ("quello da cui ti sto scrivendo", own_number.THIS),
        ("no, un altro", own_number.OTHER),
        ("preferisco la mail", own_number.OTHER),
        ("un altro recapito", own_number.OTHER),
        ("non questo numero", None),
        ("no, questo numero no", None),
        ("questo numero va bene?", None),
        ("posso usare la mail?", None),
        ("quale mail devo usare", None),
        ("ma posso usare questo numero", None),
        ("la mia mail è mario.rossi@example.com", None),
        ("un altro: 333 7654321", None),
        ("aiuto", None),
        ("sì", None),
    ],
)
def test_what_is_said_to_the_offer(text: str, meant: str | None) -> None:
    assert own_number.said(said(text), asked=True) == meant


def test_words_for_the_own_number_are_the_contact_where_it_is_asked_for() -> None:
    assert answers.contact(said("usa questo numero"), requested=True) == OWN
    assert answers.contact(said("usa questo numero", own_mobile_declined=True), requested=True) == OWN
    assert answers.contact(said("questo", own_mobile_declined=True), requested=True) is None


def test_unasked_only_the_number_one_writes_from_is_meant() -> None:
    assert answers.contact(said("voglio usare il numero da cui scrivo", "correct_data"), requested=False) == OWN
    assert answers.contact(said("questo numero è sbagliato", "correct_data"), requested=False) is None
    assert answers.contact(said("non il numero da cui scrivo", "correct_data"), requested=False) is None


def test_a_button_stands_for_the_number_without_holding_it() -> None:
    assert answers.contact(said(intent="give_contact", entity="own_mobile"), requested=True) == OWN
    assert answers.contact(said(intent="give_contact", entity="a@example.com"), requested=True) == "a@example.com"
    nobody = said(intent="give_contact", entity="own_mobile", own_mobile=None)
    assert answers.contact(nobody, requested=True) is None
