"""What the assistant says reaches the customer: in order, once, whatever the Graph API answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select, text, update

from areaclienti.gateway.channels.whatsapp import gate, outbox, sending
from areaclienti.gateway.channels.whatsapp import typing as typing_module
from areaclienti.gateway.channels.whatsapp.outbound_texts import load_outbound_texts
from areaclienti.gateway.channels.whatsapp.ways import FlowWay
from areaclienti.gateway.db.models import Message, OneTimeLink
from areaclienti.gateway.db.whatsapp import WhatsappOutgoing, WhatsappPerson
from areaclienti.gateway.ledger import append, locked
from tests.unit.gateway.browser import Browser
from tests.unit.gateway.conftest import Start, build, running
from tests.unit.gateway.database import only_conversation, rows
from tests.unit.gateway.doubles import Engine, Identity
from tests.unit.gateway.whatsapp import limits
from tests.unit.gateway.whatsapp import meta as m
from tests.unit.gateway.whatsapp.graph import Graph
from tests.unit.gateway.whatsapp.limits import shown_titles
from tests.unit.gateway.whatsapp.meta import Meta
from tests.unit.gateway.whatsapp.oracle import Pywa

CHOICES = [
    {"title": "Persona", "intent": "give_customer_type", "entities": {"customer_type": "persona"}},
    {"title": "Azienda", "intent": "give_customer_type", "entities": {"customer_type": "azienda"}},
]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits are the same, but short."""
    monkeypatch.setattr(sending, "PROOF_SECONDS", 0.05)
    monkeypatch.setattr(sending, "_LONGEST_BACKOFF_SECONDS", 0.05)
    monkeypatch.setattr(sending, "_LONGEST_TO_PERSON_SECONDS", 0.05)
    monkeypatch.setattr(sending, "SWEEP_SECONDS", 0.1)
    monkeypatch.setattr(gate, "_PAUSES", dict.fromkeys(gate._PAUSES, 0.2))
    monkeypatch.setattr(gate, "_FIRST_PAUSE_SECONDS", 0.02)
    monkeypatch.setattr(gate, "_BESIDE_TRIAL_SECONDS", 0.02)
    monkeypatch.setattr(outbox, "_MADE_AGAIN_AFTER", timedelta(seconds=0.05))


