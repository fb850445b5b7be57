"""Every page and state of the desk: axe-core, target sizes, narrow and zoomed windows, both colour schemes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from areaclienti.desk.operations import To
from tests.browser.desk.conftest import OpenDesk
from tests.browser.desk.desk_page import Queue, Talk
from tests.browser.desk.office import Agent, Customer, Office

Axe = Callable[[Page], list[str]]
# a desktop, a tablet, a narrow phone, and 1280 x 1024 at 400 % zoom (WCAG 1.4.10)
WINDOWS = ((1440, 900), (1024, 768), (320, 640), (320, 256))
# WCAG 2.5.8: 24 by 24, or a link within a line of text
SMALL_TARGETS = """() => [...document.querySelectorAll('a, button, input, select, textarea, summary')]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest('.skip') && !one.matches('.skip'))
  .map((one) => [one, (one.closest('label') ?? one).getBoundingClientRect()])
  .filter(([, { width, height }]) => width < 24 || height < 24)
  .map(([one, { width, height }]) => `${one.outerHTML.slice(0, 90)} ${width}x${height}`)"""
OVERFLOW = """() => document.scrollingElement.scrollWidth > innerWidth
  ? [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
      .map((one) => one.outerHTML.slice(0, 90)).slice(0, 5)
  : []"""


def talk_of(open_desk: OpenDesk, agent: Agent, customer: Customer, **options: object) -> Talk:
    return Talk(open_desk(agent, f"/desk/conversazioni/{customer.handover_id}", **options))


def _empty(office: Office, open_: Callable[..., Page]) -> Page:
    page = open_(office.agent())
    Queue(page)
    return page


def _queue(office: Office, open_: Callable[..., Page]) -> Page:
    elena = office.agent("Elena Sarti", "supervisore")  # nothing is offered to her before all is as it should be
    marco = office.agent("Marco Riva")
    had = office.customer("Salve")
    marco.does("claim", had)
    own = office.customer("Ciao")
    elena.does("claim", own)
    own.says("ci siete?")
    office.customer(reason="not_recognised", ago=timedelta(minutes=12))
    office.closes_on(office.customer())
    office.run(office.app.state.services.desk.operations.set_presence(elena.id, "available"))
    page = open_(elena)
    expect(page.locator("#offers")).to_be_visible()
    expect(page.locator("#callbacks")).to_contain_text("Da richiamare")
    return page


def _menu(office: Office, open_: Callable[..., Page]) -> Page:
    page = _empty(office, open_)
    page.locator("#me-menu summary").click()
    return page


def _keys(office: Office, open_: Callable[..., Page]) -> Page:
    page = _empty(office, open_)
    page.keyboard.press("?")
    return page


def _talk(office: Office, open_: Callable[..., Page]) -> Page:
    giulia = office.agent()
    customer = office.customer("Buongiorno", "non mi riconosce", reason="not_recognised", step="tax_code")
    giulia.does("claim", customer)
    giulia.does("note", customer, "Sentita l’Agenzia.")
    giulia.replies(customer, "Ciao, sono Giulia.", "first-reply-1")
    customer.says("grazie")
    office.goes_to_whatsapp(customer)
    office.delivered(customer, "failed", 131026)
    page = open_(giulia, f"/desk/conversazioni/{customer.handover_id}")
    talk = Talk(page)
    expect(talk.log).to_contain_text("non consegnato")
    expect(page.locator("#summary")).to_contain_text("Paola Ferri")
    return page


def _reading(office: Office, open_: Callable[..., Page]) -> Page:
    giulia, marco = office.agent(), office.agent("Marco Riva")
    customer = office.customer("Buongiorno")
    giulia.does("claim", customer)
    page = open_(marco, f"/desk/conversazioni/{customer.handover_id}")
    expect(Talk(page).state).to_contain_text("puoi leggerla")
    return page


def _canned(office: Office, open_: Callable[..., Page]) -> Page:
    page = _talk(office, open_)
    page.keyboard.press("/")
    expect(page.get_by_role("listbox").get_by_role("option").first).to_be_visible()
    return page


def _note(office: Office, open_: Callable[..., Page]) -> Page:
    page = _talk(office, open_)
    page.get_by_role("button", name="Nota interna").click()
    return page


def _hand_back(office: Office, open_: Callable[..., Page]) -> Page:
    page = _talk(office, open_)
    Talk(page).press("Restituisci al bot")
    expect(page.get_by_role("dialog")).to_be_visible()
    return page


def _pass_on(office: Office, open_: Callable[..., Page]) -> Page:
    office.agent("Sara Villa")
    page = _talk(office, open_)
    Talk(page).press("Passa a…")
    expect(page.get_by_role("dialog")).to_contain_text("Sara Villa")
    return page


def _close(office: Office, open_: Callable[..., Page]) -> Page:
    page = _talk(office, open_)
    Talk(page).press("Concludi")
    expect(page.get_by_role("dialog")).to_be_visible()
    return page


def _lost(office: Office, open_: Callable[..., Page]) -> Page:
    elena = office.agent("Elena Sarti", "supervisore")
    giulia = office.agent()
    customer = office.customer("Buongiorno")
    giulia.does("claim", customer)
    page = open_(giulia, f"/desk/conversazioni/{customer.handover_id}")
    Talk(page).field.fill("Stavo scrivendo")
    elena.does("force_take", customer)
    expect(page.locator("#talk-notice")).to_contain_text("Stavo scrivendo")
    return page


def _not_sent(office: Office, open_: Callable[..., Page]) -> Page:
    page = _talk(office, open_)
    page.route("**/replies", lambda route: route.abort())
    Talk(page).write("Non parte")
    expect(page.get_by_text("non inviato").first).to_be_visible()
    return page


def _over(office: Office, open_: Callable[..., Page]) -> Page:
    giulia = office.agent()
    customer = office.customer()
    giulia.does("claim", customer)
    page = open_(giulia, f"/desk/conversazioni/{customer.handover_id}")
    expect(Talk(page).state).to_have_text("La segui tu")
    giulia.does("transfer", customer, To(agency_code="AG-9"))
    expect(page.get_by_text("non è più visibile")).to_be_visible()
    return page


STATES = (
    _empty, _queue, _menu, _keys, _talk, _reading, _canned, _note, _hand_back, _pass_on, _close, _lost, _not_sent,
    _over,
)  # fmt: skip


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__.strip("_"))
def test_a_state_has_no_violation_at_any_size_in_either_scheme(
    office: Office, open_desk: OpenDesk, axe: Axe, state: Callable[[Office, Callable[..., Page]], Page]
) -> None:
    page = state(office, open_desk)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for width, height in WINDOWS:
            page.set_viewport_size({"width": width, "height": height})
            assert axe(page) == [], (scheme, width, height)
            assert page.evaluate(SMALL_TARGETS) == [], (width, height)
            assert page.evaluate(OVERFLOW) == [], (width, height)


def test_text_at_200_percent_fits(office: Office, open_desk: OpenDesk) -> None:
    page = _talk(office, open_desk)
    page.add_style_tag(url="/static/desk/desk.css")
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate(OVERFLOW) == []
    expect(page.locator("#scrivi")).to_be_visible()


def test_the_keyboard_alone_leads_from_the_queue_to_a_reply(office: Office, open_desk: OpenDesk) -> None:
    customer = office.customer("Buongiorno")
    page = open_desk(office.agent())
    queue = Queue(page)
    button = queue.card(customer).get_by_role("button", name="Prendi")
    for _ in range(20):
        page.keyboard.press("Tab")
        if button.evaluate("one => one === document.activeElement"):
            break
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/conversazioni/**")
    talk = Talk(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Vai alla risposta")).to_be_focused()
    page.keyboard.press("Enter")
    expect(talk.field).to_be_focused()
    page.keyboard.type("Eccomi")
    page.keyboard.press("Enter")
    expect(talk.mine("Eccomi")).to_have_count(1)
