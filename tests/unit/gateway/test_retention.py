"""Conversations end: what is due is erased by itself, in the engine first, and what is not due stays."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import make_url, select, update

from areaclienti.gateway import retention
from areaclienti.gateway.db.models import Conversation, now
from areaclienti.gateway.engine_client import EngineError
from areaclienti.gateway.retention import Retention, erase
from areaclienti.gateway.session import IDLE_LIMIT
from tests.needs import needs
from tests.unit.gateway.browser import Browser, until
from tests.unit.gateway.conftest import Start, build, running
from tests.unit.gateway.database import change, database_of_server, only_conversation, rows
from tests.unit.gateway.doubles import Engine, Identity

KEPT, UNFINISHED = timedelta(days=30), timedelta(hours=24)
ADDRESS = "ildebrando.zoccolanti@example.com"
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _by_hand(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gateways don't sweep by themselves, so that a test sees what its own sweep did."""

    async def rest(_: Retention) -> None:
        await asyncio.Event().wait()

    if "by_itself" not in request.node.name:
        monkeypatch.setattr(Retention, "run", rest)


def job(app: FastAPI) -> Retention:
    served = app.state.services
    return Retention(served.database, served.engine, served.hub, kept=KEPT, unfinished_kept=UNFINISHED)


def bytes_kept(url: str) -> bytes:
    """Of the ledger's file with its journal."""
    path = Path(str(make_url(url).database))
    return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))


@pytest.fixture
async def chat(browser: Browser, app: FastAPI) -> Browser:
    """A conversation in which the customer wrote his address."""
    await browser.say(ADDRESS)
    await app.state.services.runner.settle()
    return browser


@pytest.mark.parametrize(
    ("step", "owner", "last_active", "closed", "is_due"),
    [
        ("contact", "bot", UNFINISHED + MINUTE, None, True),
        ("contact", "bot", UNFINISHED - MINUTE, None, False),
        ("contact", "bot", UNFINISHED - MINUTE, UNFINISHED - MINUTE, False),
        ("idle", "bot", UNFINISHED + MINUTE, None, True),
        ("contact", "human", UNFINISHED + MINUTE, None, False),
        ("contact", "human", KEPT + IDLE_LIMIT + MINUTE, None, True),
        ("done", "bot", UNFINISHED + MINUTE, None, False),
        ("done", "bot", KEPT + MINUTE, None, False),
        ("done", "bot", KEPT + IDLE_LIMIT - MINUTE, None, False),
        ("done", "bot", KEPT + IDLE_LIMIT + MINUTE, None, True),
        ("done", "bot", KEPT + MINUTE, KEPT - MINUTE, False),
        ("done", "bot", KEPT + 2 * MINUTE, KEPT + MINUTE, True),
        ("handover", "bot", UNFINISHED + MINUTE, None, False),
        ("handover", "queued", KEPT + MINUTE, KEPT + MINUTE, True),
    ],
)
async def test_what_is_due_is_erased_and_nothing_else(
    app: FastAPI,
    chat: Browser,
    url: str,
    step: str,
    owner: str,
    last_active: timedelta,
    closed: timedelta | None,
    is_due: bool,
) -> None:
    closed_at = now() - closed if closed else None
    await change(app, step=step, owner=owner, updated_at=now() - last_active, closed_at=closed_at)
    assert ADDRESS.encode() in bytes_kept(url)
    assert await job(app).sweep() == int(is_due)
    assert (ADDRESS.encode() not in bytes_kept(url)) is is_due


async def test_what_stays_counts_registrations_and_leads_nowhere(
    app: FastAPI, chat: Browser, url: str, engine: Engine
) -> None:
    before = await only_conversation(app)
    await change(app, step="contact", updated_at=now() - UNFINISHED - MINUTE)
    await job(app).sweep()
    assert engine.erased == [before]
    [kept] = await rows(
        url, "SELECT id, channel, step, last_seq, token_hash, rotation_key, csrf, erased_at FROM conversations"
    )
    assert kept[0] != before
    assert kept[1:4] == ("web", "contact", 3)
    assert kept[4:7] == (None, "", "")
    assert kept[7] is not None
    for table in ("messages", "turns", "one_time_links"):
        assert await rows(url, f"SELECT * FROM {table}") == []
    assert before.encode() not in bytes_kept(url)
    assert await job(app).sweep() == 0


async def test_whoever_comes_back_too_late_begins_anew(app: FastAPI, chat: Browser) -> None:
    before = await only_conversation(app)
    await change(app, step="contact", updated_at=now() - UNFINISHED - MINUTE)
    await job(app).sweep()
    refused = await chat.say("eccomi")
    assert (refused.status_code, refused.json()["code"]) == (401, "no_session")
    await chat.open()
    await app.state.services.runner.settle()
    open_now = select(Conversation.id).where(Conversation.closed_at.is_(None))
    [fresh] = await app.state.services.database.read(lambda session: list(session.scalars(open_now)))
    assert fresh != before


async def test_while_the_engine_is_away_nothing_is_erased_in_the_ledger_and_the_next_sweep_does_it(
    app: FastAPI, chat: Browser, url: str, engine: Engine
) -> None:
    await change(app, step="contact", updated_at=now() - UNFINISHED - MINUTE)
    engine.ready = False
    with pytest.raises(EngineError):
        await job(app).sweep()
    assert ADDRESS.encode() in bytes_kept(url)
    engine.ready = True
    assert await job(app).sweep() == 1
    assert ADDRESS.encode() not in bytes_kept(url)


