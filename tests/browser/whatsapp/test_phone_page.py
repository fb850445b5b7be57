"""The phone page: who one is, what one can write and press, what is shown of it, and a simulator that goes away."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Route, expect

from tests.browser.whatsapp.business import text
from tests.browser.whatsapp.conftest import OpenPage, World
from tests.browser.whatsapp.handset import Handset


def test_buttons_and_a_link_lead_through_a_registration(handset: Handset, world: World) -> None:
    handset.begin()
    handset.press("Persona")
    handset.says("Come ti chiami?")
    handset.write("Mario Rossi")
    handset.says("da cui scrivi?")
    handset.press("Uso questo numero")
    link = handset.log.get_by_role("link", name="Crea la password")
    expect(link).to_have_attribute("href", "https://area.example/riservato/prova")
    expect(link).to_have_attribute("target", "_blank")
    expect(link).to_have_attribute("rel", re.compile("noopener"))
    kinds = [message.get("interactive", {}).get("type", message["type"]) for message in world.business.messages]
    assert kinds == ["text", "button_reply", "text", "button_reply"]
    assert all(message["from"] == "393201234600" for message in world.business.messages)


def test_a_list_opens_in_a_sheet_and_sends_one_row(handset: Handset, world: World) -> None:
    handset.write("elenco")
    handset.says("più recapiti")
    handset.press("Scegli il recapito")
    sheet = handset.page.get_by_role("dialog")
    expect(sheet.get_by_role("radio")).to_have_count(4)
    sheet.get_by_role("radio", name="*****600").check()
    handset.option("Invia")
    expect(sheet).to_have_count(0)
    expect(handset.mine().last).to_contain_text("*****600")
    handset.says("Non ho capito bene")
    reply = world.business.messages[-1]["interactive"]["list_reply"]
    assert reply == {"id": "row-*****600", "title": "*****600", "description": "Riceverai il codice qui: *****600"}


def test_what_is_written_before_the_phone_is_in_hand_is_sent_afterwards(open_page: OpenPage) -> None:
    page = open_page()
    held: list[Route] = []
    page.route("**/phones", lambda route: held.append(route))
    handset = Handset(page)
    handset.take("Mario Rossi")
    handset.write("elenco")
    while not held:
        page.wait_for_timeout(20)
    page.wait_for_timeout(100)  # a message that didn't wait would have failed by now
    expect(handset.log).not_to_contain_text("Non sono riuscito a inviare")
    held[0].continue_()
    handset.says("più recapiti")


def test_the_ticks_say_what_became_of_a_message(handset: Handset, world: World) -> None:
    world.business.silent = True
    handset.write("ci siete?")
    expect(handset.mine().last).to_contain_text("inviato")
    expect(handset.log).to_contain_text("L’assistente non risponde ancora")
    world.business.silent = False
    expect(handset.mine().last).to_contain_text("letto")
    assert len(world.business.messages) == 1


def test_what_is_seen_is_reported_as_read(handset: Handset, world: World) -> None:
    handset.begin()
    deadline = time.monotonic() + 60
    while "read" not in world.business.statuses and time.monotonic() < deadline:
        handset.page.wait_for_timeout(50)
    assert world.business.statuses == ["sent", "delivered", "read"]


def test_the_dots_are_shown_until_the_answer_comes(handset: Handset, world: World) -> None:
    world.business.typing_first.set()
    handset.write("ciao")
    expect(handset.page.get_by_text("sta scrivendo…")).to_be_visible()
    expect(handset.log.locator(".typing")).to_be_visible()
    world.business.go.set()
    handset.says("Non ho capito bene")
    expect(handset.log.locator(".typing")).to_be_hidden()


def test_text_is_formatted_as_whatsapp_does_and_never_markup(handset: Handset) -> None:
    handset.write("formati")
    handset.says("grassetto")
    words = handset.theirs().last.locator(".words")
    expect(words.locator("strong")).to_have_text(["grassetto"])
    expect(words.locator("em")).to_have_text("corsivo")
    expect(words.locator("s")).to_have_text("barrato")
    expect(words.locator("code")).to_have_text("codice")
    expect(words.locator("blockquote")).to_have_text("una citazione")
    expect(words.get_by_role("link")).to_have_attribute("href", "https://area.example/x")
    expect(words).to_contain_text("5*3*2 resta così")
    expect(words).to_contain_text("<b>non è grassetto</b>")


def test_a_masked_number_keeps_its_stars(handset: Handset, world: World) -> None:
    handset.write("Mario Rossi")
    handset.says("+39 *** *** 4600")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Nota vocale", "audio"),
        ("Foto", "image"),
        ("Video", "video"),
        ("Documento", "document"),
        ("Posizione", "location"),
        ("Contatto", "contacts"),
        ("Adesivo", "sticker"),
    ],
)
def test_anything_can_be_attached(handset: Handset, world: World, name: str, kind: str) -> None:
    handset.press("Allega")
    handset.option(name)
    handset.says("Non ho capito bene")
    assert world.business.messages[-1]["type"] == kind


def test_a_message_can_be_quoted_changed_and_deleted(handset: Handset, world: World) -> None:
    handset.write("prima")
    handset.says("Non ho capito bene")
    handset.menu_of(handset.theirs().last)
    handset.option("Rispondi")
    handset.write("a questo")
    expect(handset.mine().last.locator(".quote")).to_contain_text("Non ho capito bene")
    handset.menu_of(handset.mine().last)
    handset.option("Modifica")
    expect(handset.field).to_have_value("a questo")
    handset.write("a quello")
    expect(handset.mine().last).to_contain_text("a quello")
    expect(handset.mine().last).to_contain_text("modificato")
    handset.menu_of(handset.mine().last)
    handset.option("Elimina per tutti")
    expect(handset.mine().last).to_contain_text("Hai eliminato questo messaggio")
    expect(handset.log).not_to_contain_text("a quello")
    assert [message["type"] for message in world.business.received(4)] == ["text", "text", "edit", "revoke"]


def test_a_reaction_goes_to_the_message_and_can_be_taken_back(handset: Handset, world: World) -> None:
    handset.begin()
    handset.menu_of(handset.theirs().last)
    handset.option("Reagisci con ❤️")
    expect(handset.theirs().last.locator(".reactions")).to_have_text("❤️")
    handset.menu_of(handset.theirs().last)
    handset.option("Reagisci con ❤️")
    expect(handset.theirs().last.locator(".reactions")).to_have_count(0)
    assert [message["reaction"].get("emoji") for message in world.business.received(3)[1:]] == ["❤️", None]


def test_a_long_press_opens_the_menu_on_a_phone(open_page: OpenPage) -> None:
    handset = Handset(open_page(390, 800, has_touch=True, is_mobile=True))
    handset.take("Mario Rossi")
    handset.begin()
    handset.theirs().last.dispatch_event("pointerdown", {"pointerType": "touch", "bubbles": True})
    expect(handset.page.get_by_role("dialog")).to_be_visible()


def test_the_same_webhook_can_come_again(handset: Handset, world: World) -> None:
    handset.write("una volta")
    handset.says("Non ho capito bene")
    handset.menu_of(handset.mine().last)
    handset.option("Invia di nuovo lo stesso webhook")
    expect(handset.log).to_contain_text("non deve cambiare nulla")
    first, again = world.business.received(2)
    assert first["id"] == again["id"]


def test_a_day_can_pass_and_closes_the_window(handset: Handset, world: World) -> None:
    handset.begin()
    user_id = world.business.messages[0]["from_user_id"]
    handset.page.get_by_role("button", name="Passa un giorno").click()
    expect(handset.log).to_contain_text("È passato un giorno")
    # in the first hour of a day, a day and an hour ago was the day before yesterday
    expect(handset.log.locator(".day").first).to_have_text(re.compile(r"^(Ieri|\w+ \d+ \w+)$"))
    refused = world.business.say(user_id, text("Ci sei ancora?"))
    assert refused.json()["error"]["code"] == 131047
    expect(handset.page.locator(".refused")).to_contain_text("131047")
    handset.write("ci sono")
    handset.says("Non ho capito bene")


def test_developers_see_what_was_refused_and_what_went_over_the_line(handset: Handset, world: World) -> None:
    handset.begin()
    world.business.say("393201234600", text("x" * 5000))
    refused = handset.page.locator(".refused details")
    expect(refused).to_have_count(1)
    refused.locator("summary").click()
    expect(refused).to_contain_text("text.body: al massimo 4096 caratteri")
    expect(refused.get_by_role("link", name="Documento")).to_have_attribute(
        "href", re.compile("^https://developers.facebook.com/documentation/business-messaging/whatsapp/")
    )
    expect(handset.page.locator("#developer")).to_contain_text("Webhook verificato")
    expect(handset.page.locator("#developer pre").filter(has_text="whatsapp_business_account").first).to_be_attached()


def test_ones_own_number_and_a_hidden_one_are_offered_too(open_page: OpenPage, world: World) -> None:
    page = open_page()
    page.get_by_role("textbox", name="Numero di cellulare").fill("02 1234")
    page.get_by_role("button", name="Usa questo numero").click()
    expect(page.get_by_role("alert")).to_contain_text("Scrivi un numero di cellulare")
    page.get_by_role("textbox", name="Numero di cellulare").fill("347 000 0000")
    page.get_by_role("button", name="Usa questo numero").click()
    handset = Handset(page)
    handset.begin()
    assert world.business.messages[-1]["from"] == "393470000000"
    handset.press("Cambia telefono")
    handset.take("Numero non visibile")
    handset.begin()
    assert "from" not in world.business.messages[-1]


def test_a_reload_keeps_the_phone_and_its_chat(handset: Handset) -> None:
    handset.begin()
    handset.page.reload()
    handset.says("Sei un cliente privato o un’azienda?")
    expect(handset.mine()).to_have_count(1)


def test_a_restart_is_said_and_the_chat_goes_on(handset: Handset, world: World) -> None:
    handset.begin()
    user_id = world.business.messages[-1]["from_user_id"]
    world.stop_simulator()
    expect(handset.log).to_contain_text("Il simulatore non risponde")
    world.start_simulator()
    expect(handset.log).to_contain_text("Il simulatore è ripartito", timeout=15_000)
    expect(handset.theirs()).to_have_count(0)
    handset.begin()
    assert world.business.messages[-1]["from_user_id"] == user_id


def test_the_page_says_on_its_face_what_it_is_and_what_it_cannot_prove(handset: Handset) -> None:
    expect(handset.page.get_by_text("Simulatore: non è WhatsApp")).to_be_visible()
    handset.page.get_by_role("button", name="Che cos’è").click()
    dialog = handset.page.get_by_role("dialog")
    for told in ("che Meta approva i modelli", "arriva davvero su un telefono", "qualità del numero"):
        expect(dialog).to_contain_text(told)
    handset.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_everything_can_be_done_from_the_keyboard(open_page: OpenPage, world: World) -> None:
    page = open_page()
    handset = Handset(page)
    page.get_by_role("button", name="Mario Rossi").focus()
    page.keyboard.press("Enter")
    expect(handset.field).to_be_focused()
    page.keyboard.type("elenco")
    page.keyboard.press("Enter")
    handset.says("più recapiti")
    opener = handset.log.get_by_role("button", name="Scegli il recapito")
    opener.focus()
    page.keyboard.press("Enter")
    radio = page.get_by_role("dialog").get_by_role("radio").first
    radio.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()
    expect(handset.log).to_have_attribute("tabindex", "0")


def test_things_can_be_made_to_go_wrong_from_the_page(handset: Handset, world: World) -> None:
    handset.begin()
    panel = handset.page.locator("#developer")
    panel.locator(".faults summary").click()
    panel.get_by_role("checkbox", name="Ogni webhook arriva tre volte").check()
    panel.get_by_role("checkbox", name="Graph rifiuta i prossimi due messaggi").check()
    expect(panel.locator(".faults")).to_have_attribute("aria-busy", "false")
    user_id = world.business.messages[0]["from_user_id"]
    assert [world.business.say(user_id, text("ora?")).status_code for _ in range(3)] == [400, 400, 200]
    # what happens so many times is over by itself
    expect(panel.get_by_role("checkbox", name="Graph rifiuta i prossimi due messaggi")).not_to_be_checked()
    expect(panel.get_by_role("checkbox", name="Ogni webhook arriva tre volte")).to_be_checked()
    handset.write("tre volte")
    _, *thrice = world.business.received(4)
    assert [message["id"] for message in thrice] == [thrice[0]["id"]] * 3


def test_a_template_says_that_its_text_is_not_known_here(handset: Handset, world: World) -> None:
    handset.begin()
    template = {"name": "riprendi", "language": {"code": "it"}}
    sent = world.business.say("393201234600", {"type": "template", "template": template})
    assert sent.status_code == 200
    handset.says("Modello «riprendi»")
    handset.says("Il testo approvato lo conosce solo Meta")
