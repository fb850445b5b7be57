"""Who the customer is, beside his conversation: masked, shown for a while to who answers him, by mouse and keyboard."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from sqlalchemy import select

from areaclienti.gateway.db.desk_access import DeskAudit
from tests.browser.desk.conftest import OpenDesk
from tests.browser.desk.desk_page import Talk
from tests.browser.desk.office import Agent, Office

GIVEN = {
    "customer_type": "persona", "given_name": "Anna", "family_name": "Bianchi", "contact": "anna.bianchi@posta.example",
}  # fmt: skip


def talk(office: Office, open_desk: OpenDesk, agent: Agent, reader: Agent | None = None) -> Page:
    office.engine.given = dict(GIVEN)
    customer = office.customer("Buongiorno")
    agent.does("claim", customer)
    page = open_desk(reader or agent, f"/desk/conversazioni/{customer.handover_id}")
    Talk(page)
    expect(page.locator("#given")).to_contain_text("ann*****@po**.example")
    return page


def reasons(office: Office) -> list[str | None]:
    query = select(DeskAudit.reason_code).where(DeskAudit.action == "revealed").order_by(DeskAudit.id)
    return office.read(lambda session: list(session.scalars(query)))


def test_who_answers_says_why_sees_one_value_and_it_hides_again(office: Office, open_desk: OpenDesk) -> None:
    page = talk(office, open_desk, office.agent())
    given = page.locator("#given")
    expect(given).to_contain_text("Cliente Privato")
    expect(given).to_contain_text("A***** B*****")
    page.clock.install()
    given.get_by_role("button", name="Mostra Recapito").click()
    given.get_by_role("group", name="Recapito: perché ti serve?").get_by_role("button", name="Devo richiamarlo").click()
    expect(given).to_contain_text("anna.bianchi@posta.example")
    expect(given).to_contain_text("A***** B*****")  # the other stays as it was
    assert reasons(office) == ["contact.call_customer"]
    page.clock.fast_forward(31_000)
    expect(given).not_to_contain_text("anna.bianchi@posta.example")
    expect(given.get_by_role("button", name="Mostra Recapito")).to_be_focused()
    assert "anna.bianchi@posta.example" not in page.locator("#summary-pane").inner_html()


def test_the_keyboard_alone_shows_and_hides_it(office: Office, open_desk: OpenDesk) -> None:
    page = talk(office, open_desk, office.agent())
    given = page.locator("#given")
    show = given.get_by_role("button", name="Mostra Nome e cognome")
    show.press("Enter")
    expect(given.get_by_role("button", name="Devo richiamarlo")).to_be_focused()
    page.keyboard.press("Escape")
    expect(show).to_be_focused()
    assert reasons(office) == []
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    hide = given.get_by_role("button", name="Nascondi Nome e cognome")
    expect(hide).to_be_focused()
    expect(given).to_contain_text("Anna Bianchi")
    page.keyboard.press("Enter")
    expect(given).not_to_contain_text("Anna Bianchi")
    assert reasons(office) == ["name.compare_document"]


def test_who_only_reads_is_not_offered_it(office: Office, open_desk: OpenDesk) -> None:
    page = talk(office, open_desk, office.agent(), office.agent("Marco Riva"))
    expect(page.locator("#given").get_by_role("button")).to_have_count(0)


def test_whoever_loses_the_conversation_loses_sight_of_it(office: Office, open_desk: OpenDesk) -> None:
    elena = office.agent("Elena Sarti", "supervisore")
    giulia = office.agent()
    page = talk(office, open_desk, giulia)
    given = page.locator("#given")
    given.get_by_role("button", name="Mostra Recapito").click()
    given.get_by_role("button", name="Devo richiamarlo").click()
    expect(given).to_contain_text("anna.bianchi@posta.example")
    handover = page.url.rsplit("/", 1)[1]
    office.run(office.app.state.services.desk.operations.force_take(handover, elena.id))
    expect(page.locator("#talk-notice")).to_be_visible()
    expect(given).not_to_contain_text("anna.bianchi@posta.example")
    expect(given.get_by_role("button")).to_have_count(0)


def test_while_it_cannot_be_read_it_says_so_and_tries_again(office: Office, open_desk: OpenDesk) -> None:
    office.engine.given = dict(GIVEN)
    giulia, customer = office.agent(), office.customer("Buongiorno")
    giulia.does("claim", customer)
    office.engine.ready = False
    page = open_desk(giulia, f"/desk/conversazioni/{customer.handover_id}")
    given = page.locator("#given")
    expect(given).to_contain_text("non è leggibile in questo momento")
    office.engine.ready = True
    given.get_by_role("button", name="Riprova").click()
    expect(given).to_contain_text("ann*****@po**.example")
