"""Whatever the assistant says becomes messages that Meta takes, and nothing that it says is lost."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from areaclienti.gateway.channels.whatsapp.characters import length
from areaclienti.gateway.channels.whatsapp.choices import Choice, show
from areaclienti.gateway.channels.whatsapp.formatting import plain, printable
from areaclienti.gateway.channels.whatsapp.message_types.cta import cta
from areaclienti.gateway.channels.whatsapp.outbound_texts import load_outbound_texts
from areaclienti.gateway.channels.whatsapp.rendering import Line, Rendered, Rendering, Stand, live_choices
from areaclienti.simulator.checks.message import check_message
from tests.unit.gateway.whatsapp.limits import body_of, check, shown_titles
from tests.unit.gateway.whatsapp.oracle import Pywa
from tests.unit.gateway.whatsapp.turns import turns

RENDERING = Rendering(load_outbound_texts(), "https://clienti.example/", 600)
LINK = "https://clienti.example/riservato/" + "t" * 43
ENVELOPE = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": "393331234567"}
AS_IS = Stand("text", 1)


def on_the_wire(message: Rendered) -> dict[str, Any]:
    """The message object as it is sent, its one-time link included."""
    if message.needs_link is None:
        return message.content
    title = load_outbound_texts().secret_buttons[message.needs_link]
    return cta(f"{message.content['body']}\n\n{RENDERING.link_life}", title, LINK)


def bot(text: str, *titles: str, seq: int = 1, card: dict[str, Any] | None = None) -> Line:
    return Line(seq, "bot", text, tuple(Choice(f"id-{seq}-{n}", title) for n, title in enumerate(titles)), card)


def kinds(*lines: Line, stand: Stand = AS_IS) -> list[str]:
    return [message.kind for message in RENDERING.render(lines, stand)]


@settings(max_examples=2000)
@given(turns())
def test_every_turn_is_within_every_limit(turn: tuple[list[Line], Stand]) -> None:
    messages = RENDERING.render(*turn)
    for message in messages:
        check(on_the_wire(message))
        check_message(ENVELOPE | on_the_wire(message))  # as the simulator reads Meta's documents
    if all(line.author == "customer" for line in turn[0]):
        assert not messages


@settings(max_examples=150)
@given(turns())
def test_pywa_would_send_the_same(turn: tuple[list[Line], Stand]) -> None:
    pywa = Pywa()
    for message in map(on_the_wire, RENDERING.render(*turn)):
        sent = pywa.same("393331234567", message, "7")
        if message["type"] == "text":
            message = {"type": "text", "text": {"body": message["text"]["body"], "preview_url": False}}
        assert {name: sent[name] for name in message} == message


@settings(max_examples=300)
@given(turns())
def test_nothing_that_is_said_is_lost(turn: tuple[list[Line], Stand]) -> None:
    lines, stand = turn
    sent = " ".join(body_of(on_the_wire(message)) for message in RENDERING.render(lines, stand))
    for line in lines:
        if line.author != "customer":
            # only blanks may be other, where a text was cut or a choice is called by its shorter title
            said = _letters(plain(printable(line.text)))
            for choice in show(live_choices(lines, stand), load_outbound_texts()).choices:
                said = said.replace(f"«{_letters(plain(choice.title))}»", "")
            assert said in _letters(sent) or "«" in line.text


@settings(max_examples=300)
@given(turns())
def test_no_word_is_cut_that_a_message_could_hold(turn: tuple[list[Line], Stand]) -> None:
    lines, stand = turn
    said = [line for line in lines if line.author != "customer"]
    words = {word for line in said for word in plain(printable(line.text)).split()}
    longest = max(map(length, words), default=0)
    messages = [on_the_wire(message) for message in RENDERING.render(lines, stand)]
    if longest > 200 or "«" in "".join(line.text for line in said):
        return  # it has to be cut, or is called by its shorter title
    sent = [word for message in messages for word in body_of(message).split()]
    for word in words:
        assert word in sent


@settings(max_examples=300)
@given(turns())
def test_every_live_choice_can_be_taken_and_its_whole_title_is_read(turn: tuple[list[Line], Stand]) -> None:
    lines, stand = turn
    choices = live_choices([line for line in lines if line.author != "customer"], stand)
    messages = [on_the_wire(message) for message in RENDERING.render(lines, stand)]
    read = [*values_of(messages)]
    everything = _letters("\0".join(read))
    tappable = [value for value in read if value.startswith("choice-")]
    if choices and show(choices, load_outbound_texts()).kind == "numbers":
        listed = "\n".join(body_of(message) for message in messages)
        assert not tappable and all(f"{number}." in listed for number in range(1, len(choices) + 1))
    else:
        assert tappable == [choice.id for choice in choices]
    known = load_outbound_texts().short_titles
    for choice in choices:
        title = " ".join(printable(choice.title).split())
        if title not in known:
            assert _letters(title) in everything or _letters(plain(title)) in everything


@settings(max_examples=300)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=10))
def test_titles_on_buttons_and_rows_are_unique_and_visible(titles: list[str]) -> None:
    shown = show([Choice(str(n), title) for n, title in enumerate(titles)], load_outbound_texts())
    if shown.kind != "numbers":
        read = shown_titles(shown.message("Scegli", load_outbound_texts()))
        assert len(set(read)) == len(read)
        assert all(any(unicodedata.category(one)[0] in "LNPS" for one in title) for title in read)


def values_of(content: Any) -> Iterator[str]:
    """Every text of a message object."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict | list):
        for part in content.values() if isinstance(content, dict) else content:
            yield from values_of(part)


