"""What a person does on the phone page, in words."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect


class Handset:
    """The phone page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.log = page.get_by_role("log", name="Conversazione")
        self.field = page.get_by_role("textbox", name="Messaggio")

    def take(self, name: str) -> None:
        """Choose whose phone it is."""
        self.page.get_by_role("button", name=name).click()
        expect(self.log).to_be_visible()

    def press(self, name: str) -> None:
        """Press a button by its words, the last of them where several have them."""
        self.page.get_by_role("button", name=name, exact=True).last.click()

    def write(self, text: str) -> None:
        """Write a message and send it."""
        self.field.fill(text)
        self.field.press("Enter")

    def begin(self) -> None:
        """The first message, and the assistant's answer to it."""
        self.press("Ciao! Vorrei registrarmi")
        self.says("Sei un cliente privato o un’azienda?")

    def says(self, text: str) -> None:
        """Wait until the assistant has said something."""
        expect(self.theirs().filter(has_text=text).last).to_be_visible()

    def theirs(self) -> Locator:
        """The assistant's messages."""
        return self.log.locator("article.business")

    def mine(self) -> Locator:
        """The person's own messages."""
        return self.log.locator("article.person")

    def menu_of(self, message: Locator) -> None:
        """Open what one can do with a message."""
        message.hover()
        message.get_by_role("button", name="Azioni sul messaggio").click()
        expect(self.page.get_by_role("dialog")).to_be_visible()

    def option(self, name: str) -> None:
        """Press a button of the open sheet, and wait until it is closed: closing, it gives the focus back."""
        sheet = self.page.get_by_role("dialog")
        sheet.get_by_role("button", name=name, exact=True).click()
        expect(sheet).to_have_count(0)
