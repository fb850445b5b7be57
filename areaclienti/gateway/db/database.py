"""Connections to the ledger's database: SQLite in WAL mode, or PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine


class Database:
    """Sessions for reading and for writing.

    SQLite admits one writer at a time: writers of this process queue here, in order, instead of polling its lock.
    """

    def __init__(self, url: str) -> None:
        # hide_parameters: what customers write must not reach a log through an error's text
        self._engine = create_async_engine(url, hide_parameters=True)
        self._is_sqlite = self._engine.dialect.name == "sqlite"
        if self._is_sqlite:
            event.listen(self._engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(self._engine.sync_engine, "begin", _begin_sqlite)
        self._writer = asyncio.Lock()
        self._reading = async_sessionmaker(self._engine, expire_on_commit=False)
        self._writing = async_sessionmaker(self._engine.execution_options(writes=True), expire_on_commit=False)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session with one consistent view of the ledger."""
        async with self._reading() as session:
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """A transaction, committed (durably) when the block ends well."""
        async with self._writer if self._is_sqlite else nullcontext(), self._writing.begin() as session:
            yield session

    async def check(self) -> None:
        """Raise SQLAlchemyError or OSError when the database can't be asked."""
        async with self.read() as session:
            await session.execute(text("SELECT 1 FROM conversations WHERE 1 = 0"))

    async def close(self) -> None:
        """Give every connection back."""
        await self._engine.dispose()


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin in _begin_sqlite, not inside the driver
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
