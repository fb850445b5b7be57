"""The event stream: replay and live without gap or double, heartbeats, slow readers, the end."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from areaclienti.gateway.channels import stream as stream_module
from areaclienti.gateway.limits import MAX_STREAMS
from tests.unit.gateway.browser import ORIGIN, Browser, until
from tests.unit.gateway.conftest import Start, build
from tests.unit.gateway.database import only_conversation
from tests.unit.gateway.doubles import Engine, Identity


async def test_a_reconnect_at_every_cut_replays_exactly_the_rest(browser: Browser, app: FastAPI) -> None:
    for n in range(5):
        await browser.say(f"messaggio {n}")
    await app.state.services.runner.settle()
    for cut in range(12):
        async with browser.events(cut) as stream:
            await stream.next("state")
        replayed = [line for line in stream.body.decode().splitlines() if line.startswith("id: ")]
        assert replayed == [f"id: {seq}" for seq in range(cut + 1, 12)]


async def test_a_stream_cut_again_and_again_in_mid_conversation_loses_and_doubles_nothing(
    browser: Browser, app: FastAPI, engine: Engine
) -> None:
    engine.delay = 0.002
    total = 61
    seen: list[int] = []

    async def talk() -> None:
        for n in range(30):
            await browser.say(f"messaggio {n}")

    async def listen() -> None:
        while len(seen) < total:
            async with browser.events(seen[-1] if seen else 0) as stream:
                for _ in range(min(3, total - len(seen))):
                    seen.append((await stream.next("message")).data["seq"])

    await asyncio.wait_for(asyncio.gather(talk(), listen()), 60)
    assert seen == list(range(1, total + 1))


async def test_what_is_written_between_subscription_and_replay_comes_once(
    browser: Browser, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = app.state.services.ledger
    read_after = ledger.read_after
    written = False

    async def read_then_write(conversation_id: str, after: int) -> object:
        nonlocal written
        page = await read_after(conversation_id, after)
        if not written:
            written = True
            await browser.say("scritto durante la lettura")
            await app.state.services.runner.settle()
        return page

    monkeypatch.setattr(ledger, "read_after", read_then_write)
    async with browser.events(0) as stream:
        seqs = [message["seq"] for message in await stream.messages(3)]
        await asyncio.sleep(0.05)
        assert not [event for event in stream.queued() if event.name == "message"]
    assert seqs == [1, 2, 3]


async def test_state_comes_at_connection_even_with_nothing_new(browser: Browser) -> None:
    async with browser.events(1) as stream:
        assert (await stream.next()).name == "state"


async def test_the_page_may_name_its_cursor_in_the_query(browser: Browser) -> None:
    async with browser.events(query="after=1") as stream:
        assert (await stream.next()).name == "state"


async def test_a_cursor_of_an_ended_conversation_starts_from_the_beginning(browser: Browser) -> None:
    async with browser.events(500) as stream:
        assert (await stream.next()).data["seq"] == 1


async def test_a_cursor_that_is_no_number_is_refused(browser: Browser) -> None:
    response = await browser.http.get("/api/events", headers={"Last-Event-ID": "1 OR 1=1"})
    assert (response.status_code, response.json()["code"]) == (400, "bad_cursor")


async def test_the_heartbeat_is_a_named_event(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "HEARTBEAT_SECONDS", 0.05)
    async with browser.events(1) as stream:
        await stream.next("heartbeat")
        await stream.next("heartbeat")


async def test_a_reader_that_stands_still_holds_nobody_up(browser: Browser, app: FastAPI) -> None:
    async with browser.events(1) as stuck, browser.events(1) as quick:
        stuck.admit.clear()
        for n in range(10):
            assert (await browser.say(f"messaggio {n}")).status_code == 202
        assert [message["seq"] for message in await quick.messages(20)] == list(range(2, 22))
        stuck.admit.set()
        assert [message["seq"] for message in await stuck.messages(20)] == list(range(2, 22))


async def test_a_reader_that_stands_still_too_long_is_let_go(
    browser: Browser, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "STALLED_SECONDS", 0.1)
    conversation_id = await only_conversation(app)
    async with browser.events(1) as stuck:
        await stuck.next("state")
        stuck.admit.clear()
        await browser.say("ciao")
        await until(lambda: app.state.services.hub.count(conversation_id) == 0)


async def test_open_streams_of_one_conversation_are_bounded_and_given_back(browser: Browser, app: FastAPI) -> None:
    conversation_id = await only_conversation(app)
    opened = [browser.events(1) for _ in range(MAX_STREAMS)]
    for stream in opened:
        await (await stream.__aenter__()).next("state")
    refused = await browser.http.get("/api/events")
    assert (refused.status_code, refused.json()["code"]) == (429, "slow_down")
    for stream in opened:
        await stream.__aexit__(None, None, None)
    assert app.state.services.hub.count(conversation_id) == 0


async def test_a_stream_needs_a_session(app: FastAPI) -> None:
    assert (await Browser(app).http.get("/api/events")).status_code == 401


async def test_a_closed_conversation_ends_its_streams(browser: Browser) -> None:
    async with browser.events(1) as stream:
        await stream.next("state")
        assert (await browser.request("DELETE", "/api/session")).status_code == 204
        await until(lambda: stream.ended)


async def test_the_stream_may_not_be_cached_or_buffered(browser: Browser) -> None:
    async with browser.events(1) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        assert stream.headers["x-accel-buffering"] == "no"


async def test_what_another_gateway_wrote_comes_with_the_next_check(
    start: Start, browser: Browser, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "RECHECK_SECONDS", 0.05)
    other = Browser(await start())
    other.http.cookies, other.csrf = browser.http.cookies, browser.csrf
    async with browser.events(1) as stream:
        await stream.next("state")
        assert (await other.say("scritto altrove")).status_code == 202
        assert [message["seq"] for message in await stream.messages(2)] == [2, 3]
        assert (await stream.next("state")).data["step"] == "customer_type"


async def test_a_stream_of_a_replaced_token_ends_with_the_next_check(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "RECHECK_SECONDS", 0.05)
    async with browser.events(1) as stream:
        await stream.next("state")
        await browser.give("verification_code", "123456")
        await browser.say("il nuovo token è arrivato")
        await until(lambda: stream.ended)


async def test_a_stream_of_a_replaced_token_ends_before_the_message_that_came_with_the_next_one(
    browser: Browser,
) -> None:
    async with browser.events(1) as stream:
        await stream.next("state")
        await browser.give("verification_code", "123456", "client-id-1")
        await until(lambda: stream.ended)
        assert [event.name for event in stream.queued() if event.name != "typing"] == ["moved"]
        assert b"client-id-1" not in stream.body


async def test_a_stopping_server_ends_open_streams_at_once(engine: Engine, identity: Identity, url: str) -> None:
    app = build(engine, identity, url)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, timeout_graceful_shutdown=60))
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        await http.post("/api/session", json={}, headers={"Origin": ORIGIN})
        async with http.stream("GET", "/api/events") as response:
            lines = response.aiter_lines()
            assert (await anext(lines)).startswith(("id:", "event:"))
            server.should_exit = True
            began = time.monotonic()
            async for _ in lines:
                pass
            await serving
    assert time.monotonic() - began < 30  # of the sixty seconds that the server would wait