async def test_the_job_goes_on_by_itself_after_failures(
    engine: Engine, url: str, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "PERIOD_SECONDS", 0.02)
    app = await start()
    visitor = Browser(app)
    await visitor.open()
    await visitor.say(ADDRESS)
    await app.state.services.runner.settle()
    engine.ready = False
    await change(app, step="contact", updated_at=now() - UNFINISHED - MINUTE)
    await until(lambda: engine.refused >= 3)
    assert ADDRESS.encode() in bytes_kept(url)
    engine.ready = True
    await until(lambda: ADDRESS.encode() not in bytes_kept(url))
    await visitor.close()


async def test_an_answer_that_comes_after_the_erasing_is_dropped(
    app: FastAPI, chat: Browser, url: str, engine: Engine
) -> None:
    engine.gate = asyncio.Event()
    await chat.say("e questa e la mia domanda")
    await until(lambda: engine.requests == 3)
    [conversation_id] = [await only_conversation(app)]
    served = app.state.services

    def close(session: Any) -> str:
        return retention.close(session, session.get(Conversation, conversation_id))

    await served.database.write(close)
    done = await erase(served.database, served.engine, [conversation_id], rewrite=False)
    assert done.conversations == 1
    engine.gate.set()
    await served.runner.settle()
    assert await rows(url, "SELECT * FROM messages") == []
    assert await rows(url, "SELECT * FROM turns") == []


async def test_two_gateways_sweep_one_database_without_harm(
    start: Start, chat: Browser, app: FastAPI, url: str
) -> None:
    other = await start()
    await change(app, step="contact", updated_at=now() - UNFINISHED - MINUTE)
    counts = await asyncio.gather(*(job(one).sweep() for one in (app, other) for _ in range(3)))
    assert sum(counts) == 1
    assert ADDRESS.encode() not in bytes_kept(url)


async def test_many_conversations_are_erased_and_the_others_left_whole(app: FastAPI, url: str) -> None:
    served = app.state.services
    began = [await served.ledger.begin("web", f"{n:064d}", "csrf", opening=None) for n in range(120)]
    for conversation in began:
        await served.ledger.say(conversation.id, "client-id-0", "text", f"{ADDRESS} {conversation.id}", None)
    old = [conversation.id for conversation in began[::2]]
    long_ago = update(Conversation).where(Conversation.id.in_(old)).values(updated_at=now() - UNFINISHED - MINUTE)
    await served.database.write(lambda session: session.execute(long_ago))
    await served.runner.settle()
    assert await job(app).sweep() == 60
    kept = {row[0] for row in await rows(url, "SELECT conversation_id FROM messages WHERE author = 'customer'")}
    assert kept == {conversation.id for conversation in began[1::2]}


async def test_without_rewriting_sqlite_would_keep_copies_of_what_was_deleted(tmp_path: Path) -> None:
    """The reason why files are rewritten: a fact about SQLite that this product relies on having dealt with."""
    from areaclienti.sqlite_files import forget_deleted

    left = []
    for seed in range(4):
        path = tmp_path / f"{seed}.db"
        marks = _fill_and_delete(path, seed)
        assert forget_deleted(path, rewrite=False)
        left.append(sum(mark in path.read_bytes() for mark in marks))
        assert forget_deleted(path, rewrite=True)
        assert not any(mark in path.read_bytes() for mark in marks)
        assert (
            path.with_name(f"{path.name}-wal").stat().st_size == 0
            if path.with_name(f"{path.name}-wal").exists()
            else True
        )
    assert sum(left) > 0


def _fill_and_delete(path: Path, seed: int) -> list[bytes]:
    """A table with an index whose pages were split often; gives what was deleted from it."""
    import random

    chance = random.Random(seed)
    marks = []
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, key TEXT)")
        connection.execute("CREATE INDEX by_key ON people (key)")
        connection.execute("BEGIN")
        for number in range(20_000):
            key = f"{chance.getrandbits(40):010x}@posta.example"
            if chance.random() < 0.02:
                marks.append(key)
            connection.execute("INSERT INTO people (key) VALUES (?)", (key,))
            if chance.random() < 0.1:
                connection.execute("DELETE FROM people WHERE id = ?", (chance.randint(1, number + 1),))
        for key in marks:
            connection.execute("DELETE FROM people WHERE key = ?", (key,))
        connection.execute("COMMIT")
    return [key.encode() for key in marks]


async def test_on_a_database_server_two_gateways_erase_what_is_due_once(engine: Engine, identity: Identity) -> None:
    async with (
        database_of_server(needs("postgres")) as server_url,
        running(build(engine, identity, server_url)) as app,
        running(build(engine, identity, server_url)) as other,
    ):
        served = app.state.services
        began = [await served.ledger.begin("web", f"{n:064d}", "csrf", opening=None) for n in range(60)]
        for conversation in began:
            await served.ledger.say(conversation.id, "client-id-0", "text", ADDRESS, None)
        await served.runner.settle()
        old = [conversation.id for conversation in began[:55]]
        long_ago = update(Conversation).where(Conversation.id.in_(old)).values(updated_at=now() - UNFINISHED - MINUTE)
        await served.database.write(lambda session: session.execute(long_ago))
        counts = await asyncio.gather(*(job(one).sweep() for one in (app, other)))
        assert sum(counts) == 55
        kept = await rows(server_url, "SELECT DISTINCT conversation_id FROM messages")
        assert {row[0] for row in kept} == {conversation.id for conversation in began[55:]}
        assert await rows(server_url, "SELECT count(*) FROM conversations WHERE erased_at IS NOT NULL") == [(55,)]
