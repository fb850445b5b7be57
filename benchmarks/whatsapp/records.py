"""What the gateway's database holds of all who write by WhatsApp: read beside the running product."""

from __future__ import annotations

from dataclasses import dataclass, fields

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from benchmarks.waiting import until

_OF_CHANNEL = "conversation_id IN (SELECT id FROM conversations WHERE channel = 'whatsapp')"


@dataclass(frozen=True)
class Counts:
    """Rows of everybody."""

    inbound: int  # events that were taken in
    waiting: int  # of them, not processed
    conversations: int
    lines: int  # of customers in the ledger
    turns: int
    unanswered: int  # turns that wait or failed
    to_send: int  # messages to customers that did not go out yet

    def since(self, before: Counts) -> Counts:
        """What was added."""
        return Counts(**{each.name: getattr(self, each.name) - getattr(before, each.name) for each in fields(self)})

    @property
    def is_settled(self) -> bool:
        """Whether nothing is under way."""
        return self.waiting == 0 and self.unanswered == 0 and self.to_send == 0


_QUERIES = {
    "inbound": "SELECT count(*) FROM whatsapp_inbound",
    "waiting": "SELECT count(*) FROM whatsapp_inbound WHERE state = 'pending'",
    "conversations": "SELECT count(*) FROM conversations WHERE channel = 'whatsapp'",
    "lines": f"SELECT count(*) FROM messages WHERE author = 'customer' AND {_OF_CHANNEL}",
    "turns": f"SELECT count(*) FROM turns WHERE {_OF_CHANNEL}",
    "unanswered": f"SELECT count(*) FROM turns WHERE state <> 'done' AND {_OF_CHANNEL}",
    "to_send": "SELECT count(*) FROM whatsapp_outbox WHERE state IN ('pending', 'sending')",
}


@dataclass(frozen=True)
class Outgoing:
    """A message to a person, with the lines of the ledger that it says."""

    id: int
    first_seq: int
    last_seq: int

    def covers(self, seq: int) -> bool:
        """Whether it says this line."""
        return self.first_seq <= seq <= self.last_seq


class Records:
    """Reads the gateway's database, SQLite or PostgreSQL."""

    def __init__(self, url: str) -> None:
        self._engine: AsyncEngine = create_async_engine(url, hide_parameters=True)

    async def counts(self) -> Counts:
        """All counts, in one view."""
        async with self._engine.connect() as connection:
            found = {name: int(await connection.scalar(text(query)) or 0) for name, query in _QUERIES.items()}
        return Counts(**found)

    async def settled(self, seconds: float) -> Counts:
        """The counts when nothing is under way any more, or after so many seconds."""
        counts = await self.counts()

        async def is_settled() -> bool:
            nonlocal counts
            counts = await self.counts()
            return counts.is_settled

        await until(is_settled, seconds)
        return counts

    async def outgoing(self, user_id: str) -> list[Outgoing]:
        """What is or was to be sent to a person."""
        query = text("SELECT id, first_seq, last_seq FROM whatsapp_outbox WHERE user_id = :user")
        async with self._engine.connect() as connection:
            return [Outgoing(*row) for row in (await connection.execute(query, {"user": user_id})).all()]

    async def said(self, user_id: str) -> list[int]:
        """The places of what the assistant said in a person's conversation."""
        query = text(
            "SELECT seq FROM messages WHERE author IN ('bot', 'system') AND conversation_id ="
            " (SELECT conversation_id FROM whatsapp_people WHERE user_id = :user)"
        )
        async with self._engine.connect() as connection:
            return [int(seq) for seq in await connection.scalars(query, {"user": user_id})]

    async def close(self) -> None:
        """Give the connections back."""
        await self._engine.dispose()
