"""Looks into the gateway's database, and puts a conversation where a test needs it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from sqlalchemy import select, text, update

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
