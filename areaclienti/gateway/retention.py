"""Erases conversations whose time is over: in the engine first, then in the ledger; what counts registrations stays."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import uuid4

from sqlalchemy import ColumnElement, CursorResult, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.models import Base, Conversation, now
from areaclienti.gateway.engine_client import EngineClient, EngineError
from areaclienti.gateway.figures import fold
from areaclienti.gateway.hub import Hub
from areaclienti.gateway.ledger import end
from areaclienti.gateway.session import IDLE_LIMIT
from areaclienti.logging import get_logger

PERIOD_SECONDS = 60.0
AT_ONCE = 50
REWRITTEN_EVERY = timedelta(days=1)
FINISHED = ("done", "handover")
_MACHINES = ("bot", "closed")  # whoever else owns a conversation has not finished with it

log = get_logger()


@dataclass(frozen=True)
class Erased:
    """How many conversations were erased in the ledger, with how many rows that belonged to them; how many the engine
    had; and whether no byte of them is left in the files of either (`clean`)."""

    conversations: int
    rows: int
    in_engine: int
    clean: bool


class Retention:
    """The job that erases by itself; any number of gateways may run it on one database."""

    def __init__(
        self, database: Database, engine: EngineClient, hub: Hub, *, kept: timedelta, unfinished_kept: timedelta
    ) -> None:
        self._database = database
        self._engine = engine
        self._hub = hub
        self._kept = kept
        self._unfinished_kept = unfinished_kept
        self._rewritten_at: datetime | None = None

    async def run(self) -> None:
        """Sweeps once a minute until cancelled; what was begun then goes on with the next start."""
        while True:
            try:
                await self.sweep()
            except EngineError as error:
                log.warning("retention_waits", reason=error.code)  # nothing is forgotten: the next sweep tries again
            except Exception:
                log.exception("retention_failed")
            await asyncio.sleep(PERIOD_SECONDS)

    async def sweep(self) -> int:
        """Erases what is due and gives how many conversations that were. Raises EngineError, SQLAlchemyError."""
        total = 0
        while ids := await self._database.write(self._close_due):
            for conversation_id in ids:
                self._hub.close(conversation_id)
            rewrite = self._rewritten_at is None or self._rewritten_at <= now() - REWRITTEN_EVERY
            done = await erase(self._database, self._engine, ids, rewrite=rewrite)
            total += done.conversations
            if rewrite:
                self._rewritten_at = now()
        if total:
            log.info("conversations_erased", reason="retention", count=total)
        return total

    def _close_due(self, session: Session) -> list[str]:
        query = select(Conversation).where(is_due(now(), self._kept, self._unfinished_kept))
        due = session.scalars(query.order_by(Conversation.updated_at).limit(AT_ONCE).with_for_update(skip_locked=True))
        return [close(session, conversation) for conversation in due]


def is_due(at: datetime, kept: timedelta, unfinished_kept: timedelta) -> ColumnElement[bool]:
    """Whether a conversation's time is over.

    A registration that was not finished: some time after the last activity. All others: some time after they were
    closed; what nobody closed counts as closed when its cookie's life was over.
    """
    unfinished = and_(Conversation.step.not_in(FINISHED), Conversation.owner.in_(_MACHINES))
    return and_(
        Conversation.erased_at.is_(None),
        or_(
            and_(unfinished, Conversation.updated_at <= at - unfinished_kept),
            Conversation.closed_at <= at - kept,
            Conversation.updated_at <= at - kept - IDLE_LIMIT,
        ),
    )


def close(session: Session, conversation: Conversation) -> str:
    """Ends a locked conversation for good: a turn that is under way belongs to nobody any more. Gives its id."""
    end(session, conversation)
    conversation.epoch += 1
    return conversation.id


async def erase(database: Database, engine: EngineClient, ids: Collection[str], *, rewrite: bool) -> Erased:
    """Erases conversations that were closed (`close`), in the engine and then in the ledger; may be repeated after any
    failure, and by several at once.

    What stays of each is a row without messages and under another id, which leads nowhere else: channel, the step that
    it reached, how many messages, times; and what it adds to the sums of its day (`figures.fold`). Raises EngineError:
    nothing was erased in the ledger then.
    """
    in_engine = await engine.erase(ids, rewrite=rewrite)

    def work(session: Session) -> tuple[int, int]:
        # in one order, or two gateways would wait for each other
        there = [conversation_id for conversation_id in sorted(ids) if _locked(session, conversation_id)]
        fold(session, there)
        counts = [_erase(session, conversation_id) for conversation_id in there]
        return len(counts), sum(counts)

    conversations, rows = await database.write(work)
    clean = await database.forget_deleted(rewrite=rewrite)
    return Erased(conversations, rows, in_engine.erased, clean and in_engine.clean)


def _locked(session: Session, conversation_id: str) -> bool:
    """Whether the conversation is there (still); for this transaction alone, then."""
    mine = select(Conversation.id).where(Conversation.id == conversation_id)
    return session.scalar(mine.with_for_update()) is not None


def _erase(session: Session, conversation_id: str) -> int:
    """How many rows belonged to the locked conversation."""
    mine = Conversation.id == conversation_id
    gone = 0
    for table in reversed(Base.metadata.sorted_tables):  # all that belongs to it, also in tables that come later
        if "conversation_id" in table.c:
            its_rows = delete(table).where(table.c.conversation_id == conversation_id)
            gone += cast(CursorResult[Any], session.execute(its_rows)).rowcount
    session.execute(
        update(Conversation)
        .where(mine)
        .values(
            id=uuid4().hex,
            mobile=None,
            token_hash=None,
            former_token_hash=None,
            former_valid_until=None,
            rotation_key="",
            csrf="",
            erased_at=now(),
        )
        .execution_options(synchronize_session=False)
    )
    return gone
