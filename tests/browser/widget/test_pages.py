"""Sign-in, the customer area, the privacy notice, the mailbox and the error pages in a real browser."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.widget.conftest import OpenPage
from tests.browser.widget.stub import Stub

CODE_REQUIRED = {
    "outcome": "code_required",
    "challenge": {"masked_destination": "320 ****600", "resend_after_seconds": 2},
}
MAIL = {
    "id": 1,
    "channel": "email",
    "to": "mario.rossi@example.it",
    "subject": "Il tuo codice di verifica",
    "text": "Il tuo codice è 482913.",
    "html": '<!DOCTYPE html><html><head><style>p{margin:0}</style></head><body style="background-color:#eef2f7">'
    '<p id="p" style="color:rgb(1, 2, 3)">Il tuo codice è <b>482913</b>.</p>'
    '<script>document.title="x"</script></body></html>',
    "sent_at": "2026-11-23T09:00:00Z",
}
SMS = {
    "id": 2,
    "channel": "sms",
    "to": "+39 320 5550600",
    "subject": None,
    "text": "Area Clienti: il codice è 123456.",
    "html": None,
    "sent_at": "2026-11-23T09:01:00Z",
}


def _sign_in(page: Page) -> None:
    page.get_by_label("Nome utente").fill("mario.rossi@example.it")
    page.get_by_label("Password", exact=True).fill("Segreta-Rosa7")
    page.get_by_role("button", name="Accedi").click()


def test_the_first_access_asks_for_the_code_and_leads_to_the_products(open_page: OpenPage, stub: Stub) -> None:
    stub.outcomes = [CODE_REQUIRED, {"outcome": "wrong_code", "attempts_left": 4}, {"outcome": "signed_in"}]
    page = open_page("/accedi")
    _sign_in(page)
    expect(page.get_by_text("al numero 320 ****600")).to_be_visible()
    code = page.get_by_label("Codice di verifica")
    expect(code).to_be_focused()
    code.fill("654321")
    page.get_by_role("button", name="Continua").click()
    expect(page.get_by_role("alert").filter(has_text="hai ancora 4 tentativi")).to_be_focused()
    expect(code).to_have_value("")
    code.fill("123 456")
    page.get_by_role("button", name="Continua").click()
    page.wait_for_url("**/area-clienti")
    expect(page.get_by_role("heading", name="Ciao, Mario Rossi")).to_be_visible()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"outcome": "rejected"}, "Nome utente o password non corretti"),
        ({"outcome": "wait", "retry_after_seconds": 45}, "riprova fra 45 secondi"),
        ({"outcome": "wait", "retry_after_seconds": 600}, "riprova fra 10 minuti"),
        ({"outcome": "wait", "retry_after_seconds": 1}, "riprova fra 1 secondo."),
    ],
)
def test_a_refused_sign_in_is_explained(open_page: OpenPage, stub: Stub, answer: dict[str, Any], words: str) -> None:
    stub.outcomes = [answer]
    page = open_page("/accedi")
    _sign_in(page)
    expect(page.get_by_role("alert").filter(has_text=words)).to_be_focused()
    expect(page.get_by_label("Nome utente")).to_have_value("mario.rossi@example.it")


def test_who_has_no_mobile_is_told_what_to_do(open_page: OpenPage, stub: Stub) -> None:
    stub.outcomes = [{"outcome": "no_mobile"}]
    page = open_page("/accedi")
    _sign_in(page)
    expect(page.get_by_role("heading", name="Serve un numero di cellulare")).to_be_focused()
    expect(page.get_by_text("Consulente di fiducia").first).to_be_visible()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"outcome": "code_expired"}, "Il codice è scaduto"),
        ({"outcome": "code_spent"}, "non si può più usare"),
        ({"outcome": "wrong_code", "attempts_left": 1}, "hai ancora un tentativo"),
    ],
)
def test_a_refused_code_is_explained(open_page: OpenPage, stub: Stub, answer: dict[str, Any], words: str) -> None:
    stub.outcomes = [CODE_REQUIRED, answer]
    page = open_page("/accedi")
    _sign_in(page)
    page.get_by_label("Codice di verifica").fill("654321")
    page.get_by_role("button", name="Continua").click()
    expect(page.get_by_role("alert").filter(has_text=words)).to_be_focused()


def test_a_new_code_can_be_asked_for_after_the_countdown(open_page: OpenPage, stub: Stub) -> None:
    stub.outcomes = [CODE_REQUIRED, CODE_REQUIRED | {"outcome": "code_sent"}]
    page = open_page("/accedi")
    _sign_in(page)
    waiting = page.get_by_role("button", name="Puoi richiedere un nuovo codice fra")
    expect(waiting).to_have_attribute("aria-disabled", "true")
    page.get_by_role("button", name="Richiedi nuovo codice").click()
    expect(page.get_by_role("status").filter(has_text="Ti abbiamo inviato un nuovo codice")).to_be_visible()
    expect(waiting).to_be_visible()


def test_empty_fields_are_named(open_page: OpenPage) -> None:
    page = open_page("/accedi")
    page.get_by_role("button", name="Accedi").click()
    expect(page.get_by_role("alert").filter(has_text="Manca qualcosa")).to_be_focused()
    expect(page.get_by_text("Scrivi la tua password.")).to_be_visible()
    expect(page.get_by_label("Nome utente")).to_have_attribute("aria-invalid", "true")


def test_a_sign_in_that_is_over_begins_again(open_page: OpenPage, stub: Stub) -> None:
    stub.outcomes = [CODE_REQUIRED]
    page = open_page("/accedi")
    _sign_in(page)
    expect(page.get_by_label("Codice di verifica")).to_be_visible()
    stub.sign_in_over = True
    page.get_by_label("Codice di verifica").fill("123456")
    page.get_by_role("button", name="Continua").click()
    expect(page.get_by_role("alert").filter(has_text="È passato troppo tempo")).to_be_focused()
    expect(page.get_by_label("Password", exact=True)).to_have_value("")


def test_the_products_show_premiums_and_dates_as_italians_write_them(open_page: OpenPage) -> None:
    page = open_page("/area-clienti")
    card = page.get_by_role("listitem").filter(has_text="Piano Risparmio Futuro")
    expect(card).to_contain_text("1.200,00")
    expect(card).to_contain_text("2 maggio 2019")
    expect(card.get_by_text("Attiva")).to_be_visible()
    expect(page.get_by_text("Giulia Bianchi")).to_be_visible()
    page.get_by_role("button", name="Esci", exact=True).click()
    page.wait_for_url("**/accedi")


@pytest.mark.parametrize("width", [1280, 320])
def test_the_way_out_is_in_sight_wherever_a_sign_in_is_needed(open_page: OpenPage, width: int) -> None:  # ASVS 7.4.4
    page = open_page("/area-clienti")
    page.set_viewport_size({"width": width, "height": 640})
    way_out = page.get_by_role("button", name="Esci", exact=True)
    expect(way_out).to_be_in_viewport(ratio=1)
    way_out.click()
    page.wait_for_url("**/accedi")


def test_nobody_sees_products_without_signing_in(open_page: OpenPage, stub: Stub) -> None:
    stub.signed_in = False
    page = open_page("/area-clienti")
    page.wait_for_url("**/accedi")


def test_the_notice_is_a_page_with_headings(open_page: OpenPage) -> None:
    page = open_page("/informativa-privacy")
    expect(page.get_by_role("heading", level=1)).to_have_text("Informativa sul trattamento dei dati personali")
    expect(page.get_by_role("heading", level=2)).to_have_text(["Chi tratta i tuoi dati", "Perché", "I tuoi diritti"])
    expect(page.get_by_text("Versione 2026-03 del 1 marzo 2026")).to_be_visible()


def test_the_mailbox_shows_mails_with_their_own_styles_and_without_scripts(open_page: OpenPage, stub: Stub) -> None:
    stub.mail = [MAIL]
    page = open_page("/mailbox")
    body = page.frame_locator("#mail-body")
    expect(body.get_by_text("482913")).to_be_visible()
    expect(body.locator("#p")).to_have_css("color", "rgb(1, 2, 3)")
    expect(body.locator("#p")).to_have_css("margin-top", "0px")
    expect(body.locator("body")).to_have_css("background-color", "rgb(238, 242, 247)")
    assert page.title() == "Posta di prova · Area Clienti"


def test_the_mailbox_refreshes_itself_without_touching_what_has_not_changed(open_page: OpenPage, stub: Stub) -> None:
    stub.mail = [MAIL]
    page = open_page("/mailbox")
    frame = page.locator("#mail-body")
    expect(page.frame_locator("#mail-body").get_by_text("482913")).to_be_visible()
    page.evaluate(
        "window.changes = 0; new MutationObserver((list) => (window.changes += list.length))"
        ".observe(document.querySelector('.mailbox'), { subtree: true, childList: true, attributes: true })"
    )
    page.wait_for_timeout(4500)
    assert page.evaluate("window.changes") == 0
    handle = frame.element_handle()
    stub.mail = [SMS, MAIL]
    expect(page.get_by_text("il codice è 123456")).to_be_visible()
    assert handle is not None and handle.evaluate("e => e.isConnected")


def test_a_code_can_be_copied(open_page: OpenPage, stub: Stub) -> None:
    stub.mail = [SMS]
    page = open_page("/mailbox")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copia il codice").click()
    expect(page.get_by_role("button", name="Codice copiato")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "123456"


def test_without_the_embedded_mailbox_the_page_says_so_and_nothing_links_to_it(open_page: OpenPage, stub: Stub) -> None:
    stub.app.state.has_mailbox = False
    page = open_page("/accedi")
    expect(page.get_by_role("link", name="Posta di prova")).to_have_count(0)


@pytest.mark.parametrize(
    ("path", "heading"), [("/non-esiste", "Questa pagina non c’è"), ("/broken", "C’è stato un problema")]
)
def test_errors_have_a_page_with_a_way_on(open_page: OpenPage, path: str, heading: str) -> None:
    page = open_page(path)
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    expect(page.get_by_role("main").get_by_role("link").first).to_have_attribute("href", "/")


def test_the_simulator_of_whatsapp_is_linked_where_there_is_one(open_page: OpenPage, stub: Stub) -> None:
    page = open_page("/")
    expect(page.get_by_role("link", name="WhatsApp simulato")).to_have_count(0)
    stub.app.state.simulator_url = "http://localhost:8002/"
    for path, links in (("/", 2), ("/mailbox", 2), ("/accedi", 1)):
        page.goto(path)
        expect(page.get_by_role("link", name="WhatsApp simulato")).to_have_count(links)
        expect(page.get_by_role("link", name="WhatsApp simulato").first).to_have_attribute(
            "href", "http://localhost:8002/"
        )
