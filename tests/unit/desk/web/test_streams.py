"""The desk's streams: nothing lost, nothing twice, and an end when the agent is signed out."""

from __future__ import annotations

from typing import Any

import pytest

from areaclienti.desk.web import stream
from tests.unit.desk.web.conftest import Desk, Opened


async def test_a_new_request_comes_as_a_card_and_a_claim_changes_it(desk: Desk) -> None:
    giulia, marco = await desk.agent(), await desk.agent("Marco Riva")
    async with giulia.follows("/events") as events:
        assert (await events.next("queue")).data == {"cards": [], "waiting": 0}
        await desk.customer()
        card = (await events.next("card")).data
        while "claim" not in card["may"]:
            card = (await events.next("card")).data
        await marco.ask("POST", f"/handovers/{card['id']}/claim")
        while card["owner"] != "human":
            card = (await events.next("card")).data
        assert (card["agent_name"], card["may"]) == ("Marco Riva", ["read"])


async def test_what_goes_leaves_the_queue(desk: Desk) -> None:
    giulia = await desk.agent()
    await desk.customer()
    card = await giulia.takes()
    async with giulia.follows("/events") as events:
        assert [one["id"] for one in (await events.next("queue")).data["cards"]] == [card["id"]]
        await giulia.ask("POST", f"/handovers/{card['id']}/hand-back", {"step": "contact"})
        assert (await events.next("gone")).data == {"id": card["id"]}


async def test_a_stranger_s_stream_tells_nothing_of_another_agency(desk: Desk) -> None:
    stranger = await desk.agent("Paolo Neri", agency="AG-9")
    giulia = await desk.agent()
    async with stranger.follows("/events") as strange, giulia.follows("/events") as known:
        await desk.customer()
        card = await giulia.takes()
        await giulia.ask("POST", f"/handovers/{card['id']}/notes", {"text": "fra noi"})
        while (await known.next("card")).data["owner"] != "human":
            pass
        assert [event.name for event in strange.queued()] == ["queue"]


async def messages(events: Any, count: int) -> list[int]:
    return [int((await events.next("message")).id) for _ in range(count)]


async def test_a_reconnect_loses_and_doubles_nothing(desk: Desk) -> None:
    giulia = await desk.agent()
    customer = await desk.customer()
    card = await giulia.takes()
    found = (await giulia.ask("GET", f"/handovers/{card['id']}")).json()
    last = found["last_seq"]
    path = f"/handovers/{card['id']}/events"
    async with giulia.follows(f"{path}?after={last}") as events:
        await customer.say("primo")
        assert await messages(events, 1) == [last + 1]
    await customer.say("secondo")
    await customer.say("terzo")
    async with giulia.follows(f"{path}?after={last}", last_event_id=last + 1) as events:
        assert await messages(events, 2) == [last + 2, last + 3]
        await customer.say("quarto")
        assert await messages(events, 1) == [last + 4]
        assert [event for event in events.queued() if event.name == "message"] == []


async def test_notes_and_changes_of_hands_come_with_the_transcript(desk: Desk) -> None:
    giulia = await desk.agent()
    await desk.customer()
    card = await giulia.takes()
    async with giulia.follows(f"/handovers/{card['id']}/events") as events:
        changes = [(await events.next("change")).data for _ in range(2)]
        assert [(one["to"], one["who"], one["reason"]) for one in changes] == [
            ("queued", None, "requested"),
            ("human", "Giulia Conti", "claimed"),
        ]
        await giulia.ask("POST", f"/handovers/{card['id']}/notes", {"text": "da richiamare"})
        note = (await events.next("note")).data
        assert (note["text"], note["agent_name"]) == ("da richiamare", "Giulia Conti")


async def test_what_another_gateway_wrote_is_seen(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LOOKED_AT_SECONDS", 0.05)
    here, there = await opened(), await opened()
    giulia = await here.agent()
    there.people.update(here.people)
    await here.customer()
    card = await giulia.takes()
    async with giulia.follows(f"/handovers/{card['id']}/events") as events:
        operations = there.app.state.services.desk.operations
        await operations.reply(card["id"], giulia.who.agent_id, "from-elsewhere", "Da un altro computer", card["epoch"])
        while (message := (await events.next("message")).data)["author"] != "agent":
            pass
        assert message["text"] == "Da un altro computer"


@pytest.mark.parametrize("of_conversation", [False, True])
async def test_a_signed_out_agent_s_stream_ends(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, of_conversation: bool
) -> None:
    monkeypatch.setattr(stream, "SIGNED_IN_SECONDS", 0.05)
    monkeypatch.setattr(stream, "LOOKED_AT_SECONDS", 0.05)
    giulia = await desk.agent()
    await desk.customer()
    card = await giulia.takes()
    path = f"/handovers/{card['id']}/events" if of_conversation else "/events"
    async with giulia.follows(path) as events:
        await events.next("queue")
        assert not events.ended
        desk.signed_out.add(giulia.who.session_id)
        assert (await events.next("signed_out")).data == {}


async def test_a_conversation_that_goes_to_another_agency_is_no_longer_told(desk: Desk) -> None:
    elena, pool = await desk.agent("Elena Sarti", "supervisore"), await desk.agent()
    customer = await desk.customer()
    card = await pool.takes()
    async with pool.follows(f"/handovers/{card['id']}/events") as events:
        await events.next("queue")
        await elena.ask("POST", f"/handovers/{card['id']}/transfer", {"agency_code": "AG-9"})
        assert (await events.next("gone")).data == {"id": card["id"]}
    await customer.say("segreto")
    assert (await pool.ask("GET", f"/handovers/{card['id']}")).status_code == 404
