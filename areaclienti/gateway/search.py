"""Finds and shows conversations in the ledger, for whoever asks what is kept about him."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.models import Conversation, Message, Turn

ROWS_AT_ONCE = 2_000
_ROW_SHOWN = (
    "id", "channel", "step", "expects", "owner", "last_seq", "created_at", "updated_at", "closed_at",
)  # fmt: skip


async def mentioning(database: Database, is_meant: Callable[[str], bool]) -> set[str]:
    """The ids of the conversations in which a message, a choice or what was chosen satisfies `is_meant`.

    Reads every message, a page at a time, and keeps nobody waiting.
    """
    messages = select(Message.id, Message.conversation_id, Message.text, Message.choices, Message.card)
    turns = select(Turn.id, Turn.conversation_id, Turn.entities)
    return await _scan(database, messages, Message, is_meant) | await _scan(database, turns, Turn, is_meant)


async def shown(database: Database, conversation_ids: Collection[str]) -> list[dict[str, Any]]:
    """What the ledger keeps of conversations, the oldest first, each with its messages in order."""

    def work(session: Session) -> list[dict[str, Any]]:
        found = session.scalars(
            select(Conversation).where(Conversation.id.in_(conversation_ids)).order_by(Conversation.created_at)
        )
        return [_shown(session, conversation) for conversation in found]

    return await database.read(work)


async def _scan(
    database: Database, query: Select[Any], table: type[Message] | type[Turn], is_meant: Callable[[str], bool]
) -> set[str]:
    found: set[str] = set()
    last = 0
    while True:
        page = query.where(table.id > last).order_by(table.id).limit(ROWS_AT_ONCE)

        def read(session: Session, page: Select[Any] = page) -> list[Any]:
            return list(session.execute(page))

        rows = await database.read(read)
        for _, conversation_id, *values in rows:
            if conversation_id not in found and any(is_meant(text) for text in _texts(values)):
                found.add(conversation_id)
        if len(rows) < ROWS_AT_ONCE:
            return found
        last = rows[-1][0]


def _texts(values: list[Any]) -> list[str]:
    return [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in values if one]


def _shown(session: Session, conversation: Conversation) -> dict[str, Any]:
    messages = session.scalars(select(Message).where(Message.conversation_id == conversation.id).order_by(Message.seq))
    return {name: _plain(getattr(conversation, name)) for name in _ROW_SHOWN} | {
        "messages": [
            {"at": _plain(one.at), "author": one.author, "kind": one.kind, "text": one.text, "choices": one.choices}
            for one in messages
        ]
    }


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
