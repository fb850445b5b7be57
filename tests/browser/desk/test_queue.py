"""The queue in a real browser: who waits, taking it, presence, shortcuts."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import expect

from tests.browser.desk.conftest import OpenDesk
from tests.browser.desk.desk_page import Queue, Talk
from tests.browser.desk.office import Office


def test_an_empty_queue_says_so(office: Office, open_desk: OpenDesk) -> None:
    queue = Queue(open_desk(office.agent()))
    expect(queue.waiting.get_by_text("Nessuno aspetta.")).to_be_visible()
    expect(queue.page.get_by_text("Non segui nessuna conversazione.")).to_be_visible()


def test_who_waits_appears_by_itself_with_reason_age_and_urgency(office: Office, open_desk: OpenDesk) -> None:
    queue = Queue(open_desk(office.agent()))
    late = office.customer(reason="not_recognised", step="tax_code", ago=timedelta(minutes=20))
    card = queue.card(late)
    expect(card.get_by_role("heading", name="Non riconosciuto")).to_be_visible()
    expect(card).to_contain_text("da 20 min")
    expect(card).to_contain_text("in ritardo")  # a word, not a colour alone
    expect(card).to_contain_text("Chat sul sito")
    expect(card).to_contain_text("Si è fermato a: Codice fiscale o partita IVA")


def test_one_click_takes_it_and_who_was_slower_reads_who_won(office: Office, open_desk: OpenDesk) -> None:
    giulia, marco = office.agent(), office.agent("Marco Riva")
    customer = office.customer("mi chiamo Mario Rossi")
    winner, loser = Queue(open_desk(giulia)), Queue(open_desk(marco))
    # his page has not heard of it yet when he presses
    loser.page.route("**/claim", lambda route: (giulia.does("claim", customer), route.continue_()))
    loser.card(customer).get_by_role("button", name="Prendi").click()
    expect(loser.page.get_by_text("L’ha presa Giulia Conti").first).to_be_visible()
    mine = winner.page.locator("#mine")
    expect(mine.get_by_role("link")).to_contain_text("Vorrei parlare con una persona")
    expect(loser.page.locator("#others")).to_contain_text("La segue Giulia Conti")


def test_an_offer_stands_on_top_with_its_time_and_can_be_let_pass(office: Office, open_desk: OpenDesk) -> None:
    giulia = office.agent(presence="available")
    queue = Queue(open_desk(giulia))
    customer = office.customer(reason="codes_spent")
    offers = queue.page.locator("#offers")
    expect(offers).to_contain_text("Codici esauriti")
    expect(offers).to_contain_text("Hai ancora")
    expect(queue.page).to_have_title("(1) Conversazioni · Desk Area Clienti")
    offers.get_by_role("button", name="Non ora").click()
    expect(offers).to_be_hidden()
    expect(queue.waiting).to_contain_text("Codici esauriti")
    assert "released" in office.changes(customer)


def test_new_messages_are_counted_until_they_are_read(office: Office, open_desk: OpenDesk) -> None:
    giulia = office.agent()
    customer = office.customer()
    giulia.does("claim", customer)
    giulia.replies(customer, "Eccomi", "reply-number-1")
    queue = Queue(open_desk(giulia))
    expect(queue.page.locator("#mine")).to_contain_text("Hai risposto per ultimo")
    customer.says("una cosa")
    customer.says("e un’altra")
    expect(queue.page.locator("#mine")).to_contain_text("2 nuovi messaggi")
    expect(queue.page).to_have_title("(1) Conversazioni · Desk Area Clienti")
    queue.page.locator("#mine").get_by_role("link").click()
    talk = Talk(queue.page)
    expect(talk.log).to_contain_text("e un’altra")
    talk.page.goto("/desk")
    expect(Queue(talk.page).page.locator("#mine")).to_contain_text("2 senza risposta")
    expect(talk.page.locator("#mine")).not_to_contain_text("nuovi messaggi")


def test_a_supervisor_sees_who_has_what_and_takes_it_over(office: Office, open_desk: OpenDesk) -> None:
    giulia, elena = office.agent(), office.agent("Elena Sarti", "supervisore")
    customer = office.customer()
    giulia.does("claim", customer)
    agents_talk = Talk(open_desk(giulia, f"/desk/conversazioni/{customer.handover_id}"))
    agents_talk.field.fill("Stavo scrivendo una risposta lunga")
    queue = Queue(open_desk(elena))
    card = queue.card(customer)
    expect(card).to_contain_text("La segue Giulia Conti")
    card.get_by_role("button", name="Prendi tu").click()
    expect(queue.page.get_by_role("dialog")).to_contain_text("Giulia Conti potrà solo leggerla")
    queue.page.get_by_role("dialog").get_by_role("button", name="Prendi tu").click()
    queue.page.wait_for_url("**/desk/conversazioni/**")
    expect(Talk(queue.page).state).to_have_text("La segui tu")
    expect(agents_talk.page.locator("#talk-notice")).to_contain_text("Ora la segue Elena Sarti")
    expect(agents_talk.page.locator("#talk-notice")).to_contain_text("Stavo scrivendo una risposta lunga")
    expect(agents_talk.field).to_be_hidden()


def test_call_backs_stand_apart_with_the_time_they_are_due(office: Office, open_desk: OpenDesk) -> None:
    queue = Queue(open_desk(office.agent()))
    customer = office.customer()
    office.closes_on(customer)
    callbacks = queue.page.locator("#callbacks")
    expect(callbacks).to_contain_text("Da richiamare")
    expect(callbacks).to_contain_text("alle 00:00")
    expect(callbacks.get_by_role("button", name="Prendi e rispondi")).to_be_visible()
    expect(queue.waiting).to_contain_text("Nessuno aspetta.")


def test_a_lost_lease_is_told_with_the_way_back(office: Office, open_desk: OpenDesk) -> None:
    giulia = office.agent(presence="available")
    page = open_desk(giulia)
    presence = page.get_by_label("La tua presenza")
    expect(presence).to_have_value("available")
    page.context.set_offline(True)
    office.cut_streams()
    office.silence(giulia)
    expect(page.locator("#banners")).to_contain_text("Connessione persa")
    office.until_offline(giulia)
    page.context.set_offline(False)
    banner = page.locator("#banners")
    expect(banner).to_contain_text("risulti non in linea")
    banner.get_by_role("button", name="Torna disponibile").click()
    expect(banner).not_to_contain_text("risulti non in linea")
    expect(presence).to_have_value("available")


def test_who_is_away_is_asked_before_his_conversations_go_back(office: Office, open_desk: OpenDesk) -> None:
    giulia = office.agent()
    customer = office.customer()
    giulia.does("claim", customer)
    queue = Queue(open_desk(giulia))
    expect(queue.page.locator("#mine")).to_contain_text("senza risposta")
    queue.page.get_by_label("La tua presenza").select_option("offline")
    dialog = queue.page.get_by_role("dialog")
    expect(dialog).to_contain_text("tornerà in coda")
    dialog.get_by_role("button", name="Annulla").click()
    expect(queue.page.get_by_label("La tua presenza")).to_have_value("paused")
    queue.page.get_by_label("La tua presenza").select_option("offline")
    dialog.get_by_role("button", name="Vai non in linea").click()
    expect(queue.waiting).to_contain_text("Ha chiesto una persona")
    assert customer.owner() == "queued"


def test_shortcuts_work_but_never_while_typing_and_can_be_turned_off(office: Office, open_desk: OpenDesk) -> None:
    customer = office.customer()
    queue = Queue(open_desk(office.agent()))
    page = queue.page
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Scorciatoie da tastiera")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("n")
    page.wait_for_url("**/desk/conversazioni/**")
    talk = Talk(page)
    page.keyboard.press("r")
    expect(talk.field).to_be_focused()
    page.keyboard.type("gruppo n? /")
    expect(talk.field).to_have_value("gruppo n? /")
    assert page.url.endswith(customer.handover_id)
    talk.field.fill("")
    page.locator("#me-menu summary").click()
    page.get_by_label("Scorciatoie da tastiera").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.keyboard.press("r")
    expect(talk.field).not_to_be_focused()
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.locator("#me-menu summary").click()
    page.get_by_label("Scorciatoie da tastiera").check()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url("**/desk")


def test_an_auditor_reads_and_takes_nothing(office: Office, open_desk: OpenDesk) -> None:
    customer = office.customer()
    queue = Queue(open_desk(office.agent("Anna Gallo", "auditor")))
    card = queue.card(customer)
    expect(card.get_by_role("link", name="Leggi")).to_be_visible()
    expect(card.get_by_role("button")).to_have_count(0)
    expect(queue.page.get_by_label("La tua presenza")).to_have_count(0)
