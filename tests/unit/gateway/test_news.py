"""What one gateway writes is shown at once by the streams of another one on the same database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from areaclienti.gateway import news
from areaclienti.gateway.channels import stream as stream_module
from areaclienti.gateway.db.database import open_database
from areaclienti.gateway.hub import Hub
from tests.needs import needs
from tests.unit.gateway.browser import Browser, until
from tests.unit.gateway.conftest import build, running
from tests.unit.gateway.database import database_file, database_of_server
from tests.unit.gateway.doubles import Engine, Identity


@pytest.fixture(params=["sqlite", "postgres"])
async def shared(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """A migrated database of each kind, or of the kind that a test names."""
    if request.param == "sqlite":
        yield await asyncio.to_thread(database_file, tmp_path)
        return
    async with database_of_server(needs("postgres")) as url:
        yield url


@pytest.fixture
async def gateways(
    shared: str, engine: Engine, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[list[FastAPI]]:
    """Two of them that hear each other, and whose streams never look by themselves."""
    monkeypatch.setattr(stream_module, "RECHECK_SECONDS", 3600)
    async with AsyncExitStack() as stack:
        started = [await stack.enter_async_context(running(build(engine, identity, shared))) for _ in range(2)]
        if shared.startswith("postgres"):
            await hear_each_other([one.state.services.hub for one in started])
        yield started


async def hear_each_other(hubs: list[Hub]) -> None:
    heard: list[set[str]] = [set(), set()]
    for hub, by in zip(hubs, heard, strict=True):
        hub.ring(by.add)

    def both() -> bool:
        for number, hub in enumerate(hubs):
            hub.ledger_grew(f"from-{number}")
        return "from-1" in heard[0] and "from-0" in heard[1]

    await until(both)


async def test_a_stream_shows_what_was_said_through_another_gateway(gateways: list[FastAPI]) -> None:
    here, there = Browser(gateways[0]), Browser(gateways[1])
    await here.open()
    await gateways[0].state.services.runner.settle()
    there.http.cookies, there.csrf = here.http.cookies, here.csrf
    async with here.events(1) as stream:
        await stream.next("state")
        assert (await there.say("scritto altrove")).status_code == 202
        assert [message["seq"] for message in await stream.messages(2)] == [2, 3]
    await here.close()
    await there.close()


@pytest.mark.parametrize("shared", ["postgres"], indirect=True)
async def test_a_connection_that_broke_is_made_anew_and_every_stream_looks(
    gateways: list[FastAPI], shared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "RECONNECT_SECONDS", 0.05)
    hub = gateways[0].state.services.hub
    with hub.subscribe("somebody") as subscription:
        subscription.notice(typing=False)
        await subscription.wait(60)
        engine = create_async_engine(shared)
        async with engine.begin() as connection:
            of_news = "datname = current_database() AND application_name = :name"
            end = text(f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {of_news}")
            ended = await connection.scalar(end, {"name": news.APPLICATION_NAME})
        await engine.dispose()
        assert ended == 2
        async with asyncio.timeout(60):
            while not (await subscription.wait(60)).ledger:
                pass


async def test_what_this_process_writes_alone_is_no_news_from_elsewhere(tmp_path: Path) -> None:
    url = await asyncio.to_thread(database_file, tmp_path)
    database, other = open_database(url), open_database(url)
    await database.written_elsewhere()
    for _ in range(3):
        await database.write(lambda session: session.execute(text("CREATE TABLE IF NOT EXISTS passing (id INTEGER)")))
        await database.write(lambda session: session.execute(text("INSERT INTO passing VALUES (1)")))
        await database.read(lambda session: session.execute(text("SELECT * FROM passing")).all())
        assert not await database.written_elsewhere()
        await other.write(lambda session: session.execute(text("INSERT INTO passing VALUES (2)")))
        assert await database.written_elsewhere()
        assert not await database.written_elsewhere()
    await database.close()
    await other.close()


@pytest.mark.parametrize("shared", ["postgres"], indirect=True)
async def test_many_at_once_are_told_in_notifications_that_postgresql_takes(gateways: list[FastAPI]) -> None:
    ids = [f"{number:032x}" for number in range(1_000)]
    hubs: list[Hub] = [one.state.services.hub for one in gateways]
    heard: set[str] = set()
    hubs[1].ring(heard.add)
    for one in ids:
        hubs[0].ledger_grew(one)
    await until(lambda: heard >= set(ids))
