"""A private and a business customer, each from the greeting to their policies in a real browser (manual A and B)."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import PATIENCE_MS
from tests.stack import Stack

PASSWORD = "Girasole-Blu26"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of its own that fails the test on a script error or a refused resource."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    assert problems == []


def write(chat: Locator, text: str) -> None:
    chat.locator("#field").fill(text)
    chat.locator("#field").press("Enter")


def last_said(chat: Locator, words: str | re.Pattern[str]) -> None:
    expect(chat.get_by_text(words).last).to_be_visible()


def register(page: Page, stack: Stack, kind: str, name: str, contact: str) -> None:
    page.goto(stack.urls.gateway)
    chat = page.locator("area-clienti-chat")
    chat.get_by_role("button", name=kind, exact=True).click()
    last_said(chat, re.compile("nome e cognome|ragione sociale"))
    write(chat, name)
    last_said(chat, re.compile("Quale contatto"))
    write(chat, contact)
    expect(chat.locator("input[type=password]")).to_be_visible()
    give_password(chat)
    chat.get_by_role("button", name=re.compile("informativa", re.IGNORECASE)).click()
    expect(chat.get_by_role("dialog")).to_contain_text("Versione")
    page.keyboard.press("Escape")
    newest = stack.newest_message_id()
    chat.get_by_role("button", name="Ho preso visione").click()
    field = chat.get_by_label(re.compile("sei cifre"))
    expect(field).to_be_visible()
    field.fill("000000" if stack.newest_code(contact, newest) != "000000" else "111111")
    field.press("Enter")
    last_said(chat, re.compile("Tentativi rimasti: 4"))
    field = chat.get_by_label(re.compile("sei cifre"))
    field.fill(stack.newest_code(contact, newest))
    field.press("Enter")
    last_said(chat, re.compile("Il tuo account è attivo"))


def give_password(chat: Locator) -> None:
    """A weak one first: the rules that are missing are said, and the card stays."""
    field = chat.locator("input[type=password]")
    field.fill("debole")
    field.press("Enter")
    expect(chat.get_by_text(re.compile("maiuscola")).first).to_be_visible()
    expect(field).to_be_visible()
    field.fill(PASSWORD)
    field.press("Enter")
    last_said(chat, re.compile("informativa privacy"))


def sign_in(page: Page, stack: Stack, contact: str, mobile: str) -> None:
    page.locator("area-clienti-chat").get_by_text("Accedi all'Area Clienti").click()
    page.wait_for_url("**/accedi")
    page.get_by_label(re.compile("nome utente", re.IGNORECASE)).fill(contact)
    page.locator("input[type=password]").fill("Sbagliata-99")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").first).to_be_visible()
    page.locator("input[type=password]").fill(PASSWORD)
    newest = stack.newest_message_id()
    page.keyboard.press("Enter")
    page.get_by_label(re.compile("codice", re.IGNORECASE)).fill(stack.newest_code(mobile, newest, wait_seconds=20))
    page.keyboard.press("Enter")
    page.wait_for_url("**/area-clienti")


def test_a_private_customer_from_greeting_to_policies(page: Page, stack: Stack) -> None:
    register(page, stack, "Persona", "mario rossi", "mario.rossi@example.com")
    sign_in(page, stack, "mario.rossi@example.com", "+393201234600")
    expect(page.get_by_role("heading", name="Ciao, Mario Rossi")).to_be_visible()
    expect(page.get_by_text("Polizza n.").first).to_be_visible()
    accounts = "select count(*) from accounts where username_key = ?"
    assert stack.identity_rows(accounts, "mario.rossi@example.com") == [(1,)]
    assert PASSWORD not in page.content()


def test_a_business_customer_from_greeting_to_policies(page: Page, stack: Stack) -> None:
    contact = "amministrazione@officineferrara.example"
    register(page, stack, "Azienda", "officine ferrara srl", contact)
    sign_in(page, stack, contact, "+393351123023")
    expect(page.get_by_role("heading", name=re.compile("Officine Ferrara"))).to_be_visible()
    expect(page.get_by_text("Polizza n.").first).to_be_visible()
