"""The chat as a person uses it: what the tests click, type and read."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

PASSWORD = "Segreta-Rosa7"
TAX_CODE = "RSSMRA80A01H501U"


class Chat:
    """The widget of an open page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.log = page.get_by_role("log")
        self.composer = page.get_by_label("Scrivi un messaggio")
        expect(self.log.get_by_text("Da dove partiamo?")).to_be_visible()

    def says(self, text: str) -> Locator:
        """A message with that text; waits until it is there."""
        message = self.log.get_by_text(text)
        expect(message.last).to_be_visible()
        return message

    def sent(self, text: str) -> None:
        """Waits until that message of the customer's has been taken by the gateway."""
        self.says(text)
        expect(self.log.locator(".message.customer").last.get_by_text("inviato", exact=True)).to_be_visible()

    def messages(self) -> list[str]:
        """The words of all messages, in order."""
        return self.log.locator(".bubble p").all_inner_texts()

    def write(self, text: str) -> None:
        self.composer.fill(text)
        self.composer.press("Enter")

    def choose(self, title: str) -> None:
        self.choice(title).click()

    def choice(self, title: str) -> Locator:
        return self.log.get_by_role("button", name=title, exact=True)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def secret(self) -> Locator:
        return self.page.locator("#secret")

    def to_contact(self) -> None:
        """Walks to the question for the contact."""
        self.choose("Voglio registrarmi")
        self.choose("Persona")
        self.says("Nome e Cognome")
        self.write("Mario Rossi")
        expect(self.page.get_by_label("Indirizzo email")).to_be_visible()

    def to_password(self) -> None:
        self.to_contact()
        self.page.get_by_label("Indirizzo email").fill("mario.rossi@example.it")
        self.page.keyboard.press("Enter")
        expect(self.secret()).to_be_visible()

    def to_notice(self) -> None:
        self.to_password()
        self.secret().fill(PASSWORD)
        self.press("Continua")
        expect(self.choice("Ho preso visione")).to_be_visible()

    def to_code(self) -> None:
        self.to_notice()
        self.choose("Ho preso visione")
        expect(self.page.get_by_label("Inserisci le sei cifre")).to_be_visible()

    def to_tax_code(self) -> None:
        self.write("vai al codice fiscale")
        expect(self.page.get_by_role("textbox", name="Codice Fiscale")).to_be_visible()

    def to_person(self) -> None:
        self.press("Menu della chat")
        self.press("Parla con una persona")
        expect(self.page.locator(".owner")).to_have_text("Stai parlando con una persona")

    def everything_written_down(self) -> str:
        """All markup with its attributes, shadow roots and frames included, both storages, and the address."""
        return str(
            self.page.evaluate(
                """() => {
                  const markup = (root) => root.innerHTML +
                    [...root.querySelectorAll('*')].map((e) => (e.shadowRoot ? markup(e.shadowRoot) : '')).join('');
                  return markup(document.documentElement) + JSON.stringify([{...localStorage}, {...sessionStorage}]) +
                    location.href + JSON.stringify(history.state) + document.cookie;
                }"""
            )
        )
