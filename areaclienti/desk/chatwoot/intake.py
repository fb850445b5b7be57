"""Writes what Chatwoot delivered durably, each message once, before it is answered."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from areaclienti.desk.chatwoot.events import Event, Said
from areaclienti.desk.chatwoot.links import SOURCE, conversation_of, was_told
from areaclienti.gateway.db.chatwoot import ChatwootDelivery, ChatwootMessage
from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.models import Base, now

REMEMBERED = timedelta(days=1)


class Intake:
    """Takes events in; unique ids decide, so that any number of gateways may."""

    def __init__(self, database: Database, own: Own) -> None:
        self._database = database
        self._own = own

    async def take(self, event: Event, delivery: str | None) -> str | None:
        """The conversation that the event is news of, once it is stored; None where it is not ours, or came before."""

        def work(session: Session) -> str | None:
            conversation_id = conversation_of(session, event.chatwoot_id)
            if conversation_id is None or (delivery is not None and not _is_first(session, delivery)):
                return None
            if event.said is not None:
                return conversation_id if keep(session, conversation_id, [event.said], self._own) else None
            if event.state is not None:
                was_told(session, conversation_id, event.state)
            return conversation_id

        return await self._database.write(work, urgent=True)

    async def forget_old(self) -> None:
        """Delete what only told repeated deliveries."""
        old = delete(ChatwootDelivery).where(ChatwootDelivery.received_at < now() - REMEMBERED)
        await self._database.write(lambda session: session.execute(old))


class Own:
    """Tells what we said ourselves and Chatwoot tells us again. `id` is the product's user there, once it is known."""

    id: int | None = None

    def is_echo(self, said: Said) -> bool:
        """By the mark that we put on it; where a server keeps no marks, by who said it."""
        is_marked = said.source_id is not None and said.source_id.startswith(SOURCE)
        return is_marked or (said.sender is not None and said.sender.id == self.id)


def keep(session: Session, conversation_id: str, messages: Iterable[Said], own: Own) -> int:
    """Store those that agents wrote for the customer and that were not known; how many. Nothing of private notes, of
    the customer's own lines, of echoes, or of what Chatwoot says by itself is stored.
    """
    new = 0
    for said in messages:
        if not said.is_outgoing or said.is_private or said.sender is None or said.sender.kind != "user":
            continue
        if own.is_echo(said):
            continue
        new += _insert(
            session,
            ChatwootMessage,
            conversation_id=conversation_id,
            message_id=said.id,
            agent=said.sender.id,
            agent_name=said.sender.name,
            text=said.text,
            has_files=said.has_files,
            state="pending",
            received_at=now(),
        )
    return new


def _is_first(session: Session, delivery: str) -> bool:
    digest = hashlib.sha256(delivery.encode("utf-8", "replace")).hexdigest()
    return bool(_insert(session, ChatwootDelivery, id=digest, received_at=now()))


def _insert(session: Session, table: type[Base], **values: Any) -> int:
    """1, or 0 when it is there: the unique index decides."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).values(**values).on_conflict_do_nothing()
    return cast(CursorResult[Any], session.execute(statement)).rowcount
