"""Passwords and codes: entered beside the chat, written down nowhere, explained when refused."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.widget.chat import PASSWORD, TAX_CODE, Chat
from tests.browser.widget.stub import Stub


def test_a_password_is_written_down_nowhere_before_during_and_after(chat: Chat, stub: Stub) -> None:
    chat.to_password()
    chat.secret().press_sequentially(PASSWORD)
    chat.press("Mostra la password")
    assert PASSWORD not in chat.everything_written_down()
    chat.press("Continua")
    expect(chat.choice("Ho preso visione")).to_be_visible()
    assert PASSWORD not in chat.everything_written_down()
    chat.page.reload()
    chat.says("Password inserita in modo sicuro")
    assert PASSWORD not in chat.everything_written_down()
    assert stub.posts[-1][1]["value"] == PASSWORD


def test_the_check_itself_finds_a_secret_that_is_written_down(chat: Chat) -> None:
    chat.page.evaluate("secret => sessionStorage.setItem('x', secret)", PASSWORD)
    assert PASSWORD in chat.everything_written_down()
    chat.page.evaluate("sessionStorage.clear()")
    mark = "e => e.shadowRoot.querySelector('.card-slot').setAttribute('data-x', 'Segreta-Rosa7')"
    chat.page.locator("area-clienti-chat").evaluate(mark)
    assert PASSWORD in chat.everything_written_down()


def test_a_taken_password_leaves_its_field_empty(chat: Chat) -> None:
    chat.to_password()
    field = chat.secret().element_handle()
    assert field is not None
    chat.secret().fill(PASSWORD)
    chat.press("Continua")
    expect(chat.choice("Ho preso visione")).to_be_visible()
    assert field.evaluate("e => e.value") == ""


def test_the_four_rules_are_ticked_while_typing(chat: Chat) -> None:
    chat.to_password()
    rules = chat.page.get_by_role("list", name="La password deve avere:").get_by_role("listitem")
    expect(rules).to_have_count(4)
    met = chat.page.locator(".rules .met > span:not(.unseen)")
    expected = {
        "a": ["Una lettera minuscola"],
        "aB": ["Una lettera maiuscola", "Una lettera minuscola"],
        "aB3": ["Una lettera maiuscola", "Una lettera minuscola", "Almeno un numero"],
        "aB3aaaaa": ["Una lettera maiuscola", "Una lettera minuscola", "Almeno 8 caratteri", "Almeno un numero"],
    }
    for typed, ticked in expected.items():
        chat.secret().fill(typed)
        expect(met).to_have_text(ticked)


def test_a_weak_password_is_not_sent_and_the_summary_takes_the_focus(chat: Chat, stub: Stub) -> None:
    chat.to_password()
    before = len(stub.posts)
    chat.secret().fill("corta")
    chat.press("Continua")
    summary = chat.page.get_by_role("alert").filter(has_text="Questa password non va ancora bene")
    expect(summary).to_be_focused()
    for rule in ("almeno 8 caratteri", "lettera maiuscola", "un numero"):
        expect(summary).to_contain_text(rule)
    expect(chat.secret()).to_have_attribute("aria-invalid", "true")
    assert len(stub.posts) == before


def test_a_refused_password_is_explained_and_wiped(chat: Chat) -> None:
    chat.to_password()
    chat.secret().fill("Password1")
    chat.press("Continua")
    expect(chat.page.get_by_role("alert").filter(has_text="molto diffusa")).to_be_focused()
    expect(chat.secret()).to_have_value("")


def test_a_password_that_did_not_leave_stays_in_its_field(chat: Chat, stub: Stub) -> None:
    chat.to_password()
    stub.refuse_posts = 1
    chat.secret().fill(PASSWORD)
    chat.press("Continua")
    expect(chat.page.get_by_role("alert").filter(has_text="è ancora nel campo")).to_be_visible()
    expect(chat.secret()).to_have_value(PASSWORD)
    chat.press("Continua")
    expect(chat.choice("Ho preso visione")).to_be_visible()


def test_password_managers_and_pasting_are_welcome(chat: Chat) -> None:
    chat.to_password()
    expect(chat.secret()).to_have_attribute("autocomplete", "new-password")
    chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    chat.page.evaluate("text => navigator.clipboard.writeText(text)", PASSWORD)
    chat.secret().focus()
    chat.page.keyboard.press("ControlOrMeta+V")
    expect(chat.secret()).to_have_value(PASSWORD)


def test_the_password_can_be_shown_and_hidden(chat: Chat) -> None:
    chat.to_password()
    expect(chat.secret()).to_have_attribute("type", "password")
    chat.press("Mostra la password")
    expect(chat.secret()).to_have_attribute("type", "text")
    chat.press("Nascondi la password")
    expect(chat.secret()).to_have_attribute("type", "password")


@pytest.mark.parametrize("typed", ["123456", "123 456", " 12-34-56 ", "123.456"])
def test_a_code_may_hold_blanks_and_dashes(chat: Chat, stub: Stub, typed: str) -> None:
    chat.to_code()
    expect(chat.secret()).to_have_attribute("autocomplete", "one-time-code")
    expect(chat.secret()).to_have_attribute("inputmode", "numeric")
    chat.secret().fill(typed)
    chat.press("Continua")
    chat.says("Il tuo account è pronto")
    assert stub.posts[-1][1]["value"] == "123456"


def test_a_code_of_another_length_is_not_sent(chat: Chat, stub: Stub) -> None:
    chat.to_code()
    before = len(stub.posts)
    chat.secret().fill("12345")
    chat.press("Continua")
    expect(chat.page.get_by_role("alert").filter(has_text="sei cifre")).to_be_focused()
    assert len(stub.posts) == before


def test_after_a_wrong_code_there_is_an_empty_field_again(chat: Chat) -> None:
    chat.to_code()
    for left in range(2):
        chat.secret().fill(f"65432{left}")
        chat.press("Continua")
        expect(chat.log.get_by_text("Il codice non è corretto")).to_have_count(left + 1)
        expect(chat.secret()).to_have_value("")
    chat.secret().fill("123456")
    chat.press("Continua")
    chat.says("Il tuo account è pronto")


def test_the_field_comes_back_also_when_the_answer_overtakes_the_acknowledgement(chat: Chat, stub: Stub) -> None:
    chat.to_code()
    stub.answer_after = 0
    stub.acknowledge_after = 0.5
    chat.secret().fill("654321")
    chat.press("Continua")
    chat.says("Il codice non è corretto")
    expect(chat.secret()).to_have_value("")
    expect(chat.page.locator(".typing")).to_be_hidden()


def test_a_new_code_is_asked_for_with_the_manuals_words(chat: Chat, stub: Stub) -> None:
    chat.write("vai al codice")
    chat.press("Richiedi nuovo codice")
    chat.says("Ti ho inviato un nuovo codice")
    assert stub.posts[-1][1]["text"] == "Richiedi nuovo codice"
    expect(chat.secret()).to_be_visible()


def test_a_new_code_that_is_offered_as_a_choice_has_one_button_only(chat: Chat, stub: Stub) -> None:
    chat.to_code()
    resend = chat.page.get_by_role("button", name="Richiedi nuovo codice")
    expect(resend).to_have_count(1)
    resend.click()
    chat.says("Ti ho inviato un nuovo codice")
    assert "choice_id" in stub.posts[-1][1]
    resend.click()
    expect(chat.log.get_by_text("Ti ho inviato un nuovo codice")).to_have_count(2)
    assert stub.posts[-1][1]["text"] == "Richiedi nuovo codice"


def test_a_tax_code_is_capitalised_and_goes_beside_the_chat(chat: Chat, stub: Stub) -> None:
    chat.to_tax_code()
    chat.secret().press_sequentially(TAX_CODE.lower())
    expect(chat.secret()).to_have_value(TAX_CODE)
    assert TAX_CODE not in chat.everything_written_down()
    chat.press("Continua")
    chat.says("Ti ho inviato un codice di verifica")
    path, body = stub.posts[-1]
    assert (path, body["purpose"], body["value"]) == ("/api/secrets", "tax_code", TAX_CODE)
    assert TAX_CODE not in chat.everything_written_down()


def test_a_refused_tax_code_stays_to_be_corrected(chat: Chat) -> None:
    chat.to_tax_code()
    chat.secret().fill("MRRSS45P37612P")
    chat.press("Continua")
    expect(chat.page.get_by_role("alert").filter(has_text="non risulta corretto")).to_be_focused()
    expect(chat.secret()).to_have_value("MRRSS45P37612P")
