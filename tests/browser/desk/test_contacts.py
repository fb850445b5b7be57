"""A new contact as agents ask for it beside a conversation and decide about it on their page, in every window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import Request
from playwright.sync_api import Page, expect

from tests.browser.desk.conftest import OpenDesk
from tests.browser.desk.desk_page import OVERFLOW, SMALL_TARGETS, WINDOWS, Talk
from tests.browser.desk.office import Agent, Customer, Office

Axe = Callable[[Page], list[str]]
MASKED = "nuo*****@po**.example"
NEW = "nuova@posta.example"


@pytest.fixture
def asked(office: Office) -> list[dict[str, Any]]:
    return takes_requests(office)


def takes_requests(office: Office) -> list[dict[str, Any]]:
    """What identity is asked from here on, which takes every request and confirms it."""
    got: list[dict[str, Any]] = []

    @office.identity.app.post("/v1/desk/new-contacts")
    async def ask(request: Request) -> dict[str, Any]:
        got.append(await request.json())
        if got[-1]["contact"] == "usato@posta.example":
            return {"outcome": "not_possible", "request_id": None, "masked": None}
        return {
            "outcome": "requested", "request_id": f"ncr_{len(got)}", "kind": "email", "masked": MASKED,
            "agency_code": None, "expires_at": "2099-01-01T09:00:00Z",
        }  # fmt: skip

    @office.identity.app.post("/v1/desk/new-contacts/{request_id}/{what}")
    async def decide(request: Request, request_id: str, what: str) -> dict[str, Any]:
        body = await request.json()
        got.append(body)
        if what == "show":
            return {"kind": "email", "contact": NEW}
        return {"outcome": "confirmed" if body["decision"] == "confirm" else "refused"}

    return got


def claimed(office: Office) -> tuple[Agent, Customer]:
    giulia = office.agent()
    customer = office.customer("Vorrei un altro recapito", reason="other_contact", step="choose_contact")
    giulia.does("claim", customer)
    return giulia, customer


def test_asked_for_beside_the_conversation_by_keyboard_in_an_accessible_dialog(
    office: Office, open_desk: OpenDesk, asked: list[dict[str, Any]], axe: Axe
) -> None:
    giulia, customer = claimed(office)
    page = open_desk(giulia, f"/desk/conversazioni/{customer.handover_id}")
    talk = Talk(page)
    page.get_by_role("button", name="Nuovo recapito").press("Enter")
    dialog = talk.dialog()
    field = dialog.get_by_label("Email o numero di cellulare")
    field.fill("usato@posta.example")
    field.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("non si può usare")
    assert axe(page) == []
    field.fill(NEW)
    field.press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.locator("#banners")).to_contain_text(f"Richiesta inviata: {MASKED}")
    assert asked[-1]["contact"] == NEW and asked[-1]["agent_id"] == giulia.id
    expect(talk.log).to_contain_text(MASKED)
    assert NEW not in page.content()


def test_only_who_has_the_conversation_is_offered_it(
    office: Office, open_desk: OpenDesk, asked: list[dict[str, Any]]
) -> None:
    _, customer = claimed(office)
    page = open_desk(office.agent("Marco Riva"), f"/desk/conversazioni/{customer.handover_id}")
    Talk(page)
    expect(page.locator("#new-contact")).to_be_hidden()


def test_a_second_person_looks_at_it_and_confirms_on_an_accessible_page(
    office: Office, open_desk: OpenDesk, asked: list[dict[str, Any]], axe: Axe
) -> None:
    giulia, customer = claimed(office)
    talk = open_desk(giulia, f"/desk/conversazioni/{customer.handover_id}")
    Talk(talk)
    talk.get_by_role("button", name="Nuovo recapito").click()
    talk.get_by_label("Email o numero di cellulare").fill(NEW)
    talk.get_by_role("button", name="Chiedi la conferma").click()
    expect(talk.locator("#banners")).to_contain_text("Richiesta inviata")
    page = open_desk(office.agent("Marco Riva"), "/desk/recapiti")
    for width, height in WINDOWS:
        page.set_viewport_size({"width": width, "height": height})
        assert (axe(page), page.evaluate(SMALL_TARGETS), page.evaluate(OVERFLOW)) == ([], [], []), width
    card = page.locator(".contact-card")
    expect(card).to_contain_text(MASKED)
    card.get_by_text("Mostra per intero").click()
    card.locator(".reveal select").select_option("compare_document")
    card.get_by_role("button", name="Mostra").click()
    expect(page.locator("#in-full")).to_contain_text(NEW)
    assert axe(page) == []
    confirm = page.get_by_role("form", name="Conferma")
    confirm.get_by_label("Motivo").select_option("called_on_file")
    confirm.get_by_role("button", name="Conferma").click()
    expect(page.get_by_role("status").filter(has_text="Recapito confermato")).to_be_visible()
    expect(page.get_by_role("heading", name="Ultimi 30 giorni")).to_be_visible()
    assert NEW not in page.content() and axe(page) == []
    expect(talk.locator("#talk-state")).to_contain_text("onclusa")
