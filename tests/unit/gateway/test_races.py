"""What happens at once, and what happens when the process dies in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi import FastAPI

from tests.needs import needs
from tests.unit.gateway.browser import Browser, until
from tests.unit.gateway.conftest import Start, build, running
from tests.unit.gateway.database import database_file, database_of_server, rows
from tests.unit.gateway.doubles import Engine, Identity


@pytest.fixture(params=["sqlite", "postgres"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """An empty database of each kind that the gateway runs on."""
    if request.param == "sqlite":
        yield await asyncio.to_thread(database_file, tmp_path)
        return
    async with database_of_server(needs("postgres")) as server_url:
        yield server_url


async def test_twenty_posts_of_one_client_id_make_one_message_and_one_turn(
    browser: Browser, app: FastAPI, engine: Engine, url: str
) -> None:
    answers = await asyncio.gather(*(browser.say("ciao", "client-id-1") for _ in range(20)))
    await app.state.services.runner.settle()
    assert {answer.status_code for answer in answers} == {202}
    assert {answer.json()["seq"] for answer in answers} == {2}
    assert await rows(url, "SELECT count(*) FROM messages WHERE author = 'customer'") == [(1,)]
    assert [turn.text for turn in engine.turns].count("ciao") == 1


async def test_twenty_posts_of_one_secret_deposit_it_once(
    browser: Browser, app: FastAPI, engine: Engine, identity: Identity
) -> None:
    answers = await asyncio.gather(*(browser.give("password", "Tramonto-Verde7", "client-id-1") for _ in range(20)))
    await app.state.services.runner.settle()
    assert {answer.json()["seq"] for answer in answers} == {2}
    assert len(identity.deposits) == 1
    assert [turn.intent for turn in engine.turns] == ["open_chat", "give_secret"]


async def test_two_presses_of_two_buttons_choose_one(browser: Browser, app: FastAPI, engine: Engine) -> None:
    choices = [{"title": name, "intent": "give", "entities": {}} for name in ("Persona", "Azienda")]
    engine.expect("customer_type", "choice", choices)
    async with browser.events(1) as stream:
        await browser.say("ciao")
        offered = (await stream.bot_message())["choices"]
    answers = await asyncio.gather(*(browser.choose(offered[n % 2]["id"]) for n in range(10)))
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 9


async def test_fifty_messages_at_once_run_one_by_one_with_unbroken_seqs(
    browser: Browser, app: FastAPI, engine: Engine, url: str
) -> None:
    engine.delay = 0.002
    answers = await asyncio.gather(*(browser.say(f"messaggio {n}") for n in range(50)))
    await app.state.services.runner.settle()
    assert engine.overlapping == 0
    assert len({answer.json()["seq"] for answer in answers}) == 50
    assert [seq for (seq,) in await rows(url, "SELECT seq FROM messages ORDER BY seq")] == list(range(1, 102))
    asked = [text for (text,) in await rows(url, "SELECT text FROM messages WHERE author = 'customer' ORDER BY seq")]
    assert [turn.text for turn in engine.turns[1:]] == asked, "in the order in which they were taken in"


async def test_one_conversation_does_not_wait_for_another(app: FastAPI, engine: Engine) -> None:
    slow, quick = Browser(app), Browser(app)
    await slow.open()
    await app.state.services.runner.settle()
    engine.gate = asyncio.Event()
    await slow.say("lento")
    await until(lambda: engine.requests == 2)
    engine.gate, held = None, engine.gate
    await quick.open()
    async with quick.events() as stream:
        assert (await stream.bot_message())["text"] == "[2] open_chat"
    held.set()


async def test_a_turn_left_by_a_killed_process_is_answered_once(engine: Engine, identity: Identity, url: str) -> None:
    engine.gate = asyncio.Event()
    first = build(engine, identity, url)
    async with running(first):
        browser = Browser(first)
        await browser.open()
        assert (await browser.say("sono Mario Rossi")).status_code == 202
        await until(lambda: engine.requests == 1)
    # stopped with the opening in flight and the message waiting: nothing is answered yet
    assert await rows(url, "SELECT author FROM messages") == [("customer",)]
    engine.gate = None
    second = build(engine, identity, url)
    async with running(second):
        await second.state.services.runner.settle()
    assert [turn.intent or turn.text for turn in engine.turns] == ["open_chat", "sono Mario Rossi"]
    assert await rows(url, "SELECT seq, author FROM messages ORDER BY seq") == [(1, "customer"), (2, "bot"), (3, "bot")]
    third = build(engine, identity, url)
    async with running(third):
        await third.state.services.runner.settle()
    assert await rows(url, "SELECT count(*) FROM messages") == [(3,)]


async def test_an_answer_that_the_engine_gave_to_a_killed_process_is_not_given_twice(
    engine: Engine, identity: Identity, url: str
) -> None:
    engine.failures = ["answer_lost"]  # processed there, lost on the way
    first = build(engine, identity, url)
    async with running(first):
        await Browser(first).open()
        await until(lambda: bool(engine.turns))
    second = build(engine, identity, url)
    async with running(second):
        await second.state.services.runner.settle()
    assert len(engine.turns) == 1
    assert await rows(url, "SELECT text FROM messages") == [("[1] open_chat",)]


async def test_two_gateways_on_one_database_write_one_answer(start: Start, engine: Engine, url: str) -> None:
    one = await start()
    browser = Browser(one)
    engine.gate = asyncio.Event()
    await browser.open()
    two = await start()  # takes up the turn that is in flight at the first
    await until(lambda: engine.requests == 2)
    engine.gate.set()
    await asyncio.gather(one.state.services.runner.settle(), two.state.services.runner.settle())
    assert engine.requests == 2
    assert await rows(url, "SELECT count(*) FROM messages") == [(1,)]


async def test_many_conversations_at_once_keep_their_turns_apart(app: FastAPI, engine: Engine, url: str) -> None:
    visitors = [Browser(app) for _ in range(20)]
    await asyncio.gather(*(visitor.open() for visitor in visitors))
    await asyncio.gather(*(visitor.say(f"{n}", str(uuid4())) for visitor in visitors for n in range(3)))
    await app.state.services.runner.settle()
    assert engine.overlapping == 0
    assert await rows(url, "SELECT count(*) FROM messages") == [(20 + 20 * 3 * 2,)]
    assert await rows(url, "SELECT max(last_seq), min(last_seq) FROM conversations") == [(7, 7)]
