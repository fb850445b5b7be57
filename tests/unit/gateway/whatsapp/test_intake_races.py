"""The same delivery many times, at once, in another order, with a death in between: one row, one line, one turn."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select

from areaclienti.gateway.channels.whatsapp import processing
from areaclienti.gateway.channels.whatsapp.into_ledger import bring_in
from areaclienti.gateway.db.database import Database, open_database
from areaclienti.gateway.db.migrate import upgrade
from areaclienti.gateway.db.models import now
from areaclienti.gateway.ledger import Ledger
from tests.needs import needs
from tests.unit.gateway.browser import until
from tests.unit.gateway.conftest import Start, build, running
from tests.unit.gateway.database import database_of_server, rows
from tests.unit.gateway.doubles import Engine, Identity
from tests.unit.gateway.whatsapp import meta as m
from tests.unit.gateway.whatsapp.meta import Meta

ROOT = Path(__file__).resolve().parents[4]
EVENTS = "SELECT state, count(*) FROM whatsapp_inbound GROUP BY state"
LINES = "SELECT author, text FROM messages ORDER BY seq"


@pytest.fixture(params=["sqlite", "postgres"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """An empty database of each kind that the gateway runs on."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'gateway.db'}"
        return
    async with database_of_server(needs("postgres")) as server_url:
        yield server_url


async def test_fifty_deliveries_at_once_are_one_row_one_line_and_one_turn(meta: Meta, engine: Engine, url: str) -> None:
    payload = m.of(m.text("ciao"))
    answers = await asyncio.gather(*(meta.deliver(payload) for _ in range(50)))
    await meta.settle()
    assert {(answer.status_code, answer.text) for answer in answers} == {(200, "{}")}
    assert await rows(url, EVENTS) == [("done", 1)]
    assert await rows(url, LINES) == [("customer", "ciao"), ("bot", "[1] ciao")]
    assert [turn.text for turn in engine.turns] == ["ciao"]


async def test_a_check_before_the_insert_lets_doubles_in(url: str) -> None:
    """The control: what the unique index is for."""
    table = Table(
        "checked_first", MetaData(), Column("id", Integer, primary_key=True), Column("message_id", String(64))
    )
    await asyncio.to_thread(upgrade, url)
    database = open_database(url)
    await database.write(lambda session: table.create(session.connection()))

    looking, all_looked = 0, asyncio.Event()

    async def take(database: Database, message_id: str) -> None:
        nonlocal looking
        query = select(table.c.id).where(table.c.message_id == message_id)
        known = await database.read(lambda session: session.execute(query).first())
        looking += 1
        if looking == 2:  # the race isn't left to luck: the first to look waits until another one has looked
            all_looked.set()
        await all_looked.wait()
        if known is None:
            await database.write(lambda session: session.execute(insert(table).values(message_id=message_id)))

    await asyncio.gather(*(take(database, "wamid.x") for _ in range(50)))
    count = await database.read(lambda session: len(session.execute(select(table)).all()))
    await database.close()
    assert count > 1


async def test_batches_in_any_order_and_again_later_change_nothing(meta: Meta, engine: Engine, url: str) -> None:
    chance = random.Random(11)
    messages = [m.text(f"messaggio {number}", at=1_780_000_000 + number) for number in range(6)]
    statuses = [m.status(f"wamid.{number}", state) for number in range(3) for state in ("sent", "delivered", "read")]
    payloads = []
    for _ in range(20):
        chance.shuffle(messages)
        chance.shuffle(statuses)
        payloads.append(m.payload(m.change(messages[:3], statuses[:5]), m.change(messages[3:], statuses[5:])))
    answers = await asyncio.gather(*(meta.deliver(payload) for payload in payloads))
    await meta.settle()
    late = await meta.deliver(payloads[0])
    await meta.settle()
    assert {answer.status_code for answer in [*answers, late]} == {200}
    assert await rows(url, EVENTS) == [("done", 6 + 9)]
    assert [turn.text for turn in engine.turns] == [f"messaggio {number}" for number in range(6)]


async def test_two_gateways_take_the_same_delivery_once(start: Start, engine: Engine, url: str) -> None:
    first, second = Meta(await start(**m.SETTINGS)), Meta(await start(**m.SETTINGS))
    payload = m.of(m.text("ciao"), m.text("sono Mario Rossi", at=1_780_000_005))
    await asyncio.gather(*(each.deliver(payload) for _ in range(10) for each in (first, second)))
    await first.settle()
    await second.settle()
    assert await rows(url, EVENTS) == [("done", 2)]
    assert [turn.text for turn in engine.turns] == ["ciao", "sono Mario Rossi"]
    assert await rows(url, "SELECT count(*) FROM conversations") == [(1,)]
    await first.close()
    await second.close()


class _Died(BaseException):
    """The process ends here."""


def _dying(function: Callable[..., Any], *, after: bool) -> Callable[..., Any]:
    """The function, after or before which the process dies the first time that it is called."""
    deaths = iter([True])

    async def die(*args: Any, **kwargs: Any) -> Any:
        if not next(deaths, False):
            return await function(*args, **kwargs)
        if after:
            await function(*args, **kwargs)
        raise _Died

    return die


