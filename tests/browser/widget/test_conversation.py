"""The conversation in a real browser: by keyboard alone, after a reload, without doubles."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.widget.chat import PASSWORD, Chat
from tests.browser.widget.conftest import OpenPage
from tests.browser.widget.stub import Stub

AT_REST_ABOVE = """async (scroller, end) => {
  for (let before = end; ; before = scroller.scrollTop) {
    await new Promise((later) => setTimeout(later, 200));
    if (scroller.scrollTop === before && before < end) return before;
  }
}"""


def test_a_registration_needs_nothing_but_the_keyboard(chat: Chat) -> None:
    keyboard = chat.page.keyboard

    def tab_to(name: str) -> None:
        focused = chat.page.locator("area-clienti-chat :focus")
        for _ in range(25):
            keyboard.press("Tab")
            if focused.count() and (focused.get_attribute("aria-label") or focused.inner_text()).strip() == name:
                return
        raise AssertionError(f"Tab does not lead to {name}")

    tab_to("Voglio registrarmi")
    keyboard.press("Enter")
    expect(chat.choice("Azienda")).to_be_enabled()
    tab_to("Persona")
    keyboard.press("Space")
    chat.says("Nome e Cognome")
    for _ in range(2):
        keyboard.press("Tab")
        if chat.composer.evaluate("field => field === field.getRootNode().activeElement"):
            break
    keyboard.type("Mario Rossi")
    keyboard.press("Enter")
    expect(chat.page.get_by_label("Indirizzo email")).to_be_focused()
    keyboard.press("Shift+Tab")
    keyboard.press("ArrowRight")
    keyboard.press("Tab")
    keyboard.type("333 1234567")
    keyboard.press("Enter")
    expect(chat.secret()).to_be_focused()
    keyboard.type(PASSWORD)
    keyboard.press("Enter")
    expect(chat.choice("Ho preso visione")).to_be_enabled()
    tab_to("Leggi l’informativa privacy")
    keyboard.press("Enter")
    expect(chat.page.get_by_role("heading", name="Chi tratta i tuoi dati")).to_be_visible()
    keyboard.press("Escape")
    expect(chat.page.get_by_role("dialog")).to_be_hidden()
    tab_to("Ho preso visione")
    keyboard.press("Enter")
    expect(chat.secret()).to_be_focused()
    keyboard.type("123456")
    keyboard.press("Enter")
    chat.says("Il tuo account è pronto")
    tab_to("Accedi")
    keyboard.press("Enter")
    chat.page.wait_for_url("**/accedi")


def test_enter_sends_and_shift_enter_makes_a_new_line(chat: Chat, stub: Stub) -> None:
    chat.composer.press_sequentially("prima")
    chat.composer.press("Shift+Enter")
    chat.composer.press_sequentially("seconda")
    chat.composer.press("Enter")
    chat.sent("prima")
    assert [body["text"] for _, body in stub.posts] == ["prima\nseconda"]


def test_a_reload_brings_the_conversation_back_without_reading_it_aloud_again(chat: Chat) -> None:
    chat.to_password()
    before = chat.messages()
    chat.page.reload()
    expect(chat.secret()).to_be_visible()
    expect(chat.log.locator(".bubble p")).to_have_text(before)  # the card is there before the messages are
    chosen = chat.log.get_by_role("button", name="Persona (risposta scelta)")
    expect(chosen).to_be_disabled()
    expect(chat.page.locator(".progress p")).to_have_text("Passo 4 di 5 · Password")
    assert chat.page.locator("[aria-live=polite] > p").all_inner_texts() == []


def test_a_new_answer_is_read_aloud_once_with_its_choices(chat: Chat) -> None:
    chat.choose("Voglio registrarmi")
    chat.says("Sei un Cliente Privato")
    spoken = chat.page.locator("area-clienti-chat [aria-live=polite]").last.locator("p").all_inner_texts()
    assert spoken[-1].startswith("Assistente: Sei un Cliente Privato")
    assert spoken[-1].endswith("Scegli una risposta: Persona, Azienda.")
    assert len([line for line in spoken if "Cliente Privato" in line]) == 1
    expect(chat.log).to_have_attribute("aria-live", "off")


def test_choices_close_once_answered_and_stay_open_beside_a_question(chat: Chat) -> None:
    chat.choose("Voglio registrarmi")
    expect(chat.choice("Persona")).to_be_enabled()
    chat.write("Dove trovo la polizza?")
    chat.says("Riprendiamo da dove eravamo")
    expect(chat.choice("Persona")).to_be_enabled()
    chat.choose("Persona")
    chat.says("Nome e Cognome")
    expect(chat.choice("Azienda")).to_be_disabled()
    expect(chat.choice("Ho una domanda")).to_be_disabled()


def test_a_choice_that_is_no_longer_valid_says_so(chat: Chat, stub: Stub) -> None:
    stub.only().choices.clear()
    chat.choose("Voglio registrarmi")
    expect(chat.log.get_by_text("questa scelta non è più valida")).to_be_visible()


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("333 1234567", "+39 333 1234567"),
        ("+39 333 1234567", "+39 333 1234567"),
        ("0039 333 1234567", "0039 333 1234567"),
        ("Quale numero devo usare?", "Quale numero devo usare?"),
    ],
)
def test_the_prefix_goes_before_a_bare_number_only(chat: Chat, stub: Stub, typed: str, sent: str) -> None:
    chat.to_contact()
    chat.page.get_by_role("radio", name="Numero di cellulare").check()
    field = chat.page.get_by_role("textbox", name="Numero di cellulare (dopo il prefisso +39)")
    expect(field).to_have_attribute("inputmode", "tel")
    field.fill(typed)
    field.press("Enter")
    chat.sent(sent)
    assert stub.posts[-1][1]["text"] == sent


def test_a_question_can_be_asked_beside_a_card(chat: Chat) -> None:
    chat.to_password()
    expect(chat.composer).to_be_hidden()
    chat.press("Hai una domanda?")
    expect(chat.composer).to_be_focused()
    chat.write("Perché serve una password?")
    chat.says("Riprendiamo da dove eravamo")
    expect(chat.secret()).to_be_visible()


def test_what_is_typed_into_a_card_survives_a_question(chat: Chat) -> None:
    chat.to_password()
    chat.secret().fill("Segre")
    chat.press("Hai una domanda?")
    chat.write("Quanto deve essere lunga?")
    chat.says("Riprendiamo da dove eravamo")
    expect(chat.secret()).to_have_value("Segre")


def test_a_counter_appears_near_the_limit_and_too_long_a_message_stays(chat: Chat, stub: Stub) -> None:
    chat.composer.fill("a" * 1990)
    expect(chat.page.get_by_text("Restano 10 caratteri")).to_be_visible()
    chat.composer.fill("a" * 2003)
    expect(chat.page.get_by_text("togli 3 caratteri")).to_be_visible()
    chat.composer.press("Enter")
    expect(chat.composer).to_have_value("a" * 2003)
    assert stub.posts == []


@pytest.mark.slow
def test_a_slow_answer_is_explained(chat: Chat, stub: Stub) -> None:
    stub.answer_after = 15  # it is explained after eight seconds
    chat.choose("Voglio registrarmi")
    typing = chat.page.locator(".typing")
    expect(typing).to_contain_text("sta scrivendo")
    expect(typing).to_contain_text("più del solito")
    chat.says("Sei un Cliente Privato")
    expect(typing).to_be_hidden()


def test_starting_again_asks_first_and_then_begins_anew(chat: Chat, stub: Stub) -> None:
    chat.to_contact()
    chat.press("Menu della chat")
    chat.press("Ricomincia")
    chat.press("No, continua")
    expect(chat.page.get_by_label("Indirizzo email")).to_be_visible()
    chat.press("Menu della chat")
    chat.press("Ricomincia")
    chat.press("Sì, ricomincia")
    expect(chat.log.locator(".bubble")).to_have_count(1)
    expect(chat.choice("Voglio registrarmi")).to_be_enabled()
    expect(chat.page.locator(".progress")).to_be_hidden()


def test_a_person_takes_over_in_words_and_the_fields_give_way(chat: Chat) -> None:
    chat.to_password()
    chat.to_person()
    expect(chat.secret()).to_have_count(0)
    chat.write("Buongiorno")
    chat.says("Ho letto la conversazione")
    expect(chat.log.get_by_text("Operatore")).to_be_visible()


def test_markup_is_text_and_links_lead_only_where_they_may(chat: Chat, stub: Stub) -> None:
    stub.say(
        "<img src=x onerror=alert(1)> <b>ciao</b>", card={"type": "link", "url": "javascript:alert(1)", "title": "No"}
    )
    chat.says("<b>ciao</b>")
    assert chat.log.locator("img, b").count() == 0
    assert chat.log.get_by_role("link").count() == 0
    stub.say("Ecco", card={"type": "link", "url": "/accedi", "title": "Vai"})
    expect(chat.log.get_by_role("link", name="Vai")).to_have_attribute("href", f"{stub.address}/accedi")


def test_the_reader_is_not_dragged_down_while_reading_above(chat: Chat, stub: Stub) -> None:
    for _ in range(6):
        stub.say("Una risposta abbastanza lunga da riempire più righe della conversazione. " * 4)
    chat.says("Una risposta")
    scroller = chat.page.locator(".scroller")
    scroller.hover()
    end = scroller.evaluate("e => e.scrollTop")
    chat.page.mouse.wheel(0, -600)
    place = scroller.evaluate(AT_REST_ABOVE, end)
    stub.say("Questo arriva mentre leggi.")
    expect(chat.page.get_by_role("button", name="Nuovi messaggi")).to_be_visible()
    assert scroller.evaluate("e => e.scrollTop") == place
    chat.press("Nuovi messaggi")
    expect(chat.log.get_by_text("Questo arriva mentre leggi.")).to_be_in_viewport()


def test_two_tabs_show_the_same_conversation(chat: Chat, open_page: OpenPage) -> None:
    other = chat.page.context.new_page()
    other.goto("/")
    second = Chat(other)
    chat.choose("Voglio registrarmi")
    second.says("Sei un Cliente Privato")
    assert second.messages() == chat.messages()
