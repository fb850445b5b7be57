"""The desk as an agent uses it: what the tests click, type and read."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.browser.desk.office import Customer


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
