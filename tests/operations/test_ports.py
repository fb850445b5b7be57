"""The whole product over the insurer's systems: a registration in the chat, and what is read while they are away."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from areaclienti.identity.db.engine import Database
from areaclienti.supervisor.free_ports import free_ports
from tests.scenarios.web_channel import WebChannel
from tests.stack import Stack, running_stack
from tests.unit.identity.world import MARIO, PASSWORD, a_registry

KEY = "key-of-the-insurer"
PORTS = ("registry", "challenges", "accounts")


class StandIn:
    """The stand-in as a process of its own, on a port that stays the same."""

    def __init__(self, folder: Path) -> None:
        self._database = folder / "standin.db"
        (self._port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        settings = {
            "AREACLIENTI_STANDIN_KEY": KEY,
            "AREACLIENTI_STANDIN_DATABASE_URL": f"sqlite+aiosqlite:///{self._database}",
        }
        app = "areaclienti.identity.ports.standin.app:create_app"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "--factory", app, "--port", str(self._port), "--log-level", "warning"],
            env=os.environ | settings,
        )
        ends_at = time.monotonic() + 60
        while True:
            assert self._process.poll() is None
            assert time.monotonic() < ends_at
            with contextlib.suppress(httpx.TransportError):
                httpx.get(self.url)
                return
            time.sleep(0.1)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(60)
            self._process = None

    def fill(self) -> None:
        """Puts the tests' customers in."""

        async def fill() -> None:
            database = Database(f"sqlite+aiosqlite:///{self._database}")
            async with database.write() as session:
                session.add_all(a_registry())
            await database.close()

        asyncio.run(fill())

    def newest_code(self) -> str:
        """Of the messages that the insurer has sent."""
        ends_at = time.monotonic() + 60
        while True:
            with contextlib.closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)) as connection:
                texts = connection.execute("SELECT text FROM mailbox_messages ORDER BY id DESC").fetchall()
            for (text,) in texts:
                if found := re.search(r"\b\d{6}\b", text):
                    return found[0]
            assert time.monotonic() < ends_at
            time.sleep(0.1)


@pytest.fixture(scope="module")
def insurer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    stand_in = StandIn(tmp_path_factory.mktemp("insurer"))
    stand_in.start()
    stand_in.fill()
    yield stand_in
    stand_in.stop()


@pytest.fixture(scope="module")
def stack(insurer: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    settings = {f"{port}_url": insurer.url for port in PORTS} | {f"{port}_key": KEY for port in PORTS}
    with running_stack(tmp_path_factory.mktemp("product"), **settings) as running:
        yield running


async def test_a_registration_goes_on_where_it_was_when_the_insurers_systems_are_back(
    stack: Stack, insurer: StandIn
) -> None:
    chat = WebChannel(stack.urls.gateway)
    try:
        await chat.open()
        await chat.choose("Persona")
        await chat.text("Mario Rossi")
        await chat.text(MARIO["contact"])
        assert (await chat.secret("password", PASSWORD)).state["step"] == "privacy_notice"
        await asyncio.to_thread(insurer.stop)
        away = await chat.choose("Ho preso visione")
        assert [message.kind for message in away.messages] == ["failure"]
        assert away.state["step"] == "privacy_notice"
        await asyncio.to_thread(insurer.start)
        back = await chat.choose(away.messages[-1].choices[0])
        assert back.state["step"] == "verification_code"
        done = await chat.secret("verification_code", await asyncio.to_thread(insurer.newest_code))
        assert done.state["step"] == "done"
    finally:
        await chat.close()
    assert stack.identity_rows("SELECT password_hash FROM accounts") == [("elsewhere",)]
    assert stack.identity_rows("SELECT count(*) FROM customers") == [(1,)]
    assert not any(value in stack.log("identity") for value in (MARIO["contact"], "Rossi", KEY, PASSWORD))
