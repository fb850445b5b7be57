"""A sender that is killed at any step loses nothing, and doubles only what it could not know to be taken."""

# ruff: noqa: ASYNC110, ASYNC240 (it waits for other processes and their files)
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
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from areaclienti.gateway.channels.whatsapp import outbox
from areaclienti.gateway.channels.whatsapp.statuses import Status
from areaclienti.gateway.db.database import Database, open_database
from areaclienti.gateway.db.models import now
from areaclienti.supervisor.embedded import free_ports
from tests.unit.gateway.whatsapp.ledger import RENDERING, is_all_sent, person, speak
from tests.unit.gateway.whatsapp.sender_process import NAIVE, STEPS

# Where the message was taken and the sender died before that was written down.
UNKNOWN_TO_SENDER = ("taken, not answered", "answered, not recorded", "recorded, not committed")


class Graph:
    """Takes every message; may hold its answer back."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.holds: Path | None = None
        self.app = Starlette(routes=[Route("/{number}/messages", self._messages, methods=["POST"])])

    async def _messages(self, request: Request) -> JSONResponse:
        self.taken.append(await request.json())
        if self.holds is not None:
            self.holds.touch()
            await asyncio.sleep(1)  # the sender is killed meanwhile
        return JSONResponse({"messages": [{"id": f"wamid.{len(self.taken)}"}]})

    @property
    def said(self) -> list[str]:
        """In order, copies included."""
        return [message["text"]["body"] for message in self.taken]


@asynccontextmanager
async def listening(graph: Graph) -> AsyncIterator[str]:
    """The Graph API on a port; gives its address."""
    (port,) = free_ports(1)
    server = uvicorn.Server(uvicorn.Config(graph.app, "127.0.0.1", port, log_config=None, timeout_graceful_shutdown=0))
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
    """A process that forks senders."""
    command = [sys.executable, "-m", "tests.unit.gateway.whatsapp.sender_process"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield process
    process.communicate()  # closes its input, which ends it


class Senders:
    """Starts senders on a database and kills them."""

    def __init__(self, helper: subprocess.Popen[str], url: str, graph: str) -> None:
        self._helper = helper
        self._given = {"database": url, "graph": graph}

    def start(self, step: str | None = None, marker: Path | None = None) -> int:
        assert self._helper.stdin is not None and self._helper.stdout is not None
        self._helper.stdin.write(json.dumps(self._given | {"step": step, "marker": str(marker)}) + "\n")
        self._helper.stdin.flush()
        return int(self._helper.stdout.readline())

    async def kill(self, process: int) -> None:
        os.kill(process, signal.SIGKILL)
        with suppress(ProcessLookupError):
            while True:
                os.kill(process, 0)
                await asyncio.sleep(0.01)


async def reached(marker: Path) -> None:
    async with asyncio.timeout(60):
        while not marker.exists():
            await asyncio.sleep(0.02)
    marker.unlink()


async def all_sent(database: Database) -> None:
    async with asyncio.timeout(60):
        while not await is_all_sent(database):
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("statuses_come", [False, True])
async def test_killed_at_every_step(
    helper: subprocess.Popen[str], url: str, tmp_path: Path, statuses_come: bool
) -> None:
    database, graph, marker = open_database(url), Graph(), tmp_path / "reached"
    async with listening(graph) as address:
        senders = Senders(helper, url, address)
        conversation_id = await person(database, "IT.1", "393331234567")
        for step in STEPS:
            await speak(database, conversation_id, step)
            graph.holds = marker if step == "taken, not answered" else None
            process = senders.start(step, marker)
            await reached(marker)
            await senders.kill(process)
            if statuses_come and step in UNKNOWN_TO_SENDER:
                await _tell(database, graph.taken[-1]["biz_opaque_callback_data"])
            graph.holds = None
            process = senders.start()
            await all_sent(database)
            await senders.kill(process)
    await database.close()
    firsts = list(dict.fromkeys(graph.said))
    assert firsts == list(STEPS), "nothing is lost, all comes in order"
    doubled = {said for said in firsts if graph.said.count(said) > 1}
    assert doubled == (set() if statuses_come else set(UNKNOWN_TO_SENDER))


async def test_the_control_loses_a_message(helper: subprocess.Popen[str], url: str, tmp_path: Path) -> None:
    database, graph, marker = open_database(url), Graph(), tmp_path / "reached"
    async with listening(graph) as address:
        senders = Senders(helper, url, address)
        conversation_id = await person(database, "IT.1", "393331234567")
        await speak(database, conversation_id, "lost")
        process = senders.start(NAIVE, marker)
        await reached(marker)
        await senders.kill(process)
        await speak(database, conversation_id, "later")
        process = senders.start()
        await all_sent(database)
        await senders.kill(process)
    await database.close()
    assert graph.said == ["later"]


async def _tell(database: Database, callback_data: str) -> None:
    """What Meta's webhook says of the message."""
    status = Status("wamid.proof", "sent", now(), None, callback_data)
    await database.write(lambda session: outbox.note_status(session, status, RENDERING, {}))
