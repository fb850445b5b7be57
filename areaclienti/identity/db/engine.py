"""The one way to open a transaction, on SQLite (one writer, WAL) and on PostgreSQL alike."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, CursorResult, event, text
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from areaclienti.identity.db.models import Base
from areaclienti.server_engine import server_engine
from areaclienti.sqlite_files import forget_deleted

_BUSY_TIMEOUT_MS = 10_000


class Database:
    """Sessions that read, and sessions that write: a write begins with the write lock, so it never has to upgrade."""

    def __init__(self, url: str) -> None:
        self.is_sqlite = _is_sqlite(url)
        # hide_parameters: an exception of the driver must not carry names and contacts into a log.
        self.engine = create_async_engine(url, hide_parameters=True) if self.is_sqlite else server_engine(url)
        self._writer = self.engine.execution_options(areaclienti_write=True)
        self._read_sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self._write_sessions = async_sessionmaker(self._writer, expire_on_commit=False)
        # SQLite has one writer: within the process writers queue here in order instead of polling the file lock.
        self._write_turn = asyncio.Lock() if self.is_sqlite else nullcontext()
        if self.is_sqlite:
            event.listen(self.engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(self.engine.sync_engine, "begin", _begin_sqlite)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        async with self._read_sessions() as session:
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """Commits at the end; rolls back on an exception."""
        async with self._write_turn, self._write_sessions() as session, session.begin():
            yield session

    async def serialise(self, session: AsyncSession, *name: str) -> None:
        """Holds others that name the same thing until this write ends. SQLite's writers already wait for each other."""
        if self.is_sqlite:
            return
        digest = hashlib.sha256("\0".join(name).encode()).digest()
        number = int.from_bytes(digest[:8], "big", signed=True)
        await session.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": number})

    async def forget_deleted(self, *, rewrite: bool) -> bool:
        """Takes what was deleted out of an embedded file (`areaclienti.sqlite_files`); tells whether that was done.

        A server does it by itself (docs/privacy.md).
        """
        file = self.engine.url.database
        if not self.is_sqlite or not file:
            return True
        return await asyncio.to_thread(forget_deleted, Path(file), rewrite=rewrite)

    async def close(self) -> None:
        await self.engine.dispose()


async def insert_if_absent(session: AsyncSession, table: type[Base], **values: Any) -> bool:
    """Inserts a row unless a UNIQUE constraint already holds one in its place; tells whether it did.

    On PostgreSQL it waits for a transaction that is inserting the same, and then tells what became of it.
    """
    dialect_insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    result = await session.execute(dialect_insert(table).values(**values).on_conflict_do_nothing())
    return bool(cast(CursorResult[Any], result).rowcount)


def _is_sqlite(url: str) -> bool:
    return url.startswith("sqlite")


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own: _begin_sqlite does
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")  # an answer given is an answer kept, also after a power cut
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA secure_delete = ON")  # erased codes and hashes leave no bytes in free pages
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("areaclienti_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
