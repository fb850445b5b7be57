"""The chat as events: all of it, then what changes; a page that comes back gets what it missed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from tests.unit.simulator.conftest import Sim

Event = tuple[str, dict[str, Any], str | None]


async def events(sim: Sim, user_id: str, last_id: str = "") -> AsyncIterator[Event]:
    headers = {"Last-Event-ID": last_id} if last_id else {}
    async with sim.client.stream("GET", f"/phones/{user_id}/events", headers=headers, timeout=60) as stream:
        name, data, event_id = "", "", None
        async for line in stream.aiter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                data = value
            elif field == "id":
                event_id = value
            elif not line and name:
                yield name, json.loads(data), event_id
                name, event_id = "", None


async def until(stream: AsyncIterator[Event], name: str) -> Event:
    async with asyncio.timeout(60):
        async for event in stream:
            if event[0] == name:
                return event
    pytest.fail(f"the stream ended without {name}")


async def test_a_page_gets_the_chat_and_then_what_changes(served: Sim) -> None:
    user_id = await served.phone()
    await served.says(user_id, "prima")
    async with aclosing(events(served, user_id)) as stream:
        assert (await until(stream, "hello"))[1] == {"boot": served.state.boot}
        assert (await until(stream, "entry"))[1]["payload"]["text"]["body"] == "prima"
        await served.writes("dopo")
        while (entry := (await until(stream, "entry"))[1])["side"] != "business":
            pass
        assert entry["payload"]["text"]["body"] == "dopo"
        receipt = {"messaging_product": "whatsapp", "status": "read", "typing_indicator": {"type": "text"}}
        wamid = served.receiver.messages[0]["id"]
        await served.post(receipt | {"message_id": wamid})
        assert (await until(stream, "typing"))[1] == {"on": True}


async def test_a_page_that_comes_back_gets_what_it_missed_and_no_more(served: Sim) -> None:
    user_id = await served.phone()
    await served.says(user_id, "prima")
    async with aclosing(events(served, user_id)) as stream:
        cursor = (await until(stream, "upto"))[2]
    assert cursor is not None
    await served.says(user_id, "mentre non guardava")
    async with aclosing(events(served, user_id, cursor)) as stream:
        assert (await until(stream, "entry"))[1]["payload"]["text"]["body"] == "mentre non guardava"
    async with aclosing(events(served, user_id, "another-start:99")) as stream:
        assert (await until(stream, "entry"))[1]["payload"]["text"]["body"] == "prima"


async def test_what_a_page_shows_is_read_when_the_page_says_so(served: Sim) -> None:
    user_id = await served.phone()
    await served.says(user_id)
    async with aclosing(events(served, user_id)) as stream:
        await until(stream, "hello")
        await served.writes()
        await served.receiver.until(lambda receiver: len(receiver.statuses) == 2)
        await asyncio.sleep(0.1)
        assert [status["status"] for status in served.receiver.statuses] == ["sent", "delivered"]
        n = (await served.read(user_id))["last"]
        assert (await served.client.post(f"/phones/{user_id}/seen", json={"n": n})).status_code == 204
        await served.receiver.until(lambda receiver: len(receiver.statuses) == 3)
        assert served.receiver.statuses[-1]["status"] == "read"


async def test_a_phone_has_a_bounded_number_of_streams(served: Sim) -> None:
    user_id = await served.phone()
    phone = served.state.phones.get(user_id)
    assert phone is not None
    phone.pages = 8
    assert (await served.client.get(f"/phones/{user_id}/events")).status_code == 429
