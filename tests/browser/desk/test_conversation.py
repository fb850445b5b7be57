"""A conversation in a real browser: answering, drafts, notes, ready-made replies, passing on, WhatsApp's limits."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.desk.conftest import OpenDesk
from tests.browser.desk.desk_page import Queue, Talk
from tests.browser.desk.office import Agent, Customer, Office


@pytest.fixture
def giulia(office: Office) -> Agent:
    return office.agent()


@pytest.fixture
def customer(office: Office, giulia: Agent) -> Customer:
    """A customer whom Giulia has."""
    made = office.customer("Buongiorno", "non mi riconosce", reason="not_recognised", step="tax_code")
    giulia.does("claim", made)
    return made


def path(customer: Customer) -> str:
    return f"/desk/conversazioni/{customer.handover_id}"


def test_a_whole_story_of_two_agents_and_a_customer(office: Office, open_desk: OpenDesk) -> None:
    giulia, marco = office.agent(), office.agent("Marco Riva")
    customer = office.customer("sono Anna Bianchi", reason="other_contact", step="choose_contact")
    talk = Queue(open_desk(giulia)).take(customer)
    reader = Talk(open_desk(marco, path(customer)))
    expect(reader.state).to_have_text("La segue Giulia Conti: puoi leggerla")
    expect(reader.field).to_be_hidden()
    talk.write("Ciao Anna, sono Giulia.")
    expect(talk.mine("Ciao Anna")).to_have_count(1)
    expect(reader.log).to_contain_text("Ciao Anna, sono Giulia.")
    customer.says("grazie, ho cambiato numero")
    expect(talk.log).to_contain_text("ho cambiato numero")
    talk.press("Passa a…")
    dialog = talk.dialog()
    dialog.get_by_text("Marco Riva").click()
    dialog.get_by_role("button", name="Passa").click()
    talk.page.wait_for_url("**/desk")
    reader.page.locator("#talk-actions").get_by_role("button", name="Prendi").click()
    expect(reader.state).to_have_text("La segui tu")
    reader.write("Ciao, sono Marco.")
    expect(reader.mine("sono Marco")).to_have_count(1)
    expect(reader.log.locator(".line.agent:not(.mine)")).to_contain_text("Giulia Conti")
    reader.press("Restituisci al bot")
    dialog = reader.dialog()
    expect(dialog.get_by_label("Riparte da")).to_have_value("choose_contact")
    dialog.get_by_label("Nuovo recapito in Agenzia").check()
    expect(dialog.locator(".preview-said")).to_have_text(
        "Eccomi di nuovo. Con la persona che ti ha seguito è già a posto: il nuovo recapito in Agenzia. "
        "Manca ancora: quello che l’assistente sa mancare."
    )
    dialog.get_by_role("group", name="Manca ancora").get_by_label("Codice di verifica").check()
    expect(dialog.locator(".preview-said")).to_contain_text("Manca ancora: il codice di verifica.")
    dialog.get_by_role("button", name="Restituisci").click()
    reader.page.wait_for_url("**/desk")
    office.settle()
    turn = office.engine.turns[-1]
    assert (turn.intent, turn.entities) == (
        "hand_back",
        {"step": "choose_contact", "settled": ["new_contact"], "missing": ["verification_code"]},
    )
    assert customer.owner() == "bot"
    assert office.changes(customer) == ["other_contact", "claimed", "transferred", "claimed", "handed_back"]


def test_a_draft_survives_a_reload_in_the_middle_of_typing(
    office: Office, open_desk: OpenDesk, giulia: Agent, customer: Customer
) -> None:
    talk = Talk(open_desk(giulia, path(customer)))
    talk.field.press_sequentially("Stavo scriven")
    talk.page.reload()
    again = Talk(talk.page)
    expect(again.field).to_have_value("Stavo scriven")
    again.field.press_sequentially("do")
    expect(again.page.get_by_text("Bozza salvata")).to_be_visible()
    elsewhere = Talk(open_desk(giulia, path(customer)))
    expect(elsewhere.field).to_have_value("Stavo scrivendo")


def test_a_draft_with_a_secret_is_kept_nowhere(
    office: Office, open_desk: OpenDesk, giulia: Agent, customer: Customer
) -> None:
    talk = Talk(open_desk(giulia, path(customer)))
    talk.field.fill("il codice fiscale è RSSMRA80A01H501U")
    expect(talk.page.get_by_text("qui non si scrivono")).to_be_visible()
    assert "RSSMRA80A01H501U" not in talk.page.evaluate("() => JSON.stringify(localStorage)")
    talk.page.reload()
    expect(Talk(talk.page).field).to_have_value("")


def test_what_is_typed_stays_while_the_conversation_grows(
    office: Office, open_desk: OpenDesk, giulia: Agent, customer: Customer
) -> None:
    talk = Talk(open_desk(giulia, path(customer)))
    talk.field.press_sequentially("Prima metà, ")
    talk.field.evaluate("field => field.setSelectionRange(3, 3)")
    customer.says("intanto scrivo anch’io")
    expect(talk.log).to_contain_text("intanto scrivo anch’io")
    expect(talk.field).to_be_focused()
    expect(talk.field).to_have_value("Prima metà, ")
    assert talk.field.evaluate("field => field.selectionStart") == 3


def test_a_reply_whose_answer_is_lost_is_sent_again_and_written_once(
    office: Office, open_desk: OpenDesk, giulia: Agent, customer: Customer
) -> None:
    talk = Talk(open_desk(giulia, path(customer)))
    lost: list[str] = []

    def lose(route: object) -> None:
        if not lost:
            lost.append("answer")
            route.fetch()  # type: ignore[attr-defined]
        route.abort()  # type: ignore[attr-defined]

    office.followed(customer)
    talk.page.route(re.compile("/events"), lambda route: route.abort())  # nor does the stream tell
    office.cut_streams()
    expect(talk.page.locator("#banners")).to_contain_text("Connessione persa")
    talk.page.route("**/replies", lose)
    talk.write("Una volta sola")
    expect(talk.mine("Una volta sola")).to_contain_text("non inviato: la connessione non risponde")
    talk.page.unroute("**/replies")
    talk.page.reload()  # the unsent line is still there
    again = Talk(talk.page)
    expect(again.mine("Una volta sola")).to_have_count(1)
    assert [text for _, author, text in office.ledger(customer) if author == "agent"] == ["Una volta sola"]


def test_a_refused_reply_keeps_its_text_and_goes_out_with_retry(
    office: Office, open_desk: OpenDesk, giulia: Agent, customer: Customer
) -> None:
    talk = Talk(open_desk(giulia, path(customer)))
    talk.page.route("**/replies", lambda route: route.abort())
    talk.write("Ci riprovo")
    line = talk.mine("Ci riprovo")
    expect(line).to_contain_text("non inviato")
    talk.page.unroute("**/replies")
    line.get_by_role("button", name="Riprova").click()
    expect(line).not_to_contain_text("non inviato")
    expect(line).not_to_contain_text("invio…")
    assert [text for _, author, text in office.ledger(customer) if author == "agent"] == ["Ci riprovo"]


def test_a_reply_to_what_was_just_taken_over_says_who_has_it_and_keeps_the_text(
    office: Office, open_desk: OpenDesk, giulia: Agent, customer: Customer
) -> None:
    elena = office.agent("Elena Sarti", "supervisore")
    talk = Talk(open_desk(giulia, path(customer)))
    talk.page.route("**/replies", lambda route: (elena.does("force_take", customer), route.continue_()))
    talk.write("Troppo tardi")
    expect(talk.state).to_have_text("La segue Elena Sarti: puoi leggerla")
    expect(talk.log).to_contain_text("Troppo tardi")
    expect(talk.mine("Troppo tardi")).to_contain_text("la conversazione non è più tua")
    assert [text for _, author, text in office.ledger(customer) if author == "agent"] == []


def test_a_note_looks_different_and_the_customer_never_gets_it(
    office: Office, open_desk: OpenDesk, giulia: Agent, customer: Customer
) -> None:
    talk = Talk(open_desk(giulia, path(customer)))
    talk.page.get_by_role("button", name="Nota interna").click()
    talk.write("Sentita l’Agenzia")
    note = talk.log.locator(".line.note")
    expect(note).to_contain_text("Nota interna · Giulia Conti")
    expect(note).to_contain_text("Sentita l’Agenzia")
    expect(talk.field).to_have_value("")
    assert "Sentita l’Agenzia" not in [text for _, _, text in office.ledger(customer)]


def test_ready_made_replies_are_found_with_a_slash_and_filled_in(
    office: Office, open_desk: OpenDesk, giulia: Agent, customer: Customer
) -> None:
    talk = Talk(open_desk(giulia, path(customer)))
    expect(talk.page.locator("#summary")).to_contain_text("Paola Ferri")
    talk.page.keyboard.press("/")
    options = talk.page.get_by_role("listbox", name="Risposte pronte").get_by_role("option")
    expect(options.first).to_be_visible()
    talk.page.keyboard.type("chi è il tuo consul")
    expect(options).to_have_count(1)
    talk.page.keyboard.press("Enter")
    expect(talk.field).to_have_value(
        "Il tuo Consulente è Paola Ferri, dell’Agenzia Milano Centro: puoi rivolgerti a loro in ogni momento."
    )
    talk.field.press("Enter")
    expect(talk.mine("Paola Ferri")).to_have_count(1)
    talk.field.press_sequentially("/zzz")
    expect(talk.page.get_by_text("Nessuna risposta pronta").first).to_be_visible()
    talk.field.press("Escape")
    expect(talk.field).to_have_value("")


def test_the_summary_tells_which_checks_failed_in_plain_words(
    office: Office, open_desk: OpenDesk, giulia: Agent, customer: Customer
) -> None:
    talk = Talk(open_desk(giulia, path(customer)))
    summary = talk.page.locator("#summary")
    expect(talk.page.locator("#summary-pane")).to_contain_text("Non riconosciuto")
    expect(summary).to_contain_text("Riconoscimento dai dati: nessun cliente con questi dati")
    expect(summary.locator(".failed").first).to_contain_text("non riuscito")
    expect(summary).to_contain_text("Codice rifiutato: codice sbagliato (2 volte)")
    expect(summary).to_contain_text("Milano Centro")
    office.summary = None
    talk.page.reload()
    expect(talk.page.locator("#summary")).to_contain_text("Il riepilogo non è raggiungibile")


def test_whatsapp_shows_how_long_one_may_write_and_what_became_of_each_line(
    office: Office, open_desk: OpenDesk, giulia: Agent, customer: Customer
) -> None:
    office.goes_to_whatsapp(customer, written=timedelta(hours=20, minutes=29))
    talk = Talk(open_desk(giulia, path(customer)))
    expect(talk.page.locator(".window")).to_contain_text("puoi scrivere ancora per 3 h")
    talk.write("Eccomi su WhatsApp")
    expect(talk.mine("Eccomi su WhatsApp")).to_contain_text("in partenza")
    office.delivered(customer, "delivered")
    expect(talk.mine("Eccomi su WhatsApp")).to_contain_text("consegnato")
    office.delivered(customer, "read")
    expect(talk.mine("Eccomi su WhatsApp")).to_contain_text("letto")
    talk.write("E questo?")
    expect(talk.mine("E questo?")).to_contain_text("in partenza")
    office.delivered(customer, "failed", 131026)
    expect(talk.mine("E questo?")).to_contain_text("non consegnato: il numero non può ricevere messaggi")


def test_after_24_hours_whatsapp_takes_no_reply_but_notes_go_on(
    office: Office, open_desk: OpenDesk, giulia: Agent, customer: Customer
) -> None:
    office.goes_to_whatsapp(customer, written=timedelta(hours=24, minutes=1))
    talk = Talk(open_desk(giulia, path(customer)))
    expect(talk.page.locator(".window")).to_contain_text("Su WhatsApp non puoi più scrivere")
    expect(talk.page.locator(".window")).to_contain_text("finché non scrive di nuovo")
    expect(talk.field).to_be_disabled()
    talk.page.get_by_role("button", name="Nota interna").click()
    expect(talk.field).to_be_enabled()
    talk.write("Da richiamare")
    expect(talk.log.locator(".line.note")).to_contain_text("Da richiamare")


def test_closing_says_how_it_ended(office: Office, open_desk: OpenDesk, giulia: Agent, customer: Customer) -> None:
    talk = Talk(open_desk(giulia, path(customer)))
    talk.press("Concludi")
    dialog = talk.dialog()
    expect(dialog.get_by_role("heading")).to_be_focused()
    dialog.get_by_label("Risolta").check()
    dialog.get_by_role("button", name="Concludi").click()
    talk.page.wait_for_url("**/desk")
    expect(talk.page.locator("#mine")).to_contain_text("In chiusura")
    assert customer.owner() == "wrap_up"


def test_a_dialog_is_left_with_escape_and_nothing_changes(
    office: Office, open_desk: OpenDesk, giulia: Agent, customer: Customer
) -> None:
    talk = Talk(open_desk(giulia, path(customer)))
    talk.press("Rimetti in coda")
    expect(talk.dialog()).to_be_visible()
    talk.page.keyboard.press("Escape")
    expect(talk.dialog()).to_be_hidden()
    expect(talk.page.locator("#talk-actions").get_by_role("button", name="Rimetti in coda")).to_be_focused()
    assert customer.owner() == "human"


def test_a_conversation_that_one_may_not_see_is_not_there(office: Office, open_desk: OpenDesk) -> None:
    customer = office.customer()
    page = open_desk(office.agent("Paolo Neri", agency="AG-9"), path(customer))
    expect(page.get_by_role("heading", level=1)).to_contain_text("non")
    assert "Vorrei parlare" not in page.content()
