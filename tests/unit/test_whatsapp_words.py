"""What is said on WhatsApp speaks of what is there: a page that opens, six digits in the chat, short titles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
RESPONSES: dict[str, list[dict[str, Any]]] = yaml.safe_load((ROOT / "domain.yml").read_text("utf-8"))["responses"]
# Of the widget's form, or of a page: neither is there.
OF_FORMS = ("riquadro", "qui sotto", "premi invio", "campo", "spunta", "chiudere", "Richiedi nuovo codice", "ricarica")
MOST_BUTTONS, BUTTON, ROW, LINK = 3, 20, 24, 20
CHANNEL = "whatsapp"


def conditions(variation: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple((one["name"], one["value"]) for one in variation.get("condition", ()))


def said_on_whatsapp(variations: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """As Rasa chooses: condition and channel, channel, condition, neither; the first of these that there is."""
    own = [variation for variation in variations if variation.get("channel") == CHANNEL]
    answered = {conditions(variation) for variation in own}
    yield from own
    if () not in answered:
        yield from (one for one in variations if "channel" not in one and conditions(one) not in answered)


EVERYTHING = [(name, variation) for name, every in RESPONSES.items() for variation in said_on_whatsapp(every)]


def test_nothing_speaks_of_forms_or_of_what_the_widget_shows() -> None:
    found = [(name, word) for name, said in EVERYTHING for word in OF_FORMS if word.lower() in said["text"].lower()]
    assert found == []


def test_titles_fit_without_being_shortened() -> None:
    cut = []
    for name, said in EVERYTHING:
        titles = [button["title"] for button in said.get("buttons", [])]
        longest = BUTTON if len(titles) <= MOST_BUTTONS else ROW
        cut += [(name, title) for title in titles if len(title) > longest]
        link = said.get("custom", {}).get("card", {}).get("title", "")
        cut += [(name, link)] if len(link) > LINK else []
    assert cut == []


def test_a_title_that_is_quoted_is_one_that_is_shown() -> None:
    shown = {button["title"] for _, said in EVERYTHING for button in said.get("buttons", [])}
    quoted = {title for _, said in EVERYTHING for title in re.findall(r"premi «(.+?)»", said["text"], re.IGNORECASE)}
    assert quoted
    assert quoted <= shown


def test_every_condition_has_words_for_whatsapp_where_the_channel_has_its_own() -> None:
    for name, variations in RESPONSES.items():
        own = [conditions(variation) for variation in variations if variation.get("channel") == CHANNEL]
        others = {conditions(variation) for variation in variations if "channel" not in variation}
        if () in own:
            assert others <= set(own), name


def test_each_question_has_as_many_words_on_whatsapp_as_elsewhere() -> None:
    for name, variations in RESPONSES.items():
        own = [variation for variation in variations if variation.get("channel") == CHANNEL]
        for condition in {conditions(variation) for variation in own} if name.startswith("utter_ask_") else ():
            others = [one for one in variations if "channel" not in one and conditions(one) == condition]
            assert len([one for one in own if conditions(one) == condition]) == len(others), name


def test_no_text_tells_to_write_a_word_that_means_something_else() -> None:
    """«persona» chooses the customer type; who wants one writes «operatore»."""
    every = [variation["text"] for variations in RESPONSES.values() for variation in variations]
    assert [text for text in every if "scrivi «persona»" in text.lower() or "write «persona»" in text.lower()] == []
