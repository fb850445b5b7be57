"""Several gateways on one database: each message is sent once, each person's in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from areaclienti.gateway.channels.whatsapp import outbox, sending
from areaclienti.gateway.channels.whatsapp.graph import GraphClient
from areaclienti.gateway.channels.whatsapp.outbound_texts import load_outbound_texts
from areaclienti.gateway.channels.whatsapp.sending import Sending
from areaclienti.gateway.db.database import Database, open_database
from areaclienti.gateway.db.migrate import upgrade
from tests.unit.gateway.database import database_of_server
from tests.unit.gateway.whatsapp.graph import Graph
from tests.unit.gateway.whatsapp.ledger import RENDERING, is_all_sent, person, speak

PEOPLE, TURNS, GATEWAYS = 4, 4, 3


@pytest.fixture(params=["sqlite", "postgresql"])
async def race_url(request: pytest.FixtureRequest, url: str) -> AsyncIterator[str]:
    if request.param == "sqlite":
        yield url
        return
    async with database_of_server(request.getfixturevalue("postgres_url")) as server_url:
        await asyncio.to_thread(upgrade, server_url)
        yield server_url


async def race(url: str, graph: Graph) -> list[tuple[str, str]]:
    """Several senders at once, woken by everything; gives who was told what, in order."""
    several = GATEWAYS if url.startswith("postgresql") else 1  # an embedded file has one gateway
    databases = [open_database(url) for _ in range(several)]
    outgoing = [_sending(databases[number % several], graph) for number in range(GATEWAYS)]
    conversations = [await person(databases[0], f"IT.{number}", f"39333000000{number}") for number in range(PEOPLE)]
    for turn in range(TURNS):
        for conversation_id in conversations:
            await speak(databases[0], conversation_id, f"turn {turn}")
            for one in outgoing:
                one.wake(conversation_id)
        await asyncio.sleep(0.02)
    async with asyncio.timeout(30):
        while not await is_all_sent(databases[0]):
            for one in outgoing:
                for conversation_id in conversations:
                    one.wake(conversation_id)
            await asyncio.sleep(0.1)
    for one in outgoing:
        await one.settle()
        await one.stop()
    for database in databases:
        await database.close()
    return [(message["to"], message["text"]["body"]) for message in graph.taken]


def _sending(database: Database, graph: Graph) -> Sending:
    client = GraphClient("http://graph/v23.0", "100000000000001", "access-token-for-tests", graph.transport)
    return Sending(database, client, RENDERING, load_outbound_texts())


def _everything(told: list[tuple[str, str]], number: int) -> str:
    return "\n\n".join(body for to, body in told if to == f"39333000000{number}")


async def test_each_message_is_sent_once_and_in_order(race_url: str, graph: Graph) -> None:
    told = await race(race_url, graph)
    expected = "\n\n".join(f"turn {turn}" for turn in range(TURNS))
    assert [_everything(told, number) for number in range(PEOPLE)] == [expected] * PEOPLE
    assert set(graph.copies.values()) == {1}


async def test_the_control_sends_messages_twice(race_url: str, graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "claim", _looking_only(outbox.claim))
    monkeypatch.setattr(sending, "RESUME_SECONDS", 0.1)
    await race(race_url, graph)
    assert max(graph.copies.values()) > 1


def _looking_only(claim: Callable[..., Any]) -> Callable[..., Any]:
    """Check, then send: the lease is forgotten again at once."""

    def looking(session: Session, conversation_id: str) -> Any:
        claimed = claim(session, conversation_id)
        if isinstance(claimed, outbox.Claimed):
            outbox.put_back(session, claimed, sending.now(), None)
        return claimed

    return looking
