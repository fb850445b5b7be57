"""Lets gateways on one database know what another one wrote, so that a stream of this one shows it at once.

Nothing hangs on it: what is not told (a gateway died between commit and telling) is found with the next check of a
stream and the desk's next round.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final, Protocol
from uuid import uuid4

from asyncpg import InterfaceError, PostgresError  # type: ignore[import-untyped]
from sqlalchemy import func, make_url, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.desk import DeskNote, HandoverEvent
from areaclienti.gateway.db.models import Message
from areaclienti.gateway.hub import Hub
from areaclienti.logging import get_logger

log = get_logger()

CHANNEL: Final = "areaclienti_gateway"
APPLICATION_NAME: Final = "areaclienti-news"  # its connection in pg_stat_activity
LOOK_SECONDS = 0.1
RECONNECT_SECONDS = 1.0
_LONGEST = 7_900  # bytes of a notification; PostgreSQL takes less than 8,000
_GROWING = (Message, HandoverEvent, DeskNote)

Newest = Mapping[str, int]  # the highest id of each table that grows


class News(Protocol):
    """Tells others what was written here, and the hub what was written elsewhere."""

    async def run(self) -> None:
        """Goes until cancelled; survives a database that is away."""


def news_of(url: str, database: Database, hub: Hub) -> News:
    """The news of all who work on that database."""
    return FileNews(database, hub) if make_url(url).get_backend_name() == "sqlite" else ServerNews(url, hub)


class ServerNews:
    """PostgreSQL tells: NOTIFY after each commit, many conversations in one."""

    def __init__(self, url: str, hub: Hub) -> None:
        named = {"server_settings": {"application_name": APPLICATION_NAME}}
        self._engine = create_async_engine(url, hide_parameters=True, poolclass=NullPool, connect_args=named)
        self._hub = hub
        self._here = uuid4().hex
        self._to_tell: set[str] = set()
        self._woken = asyncio.Event()
        self._lost = False
        hub.share(self._tell)

    async def run(self) -> None:
        while True:
            try:
                await self._listen()
            except (OSError, PostgresError, InterfaceError, SQLAlchemyError) as error:
                log.warning("news_interrupted", exc_info=error)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self) -> None:
        async with self._engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            self._lost = False
            driver.add_termination_listener(self._ended)
            await driver.add_listener(CHANNEL, self._heard)
            self._hub.anything_elsewhere()  # what was told while nobody listened
            while not self._lost:
                await self._woken.wait()
                self._woken.clear()
                keys, self._to_tell = self._to_tell, set()
                for told in _in_messages(self._here, sorted(keys)):
                    await driver.execute("SELECT pg_notify($1, $2)", CHANNEL, told)

    def _tell(self, conversation_id: str) -> None:
        self._to_tell.add(conversation_id)
        self._woken.set()

    def _heard(self, _connection: object, _pid: int, _channel: str, told: str) -> None:
        teller, *conversation_ids = told.split(" ")
        if teller != self._here:
            for conversation_id in conversation_ids:
                self._hub.grew_elsewhere(conversation_id)

    def _ended(self, _connection: object) -> None:
        self._lost = True
        self._woken.set()


class FileNews:
    """An embedded file doesn't tell: it is looked at, and read when another process has written."""

    def __init__(self, database: Database, hub: Hub) -> None:
        self._database = database
        self._hub = hub

    async def run(self) -> None:
        newest: Newest | None = None
        while True:
            try:
                if await self._database.written_elsewhere() or newest is None:
                    written, newest = await self._database.read(partial(_written_since, newest))
                    for conversation_id in written:
                        self._hub.grew_elsewhere(conversation_id)
            except SQLAlchemyError as error:
                log.warning("news_interrupted", exc_info=error)
            await asyncio.sleep(LOOK_SECONDS)


def _in_messages(teller: str, conversation_ids: list[str]) -> Iterator[str]:
    """The ids behind the teller's, in as few notifications as they fit in."""
    at_once = (_LONGEST - len(teller)) // 33
    for start in range(0, len(conversation_ids), at_once):
        yield " ".join([teller, *conversation_ids[start : start + at_once]])


def _written_since(before: Newest | None, session: Session) -> tuple[set[str], Newest]:
    """The conversations in which something was written since, and where all stands now."""
    newest = {table.__tablename__: session.scalar(select(func.max(table.id))) or 0 for table in _GROWING}
    found: set[str] = set()
    if before is not None:
        for table in _GROWING:
            query = select(table.conversation_id).distinct().where(table.id > before[table.__tablename__])
            found.update(session.scalars(query))
    return found, newest
