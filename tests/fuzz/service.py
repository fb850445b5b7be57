"""Identity in this process for random walks: the real API on a real SQLite file, with a clock that is moved by hand."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

from sqlalchemy import text
from starlette.types import Message

from areaclienti import logging
from areaclienti.identity import audit, housekeeping, notices, owners
from areaclienti.identity.app import create_app
from areaclienti.identity.db.migrate import upgrade
from areaclienti.identity.services import Services
from areaclienti.password_hashes import Passwords
from areaclienti.settings import IdentitySettings
from tests.unit.identity.world import ACTIONS_KEY, GATEWAY_KEY, SetClock, a_registry, settings_for

T = TypeVar("T")

_CODE = re.compile(r"(?<!\d)(\d{6})(?!\d)")
_MEMORY = Path("/dev/shm")  # a file all the same, without a disk to wait for


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    raw: bytes

    @property
    def outcome(self) -> str:
        """The outcome, or the code of the refusal."""
        return str(self.body.get("outcome") or self.body.get("code"))


@dataclass(frozen=True)
class Delivered:
    """A message that arrived: the code in it, if there is one, and the challenge that it was sent for."""

    challenge_id: str | None
    recipient: str
    text: str
    code: str | None


@cache
def event_loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def wait(work: Coroutine[Any, Any, T]) -> T:
    return event_loop().run_until_complete(work)


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="areaclienti-fuzz-", dir=_MEMORY if _MEMORY.is_dir() else None)


@cache
def _template() -> Path:
    """A migrated database with the small registry and the notice, made once a process."""
    path = Path(_folder().name) / "template.db"
    settings = settings_for(f"sqlite+aiosqlite:///{path}")
    upgrade(settings.identity_database_url)

    async def fill() -> None:
        services = Services(settings, SetClock())
        async with services.database.write() as session:
            session.add_all(a_registry())
        async with services.work() as work:
            await notices.record(work, services.notice)
        await services.close()

    wait(fill())
    return path


@cache
def _app() -> Any:
    logging.configure("fuzz", "CRITICAL")
    return create_app(settings_for("sqlite+aiosqlite:///unused.db"))


class _AtOnce:
    """In place of aiosqlite's queue to a thread: what is put in is done at once. A walk does one thing at a time, and
    two changes of thread for each statement would be most of what it costs.
    """

    def put_nowait(self, asked: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
        future, function = asked
        try:
            result = function()
        except BaseException as failure:
            if future:
                future.set_exception(failure)
        else:
            if future:
                future.set_result(result)


class _NoThread:
    daemon = True

    def __init__(self, **_: Any) -> None:
        pass

    def start(self) -> None:
        pass


@cache
def _cheap_passwords() -> Passwords:
    """argon2id with next to no memory: less than the settings allow."""
    return Passwords(memory_kib=8, rounds=1, at_once=1)


class Service:
    """A new service with a new database. Nothing runs beside the requests: messages go out when `deliver` is called."""

    def __init__(self, **settings: Any) -> None:
        self.clock = SetClock()
        self._without_threads = mock.patch.multiple("aiosqlite.core", SimpleQueue=_AtOnce, Thread=_NoThread)
        self._without_threads.start()
        self._path = Path(_folder().name) / "identity.db"
        for leftover in _folder_files(self._path):
            leftover.unlink()
        shutil.copy(_template(), self._path)
        self.settings: IdentitySettings = settings_for(f"sqlite+aiosqlite:///{self._path}", **settings)
        self.services = Services(self.settings, self.clock)
        self.services.passwords = _cheap_passwords()
        self.requests = 0
        self._read_until = 0
        _app().state.services = self.services

    def gateway(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        return self._call(method, path, body, {"authorization": f"Bearer {GATEWAY_KEY}"} | headers)

    def actions(self, path: str, body: Any, conversation: str, key: str) -> Answer:
        headers = {
            "authorization": f"Bearer {ACTIONS_KEY}",
            "x-conversation": conversation,
            "idempotency-key": key,
        }
        return self._call("POST", path, body, headers)

    def deliver(self) -> list[Delivered]:
        """Empties the outbox and gives what arrived since the last time."""
        return wait(self._deliver())

    async def _deliver(self) -> list[Delivered]:
        for lane in self.services.outbox_worker.lanes:
            sending = 1
            while sending:
                async with asyncio.TaskGroup() as batch:
                    await lane._begin_due(batch)  # what its `run` does, without the waiting between
                    sending = lane._busy
        query = text(
            "SELECT m.id, o.challenge_id, m.recipient, m.text FROM mailbox_messages m"
            " JOIN outbox o ON o.id = m.outbox_id WHERE m.id > :after ORDER BY m.id"
        )
        async with self.services.database.read() as session:
            rows = (await session.execute(query, {"after": self._read_until})).all()
        self._read_until = rows[-1][0] if rows else self._read_until
        found = []
        for _, challenge_id, recipient, words in rows:
            code = _CODE.search(words) if challenge_id else None
            found.append(Delivered(challenge_id, recipient, words, code[1] if code else None))
        return found

    def sweep(self) -> None:
        """What the background does: erases what is over, tells owners of contacts."""

        async def run() -> None:
            async with self.services.work() as work:
                await housekeeping.sweep(work)
            while await self.services.do(owners.tell_next):
                pass

        wait(run())

    def rows(self, query: str) -> list[Any]:
        async def read() -> list[Any]:
            async with self.services.database.read() as session:
                return list((await session.execute(text(query))).all())

        return wait(read())

    def broken_link_of_audit(self) -> int | None:
        async def check() -> int | None:
            async with self.services.database.read() as session:
                return await audit.first_broken_link(session)

        return wait(check())

    def close(self) -> None:
        wait(self.services.close())
        self._without_threads.stop()

    def _call(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
        self.requests += 1
        return wait(_ask(method, path, body, headers))


async def _ask(method: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
    """One request straight into the ASGI application; an exception of the application comes out here."""
    sent = b"" if body is None else json.dumps(body).encode()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()]
        + [(b"content-type", b"application/json"), (b"content-length", str(len(sent)).encode())],
        "client": ("127.0.0.1", 1),
        "server": ("identity", 80),
    }
    status, parts, asked = 0, [], False

    async def receive() -> Message:
        nonlocal asked
        if asked:
            return {"type": "http.disconnect"}
        asked = True
        return {"type": "http.request", "body": sent, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            parts.append(message.get("body", b""))

    await _app()(scope, receive, send)
    raw = b"".join(parts)
    return Answer(status, json.loads(raw) if raw else {}, raw)


def _folder_files(path: Path) -> list[Path]:
    return [path.with_name(path.name + end) for end in ("", "-wal", "-shm") if path.with_name(path.name + end).exists()]
