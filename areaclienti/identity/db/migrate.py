"""Brings the database of a URL to the newest schema, from code and without an ini file."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from areaclienti.sqlite_files import keep_journal, sqlite_file

_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x1DE47117  # any fixed number: two starting processes must not migrate one PostgreSQL database together

_one_at_a_time = threading.Lock()  # alembic keeps its present context in globals


def head_revision() -> str:
    """The revision that this code expects the database to be at."""
    head = ScriptDirectory(str(_MIGRATIONS)).get_current_head()
    assert head is not None
    return head


def upgrade(url: str) -> None:
    """Creates or upgrades the schema; does nothing when it is current. Safe to call from within an event loop.

    `url` is a SQLAlchemy async URL (`sqlite+aiosqlite:///…`, `postgresql+asyncpg://…`). The folder of a SQLite file is
    made. Raises what the database raises when it cannot be reached or changed.
    """
    with _one_at_a_time, ThreadPoolExecutor(max_workers=1, thread_name_prefix="identity-migrate") as pool:
        pool.submit(lambda: asyncio.run(_upgrade(url))).result()
    if (file := sqlite_file(url)) is not None:
        keep_journal(file)


async def _upgrade(url: str) -> None:
    make_sqlite_folder(url)
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                await connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK})
            await connection.run_sync(_run_alembic)
    finally:
        await engine.dispose()


def _run_alembic(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def make_sqlite_folder(url: str) -> None:
    """Makes the folder of a SQLite file, readable by its owner only if it is new."""
    if (file := sqlite_file(url)) is not None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