def _letters(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize(
    ("choices", "kind"),
    [(1, "buttons"), (3, "buttons"), (4, "list"), (10, "list"), (11, "text"), (30, "text")],
)
def test_choices_are_buttons_then_a_list_then_numbers(choices: int, kind: str) -> None:
    assert kinds(bot("Scegli.", *(f"Scelta numero {n}" for n in range(choices)))) == [kind]


def test_a_turn_of_several_lines_is_one_message() -> None:
    messages = RENDERING.render([bot("Grazie, Mario!"), bot("Quale contatto?", seq=2)], AS_IS)
    assert [message.content["text"]["body"] for message in messages] == ["Grazie, Mario!\n\nQuale contatto?"]


def test_the_privacy_notice_is_a_link_and_then_the_button() -> None:
    link, button = RENDERING.render(
        [bot("Ecco i tuoi dati.", "Ho preso visione", card={"type": "privacy_notice"})], AS_IS
    )
    assert link.content["interactive"]["action"]["parameters"] == {
        "display_text": "Leggi l'informativa",
        "url": "https://clienti.example/informativa-privacy",
    }
    assert shown_titles(button.content) == ["Ho preso visione"]
    assert body_of(button.content) == "Quando l'hai letta, continua da qui:"


def test_a_card_with_a_link_is_a_button_under_the_text() -> None:
    card = {"type": "link", "url": "/accedi", "title": "Accedi all'Area Clienti"}
    (message,) = RENDERING.render([bot("Fatto!", card=card)], AS_IS)
    assert message.content["interactive"]["action"]["parameters"] == {
        "display_text": "Accedi",
        "url": "https://clienti.example/accedi",
    }


def test_the_account_without_a_mobile_gets_link_and_choice() -> None:
    card = {"type": "link", "url": "/accedi", "title": "Accedi all'Area Clienti"}
    link, button = RENDERING.render([bot("Fatto!", "Richiedi assistenza", card=card)], AS_IS)
    assert link.kind == "cta" and body_of(button.content) == "Oppure scegli qui:"


@pytest.mark.parametrize(("expects", "purpose"), [("secret:password", "password"), ("secret:tax_code", "tax_code")])
def test_whatever_is_said_where_a_secret_is_due_carries_the_way_to_give_it(expects: str, purpose: str) -> None:
    for text in ("Ora crea la password.", "Per la tua sicurezza non scrivere la password nella chat."):
        (message,) = RENDERING.render([bot(text)], Stand(expects, 1))
        assert message.needs_link == purpose and message.content == {"body": text}
        assert "10 minuti" in body_of(on_the_wire(message))


def test_a_link_is_never_in_what_is_stored() -> None:
    (message,) = RENDERING.render([bot("Crea la password.")], Stand("secret:password", 1))
    assert "http" not in str(message.content)


def test_a_code_is_written_in_the_chat() -> None:
    assert kinds(bot("Scrivi le sei cifre."), stand=Stand("code", 1)) == ["text"]


def test_choices_of_an_older_turn_are_not_offered() -> None:
    lines = [bot("Persona o azienda?", "Persona", "Azienda"), bot("Come ti chiami?", seq=3)]
    assert kinds(*lines, stand=Stand("text", 3)) == ["text"]


def test_long_text_goes_ahead_and_the_question_stays_with_its_choices() -> None:
    text = "\n\n".join(["Prima frase. " * 60, "Seconda frase. " * 40, "Vuoi continuare?"])
    first, second = RENDERING.render([bot(text, "Sì", "No")], AS_IS)
    assert first.kind == "text" and second.kind == "buttons"
    assert body_of(second.content).endswith("Vuoi continuare?")


def test_a_shortened_choice_is_called_so_in_the_text_too() -> None:
    (message,) = RENDERING.render(
        [bot("Se non arriva, premi «Richiedi nuovo codice».", "Richiedi nuovo codice")], AS_IS
    )
    assert body_of(message.content) == "Se non arriva, premi «Nuovo codice»."
    assert shown_titles(message.content) == ["Nuovo codice"]


def test_a_shortened_button_has_its_whole_title_in_the_text() -> None:
    (message,) = RENDERING.render([bot("Scegli.", "Vorrei parlare con una persona dell'assistenza")], AS_IS)
    assert shown_titles(message.content) == ["Vorrei parlare"]
    assert "Vorrei parlare: Vorrei parlare con una persona dell'assistenza" in body_of(message.content)


def test_a_shortened_row_has_its_whole_title_in_its_description() -> None:
    titles = ["Registrati", "Accedi", "Password dimenticata", "Vorrei parlare con una persona"]
    (message,) = RENDERING.render([bot("Scegli.", *titles)], AS_IS)
    rows = message.content["interactive"]["action"]["sections"][0]["rows"]
    assert [row.get("description") for row in rows] == [None, None, None, titles[-1]]
    assert body_of(message.content) == "Scegli."


@pytest.mark.parametrize(
    "value", ["*Anna*", "_anna_@example.it", "~Mario~", "`x`", "*****600 o *****450", "```a```", "> citazione"]
)
def test_what_a_customer_wrote_formats_nothing(value: str) -> None:
    (message,) = RENDERING.render([bot(value)], AS_IS)
    body = body_of(message.content)
    assert not re.search(r"(?:(?<=\W)|^)[*_~`]|[*_~`](?=\W|$)|^> ", body)
    assert length(body) == length(value)


@pytest.mark.parametrize("value", ["mario_rossi@example.it", "a_b*c~d", "3*4"])
def test_what_can_format_nothing_stays_as_it_is(value: str) -> None:
    (message,) = RENDERING.render([bot(value)], AS_IS)
    assert body_of(message.content) == value


def test_every_title_of_the_dialogue_reads_well_on_its_button(request: pytest.FixtureRequest) -> None:
    domain = yaml.safe_load((request.config.rootpath / "domain.yml").read_text(encoding="utf-8"))
    variants = [variant for response in domain["responses"].values() for variant in response]
    for offered in (variant["buttons"] for variant in variants if "buttons" in variant):
        titles = [button["title"] for button in offered]
        shown = show([Choice(str(n), title) for n, title in enumerate(titles)], load_outbound_texts())
        assert not shown.whole_titles, f"give {titles} short titles in texts.yml"
