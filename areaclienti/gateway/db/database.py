"""Runs transactions on the ledger's database, SQLite or PostgreSQL, without holding up the event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import URL, create_engine, event, make_url, text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import async_sessionmaker
from sqlalchemy.orm import Session, sessionmaker

from areaclienti.server_engine import server_engine
from areaclienti.sqlite_files import forget_deleted

Result = TypeVar("Result")
READERS = 2


class Database(Protocol):
    """Runs functions of a session, each in a transaction of its own."""

    async def read(self, work: Callable[[Session], Result]) -> Result:
        """What `work` finds in one consistent view."""

    async def read_at_once(self, work: Callable[[Session], Result]) -> Result:
        """As `read`, for a single statement: that is of one moment by itself, and a server is spared a beginning and an
        end.
        """

    async def write(self, work: Callable[[Session], Result], *, urgent: bool = False) -> Result:
        """What `work` returns, once what it changed is committed, durably. Nothing is changed when it raises. What is
        urgent goes before what still waits.
        """

    async def written_elsewhere(self) -> bool:
        """Whether another process has written to an embedded file since the last call. A server tells by itself
        (`areaclienti.gateway.news`).
        """

    async def forget_deleted(self, *, rewrite: bool) -> bool:
        """Take what was deleted out of an embedded file (`areaclienti.sqlite_files`); tell whether that was done.

        A server does it by itself (docs/privacy.md).
        """

    async def close(self) -> None:
        """Give every connection back."""


def open_database(url: str) -> Database:
    """The database at `url`, already migrated."""
    parsed = make_url(url)
    return SqliteDatabase(parsed) if parsed.get_backend_name() == "sqlite" else ServerDatabase(parsed)


async def check(database: Database) -> None:
    """Raise SQLAlchemyError or OSError when the database can't be asked."""
    await database.read(lambda session: session.execute(text("SELECT 1 FROM conversations WHERE 1 = 0")).all())


class SqliteDatabase:
    """An embedded file. One thread writes, a few read.

    A transaction runs whole in its thread: an asynchronous driver hops between threads some four times for each
    statement, 120 times for one turn of a conversation, and that was most of a turn's time.
    """

    def __init__(self, url: URL) -> None:
        # hide_parameters: what customers write must not reach a log through an error's text
        engine = create_engine(url.set(drivername="sqlite"), hide_parameters=True)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        self._engine = engine
        self._file = Path(url.database) if url.database else None
        self._reading = sessionmaker(engine, expire_on_commit=False)
        self._write_connection: Connection | None = None  # one for all that this process writes, in the writer's thread
        self._data_version = -1
        self._writer = ThreadPoolExecutor(1, "ledger-writer")
        self._readers = ThreadPoolExecutor(READERS, "ledger-reader")
        self._urgent: deque[Callable[[], None]] = deque()
        self._ordinary: deque[Callable[[], None]] = deque()

    async def read(self, work: Callable[[Session], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._readers, _run, self._reading, work)

    async def read_at_once(self, work: Callable[[Session], Result]) -> Result:
        return await self.read(work)

    async def write(self, work: Callable[[Session], Result], *, urgent: bool = False) -> Result:
        written: Future[Result] = Future()
        (self._urgent if urgent else self._ordinary).append(partial(_run_into, written, self._sessions_of_writer, work))
        self._writer.submit(self._write_next)
        return await asyncio.wrap_future(written)

    def _write_next(self) -> None:
        (self._urgent or self._ordinary).popleft()()

    def _sessions_of_writer(self) -> sessionmaker[Session]:
        return sessionmaker(self._connection_of_writer(), expire_on_commit=False)

    def _connection_of_writer(self) -> Connection:
        if self._write_connection is None:
            self._write_connection = self._engine.connect().execution_options(writes=True)
        return self._write_connection

    async def written_elsewhere(self) -> bool:
        return await asyncio.get_running_loop().run_in_executor(self._writer, self._version_changed)

    def _version_changed(self) -> bool:
        """SQLite raises its data version for what other connections write, not for what this one does."""
        driver: Any = self._connection_of_writer().connection.dbapi_connection
        before, self._data_version = self._data_version, driver.execute("PRAGMA data_version").fetchone()[0]
        return self._data_version != before

    async def forget_deleted(self, *, rewrite: bool) -> bool:
        if self._file is None:
            return True
        act = partial(forget_deleted, self._file, rewrite=rewrite)
        return await asyncio.get_running_loop().run_in_executor(self._writer, act)

    async def close(self) -> None:
        for threads in (self._writer, self._readers):
            await asyncio.to_thread(threads.shutdown)
        if self._write_connection is not None:
            self._write_connection.close()
        self._engine.dispose()


class ServerDatabase:
    """A database server, by an asynchronous driver."""

    def __init__(self, url: URL) -> None:
        self._engine = server_engine(url)
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)
        snapshots = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._snapshots = async_sessionmaker(snapshots, expire_on_commit=False)
        without_transaction = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._moments = async_sessionmaker(without_transaction, expire_on_commit=False)

    async def read(self, work: Callable[[Session], Result]) -> Result:
        async with self._snapshots.begin() as session:
            return await session.run_sync(work)

    async def read_at_once(self, work: Callable[[Session], Result]) -> Result:
        async with self._moments.begin() as session:
            return await session.run_sync(work)

    async def write(self, work: Callable[[Session], Result], *, urgent: bool = False) -> Result:
        async with self._sessions.begin() as session:
            return await session.run_sync(work)

    async def written_elsewhere(self) -> bool:
        return False

    async def forget_deleted(self, *, rewrite: bool) -> bool:
        return True

    async def close(self) -> None:
        await self._engine.dispose()


def _run(sessions: sessionmaker[Session], work: Callable[[Session], Result]) -> Result:
    with sessions.begin() as session:
        return work(session)


def _run_into(
    done: Future[Result], sessions: Callable[[], sessionmaker[Session]], work: Callable[[Session], Result]
) -> None:
    if not done.set_running_or_notify_cancel():  # whoever waited for it has gone
        return
    try:
        done.set_result(_run(sessions(), work))
    except BaseException as error:
        done.set_exception(error)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin in _begin_sqlite, not inside the driver
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # a writer takes its lock at once: one that began as a reader could not be told to wait
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
