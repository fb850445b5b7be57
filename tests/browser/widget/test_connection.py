"""A line that breaks: nothing is lost, nothing comes twice, and the customer is told."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.widget.chat import PASSWORD, Chat
from tests.browser.widget.stub import Stub


def test_a_lost_connection_recovers_without_gaps_or_doubles(chat: Chat, stub: Stub) -> None:
    chat.to_contact()
    banner = chat.page.get_by_text("Connessione persa. Sto provando")
    stub.streams_blocked = True
    stub.drop_streams()
    expect(banner.first).to_be_visible()
    stub.say("Detto mentre eri via.")
    stub.streams_blocked = False
    chat.says("Detto mentre eri via.")
    expect(chat.page.locator(".banner")).to_be_hidden()
    stub.say("Detto al ritorno.")
    chat.says("Detto al ritorno.")
    texts = [message["text"] for message in stub.only().ledger]
    assert chat.messages() == texts


def test_a_replaced_cookie_is_no_lost_connection(chat: Chat, stub: Stub) -> None:
    chat.to_contact()
    chat.page.evaluate(
        """() => {
            const banner = document.querySelector('area-clienti-chat').shadowRoot.querySelector('.banner');
            const count = () => { window.timesShown += !banner.hidden; };
            window.timesShown = 0;
            new MutationObserver(count).observe(banner, { attributes: true });
        }"""
    )
    opened = stub.streams_opened
    stub.move_streams()
    stub.say("Detto sotto il nuovo cookie.")
    chat.says("Detto sotto il nuovo cookie.")
    assert stub.streams_opened > opened
    assert chat.page.evaluate("window.timesShown") == 0


def test_ten_broken_lines_in_a_row_show_each_message_once(chat: Chat, stub: Stub) -> None:
    chat.page.evaluate(
        "import('/static/chat/transport.js').then(({ TIMING }) => Object.assign(TIMING, { backoff: [20], jitter: 10 }))"
    )
    for number in range(10):
        stub.say(f"Messaggio {number}")
        stub.drop_streams()
    chat.says("Messaggio 9")
    assert chat.messages() == [message["text"] for message in stub.only().ledger]
    assert stub.streams_opened > 1


def test_a_silent_line_is_taken_for_broken(chat: Chat, stub: Stub) -> None:
    stub.mute_heartbeat = True
    chat.page.evaluate("import('/static/chat/transport.js').then(({ TIMING }) => { TIMING.silence = 600; })")
    opened = stub.streams_opened
    stub.say("L’ultima cosa prima del silenzio.")
    chat.says("prima del silenzio")
    expect(chat.page.locator(".banner")).to_be_visible()
    stub.mute_heartbeat = False
    expect(chat.page.locator(".banner")).to_be_hidden()
    assert stub.streams_opened > opened


def test_a_line_with_heartbeats_is_left_alone(chat: Chat, stub: Stub) -> None:
    chat.page.evaluate("import('/static/chat/transport.js').then(({ TIMING }) => { TIMING.silence = 3000; })")
    opened = stub.streams_opened
    chat.page.wait_for_timeout(5000)
    assert stub.streams_opened == opened


def test_a_double_click_on_send_sends_once(chat: Chat, stub: Stub) -> None:
    chat.composer.fill("Buongiorno")
    chat.page.get_by_role("button", name="Invia").dblclick()
    chat.says("Da dove partiamo?")
    chat.says("Sei un Cliente Privato")
    assert [body.get("text") for _, body in stub.posts] == ["Buongiorno"]


def test_a_double_click_on_a_choice_sends_once(chat: Chat, stub: Stub) -> None:
    chat.choice("Voglio registrarmi").dblclick()
    chat.says("Sei un Cliente Privato")
    assert len(stub.posts) == 1


def test_a_double_click_on_a_card_sends_once(chat: Chat, stub: Stub) -> None:
    chat.to_password()
    chat.secret().fill(PASSWORD)
    before = len(stub.posts)
    chat.page.get_by_role("button", name="Continua").dblclick()
    expect(chat.choice("Ho preso visione")).to_be_visible()
    assert len(stub.posts) == before + 1


def test_a_message_whose_answer_got_lost_is_shown_once_and_sent_again_under_its_own_id(chat: Chat, stub: Stub) -> None:
    stub.fail_posts = 1
    chat.write("Buongiorno")
    chat.says("Sei un Cliente Privato")
    expect(chat.log.get_by_text("Buongiorno")).to_have_count(1)
    expect(chat.log.locator(".delivery.failed")).to_have_count(0)
    assert [message["text"] for message in stub.only().ledger].count("Buongiorno") == 1


def test_a_message_that_was_not_taken_is_kept_and_retried_with_the_same_id(chat: Chat, stub: Stub) -> None:
    stub.refuse_posts = 1
    chat.write("Buongiorno")
    expect(chat.log.get_by_text("non inviato")).to_be_visible()
    chat.press("Riprova")
    chat.says("Sei un Cliente Privato")
    expect(chat.log.get_by_text("Buongiorno")).to_have_count(1)
    first, second = (body["client_id"] for _, body in stub.posts)
    assert first == second


def test_what_was_written_offline_goes_out_by_itself_when_the_line_is_back(chat: Chat, stub: Stub) -> None:
    chat.page.context.set_offline(True)
    chat.write("Buongiorno")
    expect(chat.log.get_by_text("non inviato")).to_be_visible()
    stub.drop_streams()
    expect(chat.page.locator(".banner")).to_be_visible()
    chat.page.context.set_offline(False)
    chat.says("Sei un Cliente Privato")
    expect(chat.log.get_by_text("non inviato")).to_have_count(0)
    assert [message["text"] for message in stub.only().ledger].count("Buongiorno") == 1


def test_a_session_that_has_ended_begins_anew_and_the_message_still_arrives(chat: Chat, stub: Stub) -> None:
    chat.choose("Voglio registrarmi")
    chat.says("Sei un Cliente Privato")
    stub.conversations.clear()
    chat.write("Ci sei?")
    chat.says("Riprendiamo da dove eravamo")
    assert [message["text"] for message in stub.only().ledger][1] == "Ci sei?"
    expect(chat.log.get_by_text("Da dove partiamo?")).to_have_count(1)
    expect(chat.log.get_by_text("Ci sei?")).to_have_count(1)
    expect(chat.log.get_by_text("Sei un Cliente Privato")).to_have_count(0)
