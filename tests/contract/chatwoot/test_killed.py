"""A gateway that is killed at any step loses and doubles nothing, either way, against a list of the test's own."""

# ruff: noqa: ASYNC110 (it waits for other processes and their files)
from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import uvicorn
from sqlalchemy import select
from sqlalchemy.orm import Session

from areaclienti.gateway.db.chatwoot import ChatwootLink, ChatwootMessage
from areaclienti.gateway.db.database import open_database
from areaclienti.gateway.db.models import Conversation
from areaclienti.supervisor.embedded import free_ports
from tests.contract.chatwoot.adapter_process import INWARD, NAIVE, OUTWARD
from tests.contract.chatwoot.standin import Chatwoot
from tests.unit.desk.world import World


@asynccontextmanager
async def listening(chatwoot: Chatwoot) -> AsyncIterator[str]:
    """Chatwoot on a port; gives its address."""
    (port,) = free_ports(1)
    config = uvicorn.Config(chatwoot.app, "127.0.0.1", port, log_config=None, timeout_graceful_shutdown=0)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


@pytest.fixture(scope="module")
def helper() -> Iterator[subprocess.Popen[str]]:
    """A process that forks adapters."""
    command = [sys.executable, "-m", "tests.contract.chatwoot.adapter_process"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield process
    process.communicate()  # closes its input, which ends it


class Adapters:
    """Starts adapters and kills them, and knows when there is nothing left to do for one."""

    def __init__(self, helper: subprocess.Popen[str], url: str, chatwoot: str, world: World, marker: Path) -> None:
        self._helper = helper
        self._given = {"database": url, "chatwoot": chatwoot, "marker": str(marker)}
        self._world = world
        self._marker = marker

    async def killed_at(self, step: str) -> None:
        """One that comes to the step and dies there."""
        process = self._start(step)
        async with asyncio.timeout(60):
            while not self._marker.exists():
                await asyncio.sleep(0.02)
        self._marker.unlink()
        await self._kill(process)

    async def until_done(self, conversation_id: str, written: int) -> None:
        """One that does all that there is to do."""
        process = self._start(None)
        async with asyncio.timeout(60):
            while not await self._world.read(lambda session: _is_done(session, conversation_id, written)):
                await asyncio.sleep(0.05)
        await self._kill(process)

    def _start(self, step: str | None) -> int:
        assert self._helper.stdin is not None and self._helper.stdout is not None
        self._helper.stdin.write(json.dumps(self._given | {"step": step}) + "\n")
        self._helper.stdin.flush()
        return int(self._helper.stdout.readline())

    async def _kill(self, process: int) -> None:
        os.kill(process, signal.SIGKILL)
        with suppress(ProcessLookupError):
            while True:
                os.kill(process, 0)
                await asyncio.sleep(0.01)


def _is_done(session: Session, conversation_id: str, written: int) -> bool:
    link = session.get(ChatwootLink, conversation_id)
    conversation = session.get_one(Conversation, conversation_id)
    finished = session.scalars(select(ChatwootMessage.id).where(ChatwootMessage.state == "done")).all()
    if link is None or link.sent_seq < conversation.last_seq or len(finished) < written:
        return False
    return link.announced_handover_id is not None and link.posting is None


async def waiting(world: World) -> str:
    """A conversation that waits for a person."""
    conversation_id = await world.conversation()
    await world.ask_for_person(conversation_id)
    await world.place((await world.handover_of(conversation_id)).id)
    return conversation_id


async def test_killed_at_every_step(
    helper: subprocess.Popen[str], url: str, tmp_path: Path, chatwoot: Chatwoot
) -> None:
    marker, database = tmp_path / "reached", open_database(url)
    world = World(database)
    said: list[str] = []
    written: list[str] = []
    async with listening(chatwoot) as address:
        adapters = Adapters(helper, url, address, world, marker)
        conversation_id = await waiting(world)
        for step in (*OUTWARD, *INWARD):
            if step in OUTWARD or not chatwoot.conversations:
                said.append(f"cliente: {step}")
                await world.ledger.say(conversation_id, f"c-{len(said)}", "text", said[-1], None)
            else:
                written.append(f"operatore: {step}")
                chatwoot.writes(11, written[-1])
            chatwoot.holds = marker if step == "taken, not answered" else None
            await adapters.killed_at(step)
            await adapters.until_done(conversation_id, len(written))
        assert chatwoot.said("incoming") == said
        assert [one.text for one in await world.messages(conversation_id) if one.author == "agent"] == written
        assert len(chatwoot.said("outgoing", private=True)) == 1, "one summary"
        assert len(chatwoot.contacts) == len(chatwoot.conversations) == 1
        notices = [one.text for one in await world.messages(conversation_id) if one.author == "system"]
        assert [text for text in chatwoot.said("outgoing") if text not in written] == [
            text if number else f"{text}\n\nScelte: Torna all'assistente" for number, text in enumerate(notices)
        ]
    await database.close()


async def test_the_control_loses_what_was_said(
    helper: subprocess.Popen[str], url: str, tmp_path: Path, chatwoot: Chatwoot
) -> None:
    database = open_database(url)
    world = World(database)
    async with listening(chatwoot) as address:
        adapters = Adapters(helper, url, address, world, tmp_path / "reached")
        conversation_id = await waiting(world)
        await world.ledger.say(conversation_id, "c-1", "text", "lost", None)
        await adapters.killed_at(NAIVE)
        await world.ledger.say(conversation_id, "c-2", "text", "later", None)
        await adapters.until_done(conversation_id, 0)
        assert chatwoot.said("incoming") == ["later"]
    await database.close()
