"""Looks into the gateway's database, and puts a conversation where a test needs it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from fastapi import FastAPI
from sqlalchemy import make_url, select, text, update
from sqlalchemy.ext.asyncio import create_async_engine

from areaclienti.gateway.db.database import open_database
from areaclienti.gateway.db.models import Conversation


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


@asynccontextmanager
async def database_of_server(server: str) -> AsyncIterator[str]:
    """An empty database of the PostgreSQL server, dropped at the end."""
    name = f"gateway_{uuid4().hex}"
    engine = create_async_engine(server, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            yield make_url(server).set(database=name).render_as_string(hide_password=False)
        finally:
            await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    await engine.dispose()