@pytest.mark.parametrize("sent", ["a text", "a code"])
@pytest.mark.parametrize(
    "step", ["before_the_look_up", "before_the_line", "after_the_vault", "after_the_line", "before_it_is_done"]
)
async def test_a_death_at_any_step_leaves_exactly_one_turn(
    engine: Engine, identity: Identity, url: str, monkeypatch: pytest.MonkeyPatch, step: str, sent: str
) -> None:
    text = {"a text": "sono Mario Rossi", "a code": "482913"}[sent]
    engine.expect("verification_code", "code")
    first = build(engine, identity, url, **m.SETTINGS)
    async with running(first):
        meta = Meta(first)
        await meta.say(m.text("ciao"))
        served = first.state.services
        with monkeypatch.context() as dying:
            if step == "before_the_look_up":
                dying.setattr(processing, "bring_in", _dying(bring_in, after=False))
            elif step == "before_the_line":
                dying.setattr(Ledger, "say", _dying(served.ledger.say, after=False))
            elif step == "after_the_vault":
                dying.setattr(served.identity, "deposit", _dying(served.identity.deposit, after=True))
            elif step == "after_the_line":
                dying.setattr(processing, "bring_in", _dying(bring_in, after=True))
            else:
                done = processing._finish

                def die(*args: Any) -> None:
                    done(*args)
                    raise _Died  # inside the transaction, so that nothing of it is kept

                dying.setattr(processing, "_finish", die)
            assert (await meta.deliver(m.of(m.text(text, at=1_780_000_009)))).status_code == 200
            workers = list(first.state.whatsapp.processing._workers.values())
            ended = await asyncio.gather(*workers, return_exceptions=True)
        if not (step == "after_the_vault" and sent == "a text"):  # nothing goes to the vault then
            assert [type(one) for one in ended] == [_Died]
            assert await rows(url, "SELECT count(*) FROM whatsapp_inbound WHERE state = 'pending'") == [(1,)]
    second = build(engine, identity, url, **m.SETTINGS)
    async with running(second):
        meta = Meta(second)
        await until(lambda: len(engine.turns) == 2)
        await meta.settle()
        await meta.deliver(m.of(m.text("ciao")))
        await meta.settle()
    assert len(engine.turns) == 3
    lines = [kind for (kind,) in await rows(url, "SELECT kind FROM messages WHERE author = 'customer' ORDER BY seq")]
    assert lines == ["text", "text" if sent == "a text" else "secret", "text"]
    assert engine.turns[1].text == text if sent == "a text" else engine.turns[1].intent == "give_secret"
    assert await rows(url, EVENTS) == [("done", 3)]


_GATEWAY_THAT_TAKES_IN = """
import asyncio, json, sys
from tests.unit.gateway.conftest import build, running
from tests.unit.gateway.doubles import Engine, Identity
from tests.unit.gateway.whatsapp import meta as m

async def main():
    app = build(Engine(), Identity(), sys.argv[1], **(m.SETTINGS | {"whatsapp_intake_key": sys.argv[2]}))
    async with running(app):
        app.state.whatsapp.processing._slots = asyncio.Semaphore(0)
        for line in sys.stdin:
            answer = await m.Meta(app).deliver(json.loads(line))
            print(answer.status_code, flush=True)

asyncio.run(main())
"""


async def test_what_was_acknowledged_survives_a_kill(engine: Engine, identity: Identity, url: str) -> None:
    payloads = [m.of(m.text(f"messaggio {number}", at=1_780_000_000 + number)) for number in range(3)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _GATEWAY_THAT_TAKES_IN, url, m.INTAKE_KEY, cwd=ROOT,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    for payload in payloads:
        process.stdin.write(json.dumps(payload).encode() + b"\n")
        assert (await process.stdout.readline()).strip() == b"200"
    process.send_signal(signal.SIGKILL)
    await process.wait()
    assert await rows(url, EVENTS) == [("pending", 3)]
    app = build(engine, identity, url, **m.SETTINGS)
    async with running(app):
        meta = Meta(app)
        await until(lambda: len(engine.turns) == 3)
        for payload in payloads:  # Meta may not have seen the answers
            await meta.deliver(payload)
        await meta.settle()
    assert [turn.text for turn in engine.turns] == ["messaggio 0", "messaggio 1", "messaggio 2"]
    assert await rows(url, EVENTS) == [("done", 3)]


async def test_what_another_gateway_left_behind_is_taken_up(app: FastAPI, meta: Meta, engine: Engine, url: str) -> None:
    app.state.whatsapp.processing.wake_for = lambda events: None  # as if that process had died here
    await meta.deliver(m.of(m.text("ciao")))
    await meta.settle()
    assert engine.turns == []
    await app.state.whatsapp.processing.take_up(now())
    await meta.settle()
    assert [turn.text for turn in engine.turns] == ["ciao"]


async def test_nothing_readable_waits_on_the_disk(app: FastAPI, meta: Meta, url: str, tmp_path: Path) -> None:
    app.state.whatsapp.processing.wake_for = lambda events: None
    secret = "Tramonto-Verde7"
    await meta.deliver(m.of(m.text(f"la password è {secret}")))
    ((sealed,),) = await rows(url, "SELECT sealed FROM whatsapp_inbound")
    assert secret.encode() not in bytes(sealed)
    kept = await asyncio.to_thread(lambda: b"".join(file.read_bytes() for file in tmp_path.glob("gateway.db*")))
    assert secret.encode() not in kept
