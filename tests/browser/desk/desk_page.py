"""The desk as an agent uses it: what the tests click, type and read."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.browser.desk.office import Customer

# a desktop, a tablet, a laptop at 200 % zoom, a phone, and 1280 x 1024 at 400 % zoom (WCAG 1.4.10)
WINDOWS = ((1440, 900), (1024, 768), (720, 450), (360, 740), (320, 256))
IN_THE_DARK = ((1440, 900), (360, 740))  # colours are other ones there, not the layout
# WCAG 2.5.8: 24 by 24, or a link within a line of text
SMALL_TARGETS = """() => [...document.querySelectorAll('a, button, input, select, textarea, summary')]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest('.skip') && !one.matches('.skip'))
  .filter((one) => !one.matches('p a') || one.closest('p').textContent.trim() === one.textContent.trim())
  .map((one) => [one, (one.closest('label') ?? one).getBoundingClientRect()])
  .filter(([, { width, height }]) => width < 24 || height < 24)
  .map(([one, { width, height }]) => `${one.outerHTML.slice(0, 90)} ${width}x${height}`)"""
OVERFLOW = """() => document.scrollingElement.scrollWidth > innerWidth
  ? [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
      .map((one) => one.outerHTML.slice(0, 90)).slice(0, 5)
  : []"""


class Queue:
    """The open page /desk."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.waiting = page.locator("#waiting")
        expect(self.waiting).not_to_have_attribute("aria-busy", "true")

    def card(self, customer: Customer) -> Locator:
        return self.page.locator(f"[data-id='{customer.handover_id}']")

    def take(self, customer: Customer) -> Talk:
        self.card(customer).get_by_role("button", name="Prendi").click()
        self.page.wait_for_url(f"**/desk/conversazioni/{customer.handover_id}")
        return Talk(self.page)


class Talk:
    """The open page of a conversation."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.log = page.get_by_role("log", name="Messaggi")
        self.field = page.locator("#scrivi")
        self.state = page.locator("#talk-state")
        expect(self.log).not_to_have_attribute("aria-busy", "true")

    def write(self, text: str) -> None:
        self.field.fill(text)
        self.field.press("Enter")

    def mine(self, text: str) -> Locator:
        """A line of one's own with that text."""
        return self.log.locator(".line.agent.mine").filter(has_text=text)

    def press(self, name: str) -> None:
        self.page.locator("#talk-actions").get_by_role("button", name=name, exact=True).click()

    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    def words(self) -> list[str]:
        """The words of all ledger lines, in order; notes and changes of hands are none."""
        return self.log.locator(".line:not(.note) .words").all_inner_texts()