async def until(condition: Any, seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 (what is waited for has no event)
            await asyncio.sleep(0.01)


async def states(url: str) -> list[tuple[Any, ...]]:
    return await rows(url, "SELECT kind, state, error_code FROM whatsapp_outbox ORDER BY id")


async def alter(app: FastAPI, table: Any, **values: Any) -> None:
    await app.state.services.database.write(lambda session: session.execute(update(table).values(**values)))


async def let_the_window_close(app: FastAPI) -> None:
    long_ago = datetime.now(UTC) - timedelta(hours=25)
    await alter(app, WhatsappPerson, last_inbound_at=long_ago)
    await alter(app, Message, at=long_ago)


async def speak(app: FastAPI, text_: str) -> None:
    """The assistant says something by itself, as when a person's answer comes late."""
    conversation_id = await only_conversation(app)

    def work(session: Any) -> None:
        append(session, locked(session, conversation_id), "bot", "text", text_)

    await app.state.services.database.write(work)
    app.state.services.hub.ledger_grew(conversation_id)
    await app.state.whatsapp.sending.settle()


async def test_the_answer_goes_to_the_number_that_wrote(meta: Meta, graph: Graph, engine: Engine, url: str) -> None:
    engine.expect("customer_type", "choice", CHOICES)
    await meta.say(m.text("ciao"))
    (message,) = graph.taken
    assert message["to"] == m.WA_ID and message["recipient_type"] == "individual"
    assert graph.said == ["[1] ciao"] and shown_titles(message) == ["Persona", "Azienda"]
    assert await rows(url, "SELECT state, content, wamid, attempts FROM whatsapp_outbox") == [
        ("sent", None, graph.wamid_of(0), 1)
    ]


async def test_what_is_sent_is_what_pywa_sends(meta: Meta, graph: Graph, engine: Engine) -> None:
    engine.expect("customer_type", "choice", CHOICES)
    await meta.say(m.text("ciao"))
    (message,) = graph.taken
    content = {"type": "interactive", "interactive": message["interactive"]}
    assert Pywa().same(m.WA_ID, content, message["biz_opaque_callback_data"]) == message


async def test_a_user_without_a_visible_number_is_answered_by_his_id(meta: Meta, graph: Graph) -> None:
    hidden = m.text("ciao", **{"from": None})
    contacts = [{"profile": {"name": "Mario"}, "user_id": m.USER_ID}]
    await meta.deliver(m.payload(m.change([hidden], contacts=contacts)))
    await meta.settle()
    (message,) = graph.taken
    assert message["recipient"] == m.USER_ID and "to" not in message


async def test_the_choice_that_is_tapped_is_the_ledgers(meta: Meta, graph: Graph, engine: Engine) -> None:
    engine.expect("customer_type", "choice", CHOICES)
    await meta.say(m.text("ciao"))
    reply = graph.taken[0]["interactive"]["action"]["buttons"][1]["reply"]
    await meta.say(m.pressed(reply["id"], reply["title"]))
    assert engine.turns[-1].entities == {"customer_type": "azienda"}


async def test_the_customers_message_is_read_and_typing_shows(meta: Meta, graph: Graph, engine: Engine) -> None:
    engine.gate = asyncio.Event()  # a turn that is over at once needs none
    await meta.deliver(m.of(m.text("ciao", wamid="wamid.IN1")))
    await until(lambda: graph.typing)
    engine.gate.set()
    await meta.settle()
    assert graph.typing == ["wamid.IN1"]
    sent = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.IN1"}
    assert Pywa().typing("wamid.IN1") == sent | {"typing_indicator": {"type": "text"}}


async def test_typing_is_renewed_while_a_turn_lasts_and_not_after(
    meta: Meta, graph: Graph, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typing_module, "SHOWN_SECONDS", 0.05)
    engine.gate = asyncio.Event()
    await meta.deliver(m.of(m.text("ciao", wamid="wamid.IN1")))
    await until(lambda: len(graph.typing) >= 3)
    engine.gate.set()
    await meta.settle()
    shown = len(graph.typing)
    await asyncio.sleep(0.2)
    assert graph.said == ["[1] ciao"] and len(graph.typing) == shown


async def test_a_conversation_of_the_web_is_nobody_elses_business(start: Start, graph: Graph, engine: Engine) -> None:
    app = await start(graph=graph.transport, **m.SETTINGS)
    visitor = Browser(app)
    await visitor.open()
    await app.state.services.runner.settle()
    await app.state.whatsapp.sending.settle()
    await visitor.close()
    assert engine.turns and not graph.requests and not graph.typing


async def test_messages_come_in_order_whatever_they_meet(meta: Meta, graph: Graph) -> None:
    graph.answers = ["unreachable", 130429, "unreachable", 131056, 80007, 4, 131016, 131000]
    for number in range(3):
        await meta.say(m.text(f"messaggio {number}"))
    await until(lambda: len(graph.taken) >= 1 and "messaggio 2" in graph.said[-1])
    everything = "\n".join(graph.said)
    places = [everything.index(f"messaggio {number}") for number in range(3)]
    assert places == sorted(places) and set(graph.copies.values()) == {1}


@pytest.mark.parametrize("answer", ["lost", "nonsense"])
async def test_a_lost_answer_is_sent_again_when_nothing_proves_that_it_was_taken(
    meta: Meta, graph: Graph, answer: str
) -> None:
    graph.answers = [answer]
    await meta.say(m.text("ciao"))
    await until(lambda: len(graph.taken) == 2)
    assert set(graph.copies.values()) == {2}


async def test_a_status_proves_that_it_was_taken(
    meta: Meta, graph: Graph, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "PROOF_SECONDS", 1000.0)
    graph.answers = ["lost"]
    await meta.say(m.text("ciao"))
    callback = graph.taken[0]["biz_opaque_callback_data"]
    proof = m.status("wamid.PROOF", "sent", biz_opaque_callback_data=callback)
    await meta.deliver(m.payload(m.change([], [proof])))
    await meta.settle()
    await alter(meta.app, WhatsappOutgoing, next_attempt_at=datetime.now(UTC))  # the time for a proof is over
    await asyncio.sleep(0.3)
    assert set(graph.copies.values()) == {1}
    assert await rows(url, "SELECT state, content, wamid FROM whatsapp_outbox") == [("sent", None, "wamid.PROOF")]


async def test_statuses_only_move_forward(meta: Meta, graph: Graph, url: str) -> None:
    await meta.say(m.text("ciao"))
    wamid = graph.wamid_of(0)
    seen = []
    for state in ("delivered", "sent", "read", "delivered", "failed"):
        await meta.deliver(m.payload(m.change([], [m.status(wamid, state)])))
        await meta.settle()
        seen.append((await states(url))[0][1])
    assert seen == ["delivered", "delivered", "read", "read", "read"]


async def test_a_failure_after_sent_is_noted_with_its_code(meta: Meta, graph: Graph, url: str) -> None:
    await meta.say(m.text("ciao"))
    failed = m.status(graph.wamid_of(0), "failed", errors=[{"code": 131026, "title": "Message undeliverable"}])
    for state in (failed, m.status(graph.wamid_of(0), "sent")):
        await meta.deliver(m.payload(m.change([], [state])))
        await meta.settle()
    assert await states(url) == [("text", "failed", 131026)]
    assert len(graph.taken) == 1


async def test_a_status_with_somebody_elses_tracker_changes_nothing(meta: Meta, graph: Graph, url: str) -> None:
    graph.gate = asyncio.Event()
    await meta.deliver(m.of(m.text("ciao")))
    await until(lambda: graph.requests)
    for callback in ("1", "1.0000000000000000", "x", "", "9" * 40):
        other = m.status("wamid.OTHER", "delivered", biz_opaque_callback_data=callback)
        await meta.deliver(m.payload(m.change([], [other])))
    await meta.app.state.whatsapp.processing.settle()
    assert (await states(url))[0][1] == "sending"
    graph.gate.set()


async def test_what_was_taken_but_not_delivered_in_the_crowd_is_made_again(meta: Meta, graph: Graph) -> None:
    await meta.say(m.text("ciao"))
    failed = m.status(graph.wamid_of(0), "failed", errors=[{"code": 130429}])
    await meta.deliver(m.payload(m.change([], [failed])))
    await until(lambda: len(graph.taken) == 2)
    assert graph.said == ["[1] ciao"] * 2


@pytest.mark.parametrize("told", ["by the answer", "by a status", "by our own clock"])
async def test_outside_the_window_a_template_says_that_there_is_something(
    meta: Meta, graph: Graph, url: str, told: str
) -> None:
    await meta.say(m.text("ciao"))
    if told == "by our own clock":
        await let_the_window_close(meta.app)
    elif told == "by the answer":
        graph.answers = [131047]
    await speak(meta.app, "Una novità per te.")
    if told == "by a status":
        failed = m.status(graph.wamid_of(1), "failed", errors=[{"code": 131047}])
        await meta.deliver(m.payload(m.change([], [failed])))
        await meta.settle()
    await until(lambda: "template" in graph.said)
    await speak(meta.app, "Un'altra.")
    template = next(message for message in graph.taken if message["type"] == "template")
    expected = {"type": "template", "template": template["template"]}
    assert expected["template"] == {"name": "registrazione_in_sospeso", "language": {"code": "it"}}
    assert {name: Pywa().same(m.WA_ID, expected, "x")["template"][name] for name in ("name", "language")} == expected[
        "template"
    ]
    if told == "by our own clock":
        assert graph.said == ["[1] ciao", "template"]
        assert [row[1:] for row in await states(url)][1:] == [("dropped", 131047), ("sent", None), ("dropped", 131047)]


async def test_inside_the_window_no_template_is_ever_sent(meta: Meta, graph: Graph) -> None:
    for number in range(5):
        await meta.say(m.text(f"{number}"))
    assert "template" not in graph.said


@pytest.mark.parametrize(
    ("code", "reason"), [(190, "token"), (368, "account_blocked"), (131031, "account_blocked"), (131048, "spam_limit")]
)
async def test_what_operators_must_mend_stops_all_sending_and_loses_nothing(
    meta: Meta, graph: Graph, code: int, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "_PAUSES", dict.fromkeys(gate._PAUSES, 1000.0))
    graph.answers = [code]
    await meta.say(m.text("uno"))
    ready = await meta.http.get("/health/ready")
    assert (ready.status_code, ready.json()["whatsapp"]) == (200, {"sending": "paused", "reason": reason, "code": code})
    for number in range(4):
        await meta.say(m.text(f"altro {number}"))
    assert len(graph.requests) == 1 and not graph.taken
    meta.app.state.whatsapp.sending._gate._closed_until = 0.0  # the pause is over
    await alter(meta.app, WhatsappOutgoing, next_attempt_at=datetime.now(UTC))
    await until(lambda: graph.taken and "altro 3" in graph.said[-1])
    assert [word for word in ("uno", *(f"altro {n}" for n in range(4))) if word not in "\n".join(graph.said)] == []
    assert "whatsapp" not in (await meta.http.get("/health/ready")).json()


async def test_a_status_can_tell_that_the_account_is_blocked(meta: Meta, graph: Graph) -> None:
    await meta.say(m.text("ciao"))
    failed = m.status(graph.wamid_of(0), "failed", errors=[{"code": 368}])
    await meta.deliver(m.payload(m.change([], [failed])))
    await meta.settle()
    assert (await meta.http.get("/health/ready")).json()["whatsapp"]["code"] == 368


async def test_who_cannot_be_reached_is_noted_and_holds_nobody_up(meta: Meta, graph: Graph, url: str) -> None:
    graph.answers = [131026]
    await meta.say(m.text("uno"))
    await meta.say(m.text("due"))
    assert await states(url) == [("text", "failed", 131026), ("text", "sent", None)]


async def test_a_shape_that_is_refused_is_said_in_plain_words(meta: Meta, graph: Graph, engine: Engine) -> None:
    engine.expect("customer_type", "choice", CHOICES)
    graph.answers = [131009]
    await meta.say(m.text("ciao"))
    await until(lambda: graph.taken)
    assert graph.said == ["[1] ciao\n\n1. Persona\n2. Azienda"]


async def test_a_plain_text_that_is_refused_is_given_up(meta: Meta, graph: Graph, url: str) -> None:
    graph.answers = [100]
    await meta.say(m.text("ciao"))
    assert await states(url) == [("text", "failed", 100)] and not graph.taken


def _link(message: dict[str, Any]) -> str:
    url: str = message["interactive"]["action"]["parameters"]["url"]
    return url


@pytest.fixture
async def asked(meta: Meta, engine: Engine) -> AsyncIterator[Meta]:
    """The customer was asked for the password."""
    engine.expect("password", "secret:password")
    await meta.say(m.text("mario@example.it"))
    yield meta


async def test_the_link_to_the_password_page_is_made_at_the_sending(asked: Meta, graph: Graph, url: str) -> None:
    (message,) = graph.taken
    assert message["interactive"]["action"]["parameters"]["display_text"] == "Crea la password"
    assert "10 minuti" in graph.said[0]
    token = _link(message).rpartition("/riservato/")[2]
    page = await asked.http.get(f"/riservato/{token}")
    assert page.status_code == 200 and "new-password" in page.text
    dump = json.dumps(await rows(url, "SELECT content, kind FROM whatsapp_outbox"))
    assert token not in dump


async def test_every_answer_where_a_password_is_due_has_a_fresh_link(asked: Meta, graph: Graph) -> None:
    await asked.say(m.text("non ho capito"))
    first, second = map(_link, graph.taken)
    assert first != second
    assert [
        (await asked.http.get(link.removeprefix("http://localhost:8000"))).status_code for link in (first, second)
    ] == [404, 200]


async def test_a_link_that_died_unused_is_replaced_when_the_customer_writes_again(
    start: Start, graph: Graph, engine: Engine
) -> None:
    app = await start(graph=graph.transport, **m.SETTINGS)
    meta = Meta(app)
    engine.expect("password", "secret:password")
    await meta.say(m.text("mario@example.it"))
    await alter(app, OneTimeLink, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    old = _link(graph.taken[-1]).removeprefix("http://localhost:8000")
    assert (await meta.http.get(old)).status_code == 404
    await meta.say(m.text("il link non va"))
    new = _link(graph.taken[-1]).removeprefix("http://localhost:8000")
    assert (await meta.http.get(new)).status_code == 200
    await meta.close()


async def test_a_secret_that_is_no_longer_due_gets_no_link(meta: Meta, engine: Engine, graph: Graph) -> None:
    engine.expect("password", "secret:password")
    graph.answers = ["unreachable"] * 1000
    await meta.say(m.text("mario@example.it"))
    engine.expect("contact", "email_or_mobile")
    engine.meaning = {"intent": "correct_data", "confidence": 0.99}
    await meta.say(m.text("ho sbagliato"))
    graph.answers.clear()
    await until(lambda: len(graph.taken) == 2)
    assert [message["type"] for message in graph.taken] == ["text", "text"]


async def test_a_flow_takes_the_place_of_the_page_and_the_page_that_of_a_refused_flow(
    start: Start, graph: Graph, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[dict[str, Any]] = []
    monkeypatch.setattr(limits, "check", checked.append)
    app = await start(graph=graph.transport, **m.SETTINGS)
    outgoing, links = app.state.whatsapp.sending, app.state.services.one_time
    flow = FlowWay(links, load_outbound_texts(), "Vale 10 minuti.", "4242")
    outgoing._ways = (flow, *outgoing._ways)
    engine.expect("password", "secret:password")
    meta = Meta(app)
    await meta.say(m.text("mario@example.it"))
    assert graph.taken[-1]["interactive"]["type"] == "flow"
    token = graph.taken[-1]["interactive"]["action"]["parameters"]["flow_token"]
    assert (await links.find(token)).purpose == "password"
    graph.answers = [132068]
    await meta.say(m.text("non si apre"))
    await until(lambda: len(graph.taken) == 2)
    assert graph.taken[-1]["interactive"]["type"] == "cta_url"
    await meta.close()


async def test_nothing_is_lost_when_the_process_ends_before_the_sending(
    start: Start, graph: Graph, engine: Engine, url: str
) -> None:
    never = Graph(answers=["unreachable"] * 1000)
    async with running(build(engine, Identity(), url, never.transport, **m.SETTINGS)) as first:
        meta = Meta(first)
        await meta.say(m.text("ciao"))
        await meta.close()
    assert not never.taken
    await start(graph=graph.transport, **m.SETTINGS)
    await until(lambda: graph.taken)
    assert graph.said == ["[1] ciao"]


async def test_logs_tell_neither_numbers_nor_texts(meta: Meta, graph: Graph, capfd: pytest.CaptureFixture[str]) -> None:
    graph.answers = [131056, "5xx", 131026]
    await meta.say(m.text("sono Mario Rossi"))
    await asyncio.sleep(0.3)
    printed = capfd.readouterr()
    assert all(word not in printed.out + printed.err for word in (m.WA_ID, "Rossi", m.USER_ID))


async def test_the_outbox_holds_no_text_of_what_is_sent(meta: Meta, graph: Graph, url: str) -> None:
    await meta.say(m.text("sono Mario Rossi"))
    database = meta.app.state.services.database
    found = await database.read(lambda session: list(session.scalars(select(WhatsappOutgoing.content))))
    assert found == [None]
    assert await database.read(lambda session: session.scalar(text("SELECT count(*) FROM whatsapp_outbox"))) == 1
