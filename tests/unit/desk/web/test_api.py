"""The desk's JSON: what agents see and do, and what they are told when they may not."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from areaclienti.gateway.db.desk import DeskAgent
from areaclienti.gateway.db.models import Conversation, now
from areaclienti.gateway.db.whatsapp import WhatsappPerson
from tests.unit.desk.web.conftest import Desk


async def test_the_queue_shows_who_waits_with_reason_channel_and_what_one_may_do(desk: Desk) -> None:
    giulia = await desk.agent()
    await desk.customer()
    [card] = await giulia.cards()
    shown = {name: card[name] for name in ("owner", "reason", "channel", "level", "resume_step", "mine", "agent_name")}
    assert shown == {
        "owner": "queued", "reason": "requested", "channel": "web", "level": "pool", "resume_step": "password",
        "mine": False, "agent_name": None,
    }  # fmt: skip
    assert card["may"] == ["read", "claim"]


async def test_of_two_who_take_it_one_gets_it_and_the_other_reads_who(desk: Desk) -> None:
    giulia, marco = await desk.agent(), await desk.agent("Marco Riva")
    await desk.customer()
    [card] = await giulia.cards()
    path = f"/handovers/{card['id']}/claim"
    answers = await asyncio.gather(giulia.ask("POST", path), marco.ask("POST", path))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 1}
    [won] = [answer.json()["card"] for answer in answers if answer.status_code == 200]
    [lost] = [answer.json() for answer in answers if answer.status_code == 409]
    assert (lost["code"], lost["owner"], lost["agent_name"]) == ("taken", "human", won["agent_name"])


async def test_a_reply_is_written_once_however_often_it_is_sent(desk: Desk) -> None:
    giulia = await desk.agent()
    customer = await desk.customer()
    card = await giulia.takes()
    body = {"client_id": "agent-message-1", "text": "Buongiorno, eccomi.", "epoch": card["epoch"]}
    seqs = {(await giulia.ask("POST", f"/handovers/{card['id']}/replies", body)).json()["seq"] for _ in range(3)}
    assert len(seqs) == 1
    found = (await giulia.ask("GET", f"/handovers/{card['id']}")).json()
    assert [line["text"] for line in found["messages"] if line["author"] == "agent"] == ["Buongiorno, eccomi."]
    await customer.close()


async def test_a_reply_under_an_old_epoch_is_refused_and_the_draft_stays(desk: Desk) -> None:
    giulia, elena = await desk.agent(), await desk.agent("Elena Sarti", "supervisore")
    await desk.customer()
    card = await giulia.takes()
    path = f"/handovers/{card['id']}"
    assert (await giulia.ask("PUT", f"{path}/draft", {"text": "Stavo scriv"})).status_code == 204
    assert (await elena.ask("POST", f"{path}/force-take")).status_code == 200
    lost = await giulia.ask("POST", f"{path}/replies", {"client_id": "late-one-1", "text": "x", "epoch": card["epoch"]})
    assert (lost.status_code, lost.json()["code"]) == (403, "forbidden")
    found = (await giulia.ask("GET", path)).json()
    assert (found["draft"], found["card"]["agent_name"]) == ("Stavo scriv", "Elena Sarti")
    stale = {"client_id": "early-one-1", "text": "x", "epoch": card["epoch"]}
    answer = await elena.ask("POST", f"{path}/replies", stale)
    assert (answer.status_code, answer.json()["code"]) == (409, "stale")
    assert answer.json()["epoch"] == found["card"]["epoch"]


async def test_a_draft_survives_a_reload_and_goes_with_the_reply(desk: Desk) -> None:
    giulia = await desk.agent()
    await desk.customer()
    card = await giulia.takes()
    path = f"/handovers/{card['id']}"
    await giulia.ask("PUT", f"{path}/draft", {"text": "Buon"})
    assert (await giulia.ask("GET", path)).json()["draft"] == "Buon"
    await giulia.ask(
        "POST", f"{path}/replies", {"client_id": "agent-message-1", "text": "Buongiorno", "epoch": card["epoch"]}
    )
    assert (await giulia.ask("GET", path)).json()["draft"] == ""


async def test_unanswered_messages_are_counted_until_somebody_replies(desk: Desk) -> None:
    giulia = await desk.agent()
    customer = await desk.customer()
    card = await giulia.takes()
    await customer.say("ci siete?")
    await customer.say("pronto?")
    [mine] = await giulia.cards()
    assert len(mine["unanswered"]) == 3  # the request for a person is unanswered as well
    reply = {"client_id": "agent-message-1", "text": "Eccomi", "epoch": card["epoch"]}
    await giulia.ask("POST", f"/handovers/{card['id']}/replies", reply)
    [mine] = await giulia.cards()
    assert mine["unanswered"] == []


async def test_another_agency_s_conversation_does_not_exist(desk: Desk) -> None:
    giulia, stranger = await desk.agent(), await desk.agent("Paolo Neri", agency="AG-9")
    await desk.customer()
    card = await giulia.takes()
    assert await stranger.cards() == []
    for method, rest, body in (
        ("GET", "", None), ("GET", "/summary", None), ("GET", "/events", None), ("POST", "/claim", None),
        ("POST", "/force-take", None), ("POST", "/release", None), ("POST", "/transfer", {}),
        ("POST", "/replies", {"client_id": "stranger-1", "text": "x", "epoch": 1}), ("POST", "/notes", {"text": "x"}),
        ("PUT", "/draft", {"text": "x"}), ("POST", "/hand-back", {"step": "contact"}),
        ("POST", "/close", {"outcome": "solved"}),
    ):  # fmt: skip
        answer = await stranger.ask(method, f"/handovers/{card['id']}{rest}", body)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown"), rest


@pytest.mark.parametrize(
    ("method", "rest", "body"),
    [
        ("POST", "/replies", {"client_id": "short", "text": "x", "epoch": 1}),
        ("POST", "/replies", {"client_id": "long-enough-1", "text": "x" * 2001, "epoch": 1}),
        ("POST", "/replies", {"client_id": "long-enough-1", "text": "  ", "epoch": 2}),
        ("POST", "/notes", {"text": " "}),
        ("POST", "/hand-back", {"step": "nowhere"}),
        ("POST", "/hand-back", {"step": "contact", "settled": ["everything"]}),
        ("POST", "/close", {"outcome": "whatever"}),
        ("POST", "/transfer", {"agent_id": "a", "agency_code": "b"}),
    ],
)
async def test_what_has_not_the_documented_shape_is_refused(desk: Desk, method: str, rest: str, body: Any) -> None:
    giulia = await desk.agent()
    await desk.customer()
    card = await giulia.takes()
    answer = await giulia.ask(method, f"/handovers/{card['id']}{rest}", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


@pytest.mark.parametrize(
    "secret", ["RSSMRA80A01H501U", "00743110157", "il codice è 482 913", "la password è Tramonto9Giallo"]
)
async def test_a_secret_of_the_customer_that_an_agent_writes_is_refused_and_kept_nowhere(
    desk: Desk, secret: str
) -> None:
    giulia = await desk.agent()
    await desk.customer()
    card = await giulia.takes()
    path = f"/handovers/{card['id']}"
    reply = {"client_id": "long-enough-1", "text": f"Ciao. {secret}", "epoch": card["epoch"]}
    for method, rest, body in (
        ("POST", "/replies", reply), ("POST", "/notes", {"text": secret}), ("PUT", "/draft", {"text": secret}),
    ):  # fmt: skip
        answer = await giulia.ask(method, f"{path}{rest}", body)
        assert (answer.status_code, answer.json()["code"]) == (422, "secret_written"), rest
        assert secret not in answer.text
    found = (await giulia.ask("GET", path)).json()
    assert secret not in str(found)
    assert (found["draft"], found["notes"]) == ("", [])


async def test_without_a_session_everything_is_refused(desk: Desk) -> None:
    giulia = await desk.agent()
    desk.people.clear()
    for path in ("/queue", "/agents", "/events"):
        answer = await giulia.ask("GET", path)
        assert (answer.status_code, answer.json()["code"]) == (401, "session_invalid")


async def test_a_foreign_page_changes_nothing(desk: Desk) -> None:
    giulia = await desk.agent()
    await desk.customer()
    [card] = await giulia.cards()
    for origin in (None, "https://evil.example"):
        answer = await giulia.ask("POST", f"/handovers/{card['id']}/claim", origin=origin)
        assert (answer.status_code, answer.json()["code"]) == (403, "bad_origin")


async def test_a_heartbeat_tells_who_was_signed_off_for_silence(desk: Desk) -> None:
    giulia = await desk.agent()
    served = desk.app.state.services
    assert (await giulia.ask("POST", "/heartbeat")).json()["me"]["presence"] == "paused"

    def silence(session: Any) -> None:
        session.execute(update(DeskAgent).values(seen_at=None))

    await served.database.write(silence)
    await served.desk.rounds.go()
    assert (await giulia.ask("POST", "/heartbeat")).json()["me"]["presence"] == "offline"
    back = await giulia.ask("PUT", "/presence", {"presence": "available"})
    assert back.json()["me"]["presence"] == "available"


async def test_colleagues_are_those_who_are_there_and_answer(desk: Desk) -> None:
    giulia = await desk.agent(agency="AG-1")
    await desk.agent("Marco Riva")
    await desk.agent("Paolo Neri", agency="AG-9")
    await desk.agent("Anna Gallo", "auditor")
    await desk.agent("Sara Villa", agency="AG-1")
    found = (await giulia.ask("GET", "/agents")).json()["agents"]
    assert [one["name"] for one in found] == ["Marco Riva", "Sara Villa"]


async def test_handing_back_lets_the_assistant_go_on(desk: Desk) -> None:
    giulia = await desk.agent()
    customer = await desk.customer()
    card = await giulia.takes()
    body = {"step": "contact", "settled": ["identity"], "missing": ["contact"]}
    assert (await giulia.ask("POST", f"/handovers/{card['id']}/hand-back", body)).status_code == 204
    await desk.app.state.services.runner.settle()
    assert desk.engine.turns[-1].entities == body
    assert (await customer.open())["state"]["owner"] == "bot"
    found = (await giulia.ask("GET", f"/handovers/{card['id']}")).json()["card"]
    assert (found["owner"], found["outcome"]) == ("ended", "handed_back")


async def test_after_24_hours_whatsapp_takes_no_free_text(desk: Desk) -> None:
    giulia = await desk.agent()
    await desk.customer()
    card = await giulia.takes()
    served = desk.app.state.services

    def on_whatsapp(session: Any) -> None:
        session.execute(update(Conversation).values(channel="whatsapp"))
        conversation = session.query(Conversation).one()
        written = now() - timedelta(hours=24, minutes=1)
        session.add(WhatsappPerson(user_id="u", conversation_id=conversation.id, last_inbound_at=written, sent_seq=0))

    await served.database.write(on_whatsapp)
    body = {"client_id": "agent-message-1", "text": "Eccomi", "epoch": card["epoch"]}
    answer = await giulia.ask("POST", f"/handovers/{card['id']}/replies", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "window_closed")
    found = (await giulia.ask("GET", f"/handovers/{card['id']}")).json()
    assert found["writable_until"] is not None
    assert [line for line in found["messages"] if line["author"] == "agent"] == []
