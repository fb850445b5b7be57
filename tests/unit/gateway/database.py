"""Looks into the gateway's database, and puts a conversation where a test needs it."""

from __future__ import annotations

import asyncio
import atexit
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from fastapi import FastAPI
from sqlalchemy import make_url, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from areaclienti.gateway.db.database import open_database
from areaclienti.gateway.db.migrate import upgrade
from areaclienti.gateway.db.models import Conversation

_templates: dict[str, str] = {}
_folder = tempfile.TemporaryDirectory(prefix="gateway-tests-")  # goes when the process ends


async def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    """What the query finds, through a connection of its own."""
    database = open_database(url)
    try:
        return await database.read(lambda session: [tuple(row) for row in session.execute(text(query))])
    finally:
        await database.close()


async def change(app: FastAPI, **values: Any) -> None:
    """Set columns of every conversation."""
    await app.state.services.database.write(lambda session: session.execute(update(Conversation).values(**values)))


async def only_conversation(app: FastAPI) -> str:
    """The id of the only conversation."""
    found: str = await app.state.services.database.read(lambda session: session.scalars(select(Conversation.id)).one())
    return found


def database_file(folder: Path) -> str:
    """The URL of a database file in the folder at the newest schema, without rows. Not for within an event loop."""
    shutil.copy(_template_file(), folder / "gateway.db")
    return f"sqlite+aiosqlite:///{folder / 'gateway.db'}"


@cache
def _template_file() -> Path:
    file = Path(_folder.name) / "template.db"
    upgrade(f"sqlite+aiosqlite:///{file}")
    return file


@asynccontextmanager
async def database_of_server(server: str) -> AsyncIterator[str]:
    """A database of the PostgreSQL server at the newest schema, without rows, dropped at the end."""
    name = f"gateway_{uuid4().hex}"
    engine = create_async_engine(server, isolation_level="AUTOCOMMIT")
    template = await _template_of(server, engine)
    async with engine.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"))
        try:
            yield _url_of(server, name)
        finally:
            await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    await engine.dispose()


async def _template_of(server: str, engine: AsyncEngine) -> str:
    """The name of a database that is migrated once for all tests of this process, and dropped when it ends."""
    if server not in _templates:
        name = _templates[server] = f"gateway_template_{uuid4().hex}"
        async with engine.connect() as connection:
            await connection.execute(text(f"CREATE DATABASE {name}"))
        await asyncio.to_thread(upgrade, _url_of(server, name))
        atexit.register(lambda: asyncio.run(_drop(server, name)))
    return _templates[server]


async def _drop(server: str, name: str) -> None:
    engine = create_async_engine(server, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    await engine.dispose()


def _url_of(server: str, database: str) -> str:
    return make_url(server).set(database=database).render_as_string(hide_password=False)
