"""What calls an agent who looks elsewhere: a sound, the number in the title, a notification; each only where wanted."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.desk.conftest import OpenDesk
from tests.browser.desk.desk_page import Queue
from tests.browser.desk.office import Office

# What a speaker and a desktop would get: Chromium without a screen has neither.
WATCHED = """
window.heard = []; window.notified = [];
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (when) { heard.push(this.frequency.value); return start.call(this, when); };
window.Notification = class extends EventTarget {
  static permission = 'granted';
  static requestPermission = async () => 'granted';
  constructor(title, options) { super(); notified.push({ title, ...options }); window.lastNotice = this; }
  close() { this.closed = true; }
};
"""
HIDDEN = """() => {
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
  document.dispatchEvent(new Event('visibilitychange'));
}"""


def watched(office: Office, open_desk: OpenDesk, *switches: str) -> Page:
    """The queue of somebody who is available and turned these on."""
    page = open_desk(office.agent(presence="available"))
    page.add_init_script(WATCHED)
    page.reload()
    Queue(page)
    page.locator("#me-menu summary").click()
    for switch in switches:
        page.locator(switch).check()
    page.keyboard.press("Escape")
    page.evaluate("heard.length = 0")  # the switch lets it be heard
    return page


def notified(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate("notified")
    return found


def test_a_new_conversation_is_heard_by_who_wants_the_sound(office: Office, open_desk: OpenDesk) -> None:
    page = watched(office, open_desk, "#wants-sound")
    office.customer("Buongiorno")
    expect(page.locator("#offers")).to_be_visible()
    assert page.evaluate("heard") == [660, 880]
    page.reload()
    Queue(page)
    expect(page.locator("#wants-sound")).to_be_checked()  # it is remembered


def test_nothing_is_heard_or_notified_unless_it_was_turned_on(office: Office, open_desk: OpenDesk) -> None:
    page = watched(office, open_desk)
    page.evaluate(HIDDEN)
    office.customer("Buongiorno")
    expect(page.locator("#offers")).to_be_visible()
    assert (page.evaluate("heard"), notified(page)) == ([], [])


def test_the_title_counts_what_waits_for_one(office: Office, open_desk: OpenDesk) -> None:
    page = watched(office, open_desk)
    expect(page).to_have_title("Conversazioni · Desk Area Clienti")
    office.customer("Buongiorno")
    expect(page).to_have_title("(1) Conversazioni · Desk Area Clienti")
    page.locator("#offers").get_by_role("button", name="Non ora").click()
    expect(page).to_have_title("Conversazioni · Desk Area Clienti")


def test_a_hidden_page_notifies_without_a_word_of_the_customer_s(office: Office, open_desk: OpenDesk) -> None:
    page = watched(office, open_desk, "#wants-notices")
    page.evaluate(HIDDEN)
    office.customer("mi chiamo Mario Rossi", reason="not_recognised")
    expect(page.locator("#offers li")).to_have_count(1)
    [notice] = notified(page)
    assert "Non riconosciuto" in notice["body"] and "Mario" not in str(notice)
    page.evaluate("lastNotice.onclick()")
    assert page.evaluate("lastNotice.closed") is True


def test_a_page_that_is_seen_does_not_notify(office: Office, open_desk: OpenDesk) -> None:
    page = watched(office, open_desk, "#wants-notices")
    office.customer("Buongiorno")
    expect(page.locator("#offers")).to_be_visible()
    assert notified(page) == []


def test_a_browser_that_says_no_is_told_and_the_switch_stays_off(office: Office, open_desk: OpenDesk) -> None:
    page = open_desk(office.agent())
    page.add_init_script(WATCHED.replace("'granted'", "'denied'"))
    page.reload()
    Queue(page)
    page.locator("#me-menu summary").click()
    page.locator("#wants-notices").click()
    expect(page.locator("#notices-state")).to_be_visible()
    expect(page.locator("#wants-notices")).not_to_be_checked()
