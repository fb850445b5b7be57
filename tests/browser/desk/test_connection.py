"""Lines that break, tabs that slept, sessions that end: what is shown equals the ledger, and nothing typed is lost."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.desk.conftest import OpenDesk
from tests.browser.desk.desk_page import Talk
from tests.browser.desk.office import Agent, Customer, Office


@pytest.fixture
def giulia(office: Office) -> Agent:
    return office.agent()


@pytest.fixture
def customer(office: Office, giulia: Agent) -> Customer:
    made = office.customer("Buongiorno")
    giulia.does("claim", made)
    return made


@pytest.fixture
def talk(office: Office, open_desk: OpenDesk, giulia: Agent, customer: Customer) -> Talk:
    talk = Talk(open_desk(giulia, f"/desk/conversazioni/{customer.handover_id}"))
    office.followed(customer)
    return talk


def shows_the_ledger(office: Office, talk: Talk, customer: Customer) -> None:
    texts = [text for _, _, text in office.ledger(customer)]
    expect(talk.log.locator(".line:not(.note) .words")).to_have_text(texts)


def test_ten_cut_lines_in_a_row_lose_and_double_nothing(office: Office, talk: Talk, customer: Customer) -> None:
    talk.page.evaluate(
        "import('/static/desk/live.js').then(({ TIMING }) => Object.assign(TIMING, { backoff: [20], jitter: 10 }))"
    )
    for number in range(10):
        customer.says(f"messaggio {number}")
        office.cut_streams()
    expect(talk.log).to_contain_text("messaggio 9")
    shows_the_ledger(office, talk, customer)


def test_what_was_said_while_offline_comes_with_the_line(office: Office, talk: Talk, customer: Customer) -> None:
    talk.page.context.set_offline(True)
    office.cut_streams()
    expect(talk.page.locator("#banners")).to_contain_text("Connessione persa")
    customer.says("mentre non c’eri")
    talk.page.context.set_offline(False)
    expect(talk.log).to_contain_text("mentre non c’eri")
    expect(talk.page.locator("#banners")).not_to_contain_text("Connessione persa")
    shows_the_ledger(office, talk, customer)


def test_a_silent_line_is_taken_for_broken(office: Office, talk: Talk, customer: Customer) -> None:
    opened: list[str] = []
    talk.page.on("request", lambda request: opened.append(request.url) if "/events" in request.url else None)
    talk.page.evaluate("import('/static/desk/live.js').then(({ TIMING }) => { TIMING.silence = 500; })")
    customer.says("l’ultima cosa prima del silenzio")  # starts the watchdog with its new patience
    expect(talk.page.locator("#banners")).to_contain_text("Connessione persa")
    talk.page.evaluate("import('/static/desk/live.js').then(({ TIMING }) => { TIMING.silence = 40000; })")
    expect(talk.page.locator("#banners")).not_to_contain_text("Connessione persa")
    assert opened
    shows_the_ledger(office, talk, customer)


def test_a_tab_that_slept_asks_anew_at_once(office: Office, talk: Talk, customer: Customer) -> None:
    customer.says("eccomi")
    expect(talk.log).to_contain_text("eccomi")  # its stream is open
    with talk.page.expect_request("**/events*"):
        # its clock jumped while its timers stood still; in one go, so that nothing is heard in between
        talk.page.evaluate(
            "const real = Date.now; Date.now = () => real() + 3_600_000; window.dispatchEvent(new Event('pageshow'))"
        )
    customer.says("buonasera")
    expect(talk.log).to_contain_text("buonasera")
    shows_the_ledger(office, talk, customer)


def test_a_session_that_ends_is_told_and_what_was_typed_stays(
    office: Office, talk: Talk, giulia: Agent, customer: Customer
) -> None:
    talk.field.press_sequentially("non devo perderlo")
    office.revoke(giulia)
    banner = talk.page.locator("#banners")
    expect(banner).to_contain_text("La sessione è finita")
    expect(banner.get_by_role("link", name="Accedi")).to_have_attribute(
        "href", f"/desk/accesso?ritorno=%2Fdesk%2Fconversazioni%2F{customer.handover_id}"
    )
    expect(talk.field).to_have_value("non devo perderlo")


def test_a_reader_is_told_quietly_what_the_customer_writes(talk: Talk, customer: Customer) -> None:
    said = talk.page.locator("#announcer > p")
    before = said.all_inner_texts()
    assert not any("Buongiorno" in text for text in before), "history is not read aloud"
    customer.says("ci siete?")
    expect(said.last).to_have_text("Cliente: ci siete?")
