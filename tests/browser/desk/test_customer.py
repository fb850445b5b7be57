"""The customer's chat while a person is looked for, answers, gives it back or says goodbye: it says who answers."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from tests.browser.desk.office import Agent, Customer, Office

HANDOVER = {"reason": "requested", "resume_step": "name", "resume_expects": "text"}


class Chat(Customer):
    """A customer in front of a browser, whom the assistant has just stopped for a person."""

    def __init__(self, office: Office, browser: Browser) -> None:
        super().__init__(office)
        context = browser.new_context(base_url=office.address, locale="it-IT", reduced_motion="reduce")
        self.page: Page = context.new_page()
        self.page.goto("/")
        self.log = self.page.get_by_role("log")
        expect(self.log.locator(".message.bot")).to_have_count(1)
        self.field = self.page.get_by_label("Scrivi un messaggio")
        self.owner_line = self.page.locator(".owner")

    def asks(self) -> None:
        self.office.engine.handover = HANDOVER
        self.office.engine.expect("handover", "text")
        self.field.fill("Vorrei parlare con una persona")
        self.field.press("Enter")
        expect(self.log).to_contain_text("Ti metto in contatto con una persona")
        self.office.engine.handover = None
        self.handover_id = self.office.placed(self)


def test_the_accessible_chat_says_who_answers_from_the_queue_to_the_goodbye(
    office: Office, browser: Browser, axe: Callable[[Page], list[str]]
) -> None:
    giulia: Agent = office.agent()
    chat = Chat(office, browser)
    chat.asks()
    expect(chat.owner_line).to_have_text("Ti stiamo mettendo in contatto con una persona")
    expect(chat.log.get_by_role("button", name="Torna all'assistente")).to_be_enabled()
    assert axe(chat.page) == []
    giulia.does("claim", chat)
    expect(chat.owner_line).to_have_text("Ti risponde Giulia Conti")
    expect(chat.field).to_have_attribute("placeholder", "Scrivi a Giulia…")
    giulia.replies(chat, "Ciao, eccomi.", "first-reply-1")
    expect(chat.log).to_contain_text("Ciao, eccomi.")
    chat.field.fill("grazie")
    chat.field.press("Enter")
    expect(chat.log).to_contain_text("grazie")
    assert axe(chat.page) == []
    chat.page.reload()
    expect(chat.owner_line).to_have_text("Ti risponde Giulia Conti")
    giulia.does("close", chat, "solved")
    expect(chat.owner_line).to_have_text("Giulia Conti ha concluso")
    chat.log.get_by_role("button", name="Sì, molto").click()
    expect(chat.log).to_contain_text("Grazie, lo diremo a chi ti ha seguito.")
    assert axe(chat.page) == []
    chat.page.context.close()


def test_a_conversation_given_back_is_the_assistant_s_again(office: Office, browser: Browser) -> None:
    giulia = office.agent()
    chat = Chat(office, browser)
    chat.asks()
    giulia.does("claim", chat)
    expect(chat.owner_line).to_have_text("Ti risponde Giulia Conti")
    office.engine.expect("name", "text")
    giulia.does("hand_back", chat, "name", ["question"], ["name"])
    expect(chat.owner_line).to_have_text("Assistente virtuale")
    expect(chat.log).to_contain_text("Giulia Conti ti lascia all'assistente")
    expect(chat.field).to_be_visible()
    chat.page.context.close()


def test_who_is_to_be_called_back_reads_when_and_can_go_on_alone(office: Office, browser: Browser) -> None:
    chat = Chat(office, browser)
    chat.asks()
    office.closes_on(chat)
    expect(chat.owner_line).to_have_text("Ti ricontatteremo noi")
    expect(chat.log).to_contain_text("si faranno sentire")
    office.engine.expect("name", "text")
    chat.log.get_by_role("button", name="Torna all'assistente").last.click()
    expect(chat.owner_line).to_have_text("Assistente virtuale")
    chat.page.context.close()
