"""The row that says how far a conversation is at Chatwoot; one worker has it at a time, of all gateways."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, and_, exists, or_, select, true, update
from sqlalchemy.orm import Session

from areaclienti.desk.chatwoot.events import State
from areaclienti.gateway.db.chatwoot import ChatwootLink, ChatwootMessage
from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.desk import Handover
from areaclienti.gateway.db.models import Conversation, now

SOURCE = "ac-"  # begins the `source_id` of all that we send
OPEN_STATES = ("queued", "offered", "human", "callback")  # what agents may have something to do with


class Lost(Exception):
    """Another worker has the conversation now: what this one was about to note is void."""


@dataclass(frozen=True)
class Patience:
    """How long a worker may be silent before another takes over; how long a request without an answer may still be
    under way at Chatwoot, which gives up its own after 15 s; how often it is asked what nobody told us; how long
    customers wait before they are told that nobody sees them.
    """

    lease: timedelta = timedelta(seconds=25)
    proof: timedelta = timedelta(seconds=20)
    look: timedelta = timedelta(seconds=30)
    told_after: timedelta = timedelta(seconds=20)


class Link:
    """A conversation's row, held by one worker. Every change is fenced: it raises Lost when the row is another's."""

    def __init__(self, database: Database, row: ChatwootLink, patience: Patience) -> None:
        self._database = database
        self._patience = patience
        self.row = row

    @property
    def source(self) -> str:
        """What begins the `source_id` of all that we send into the conversation."""
        return f"{SOURCE}{self.row.identifier[:16]}-"

    async def note(self, **values: Any) -> None:
        """Write what became true."""
        mine = and_(ChatwootLink.ledger_id == self.row.ledger_id, ChatwootLink.lease == self.row.lease)
        held = {"leased_until": now() + self._patience.lease}
        change = update(ChatwootLink).where(mine).values(**values, **held)
        change = change.execution_options(synchronize_session=False)

        def work(session: Session) -> bool:
            return cast(CursorResult[Any], session.execute(change)).rowcount == 1

        if not await self._database.write(work):
            raise Lost
        for name, value in values.items():
            setattr(self.row, name, value)

    async def let_go(self) -> None:
        """Another may have it."""
        mine = and_(ChatwootLink.ledger_id == self.row.ledger_id, ChatwootLink.lease == self.row.lease)
        change = update(ChatwootLink).where(mine).values(lease=None, leased_until=None)
        await self._database.write(lambda session: session.execute(change))


async def take(database: Database, ledger_id: str, patience: Patience) -> Link | None:
    """The conversation's row for this worker alone; a new one where there is none. None while another has it."""

    def work(session: Session) -> ChatwootLink | None:
        row = session.get(ChatwootLink, ledger_id, with_for_update=True)
        if row is None:
            if session.get(Conversation, ledger_id) is None:
                return None
            row = ChatwootLink(ledger_id=ledger_id, identifier=secrets.token_hex(20))
            session.add(row)
        elif row.leased_until is not None and row.leased_until > now():
            return None
        row.lease, row.leased_until = secrets.token_hex(16), now() + patience.lease
        session.flush()
        session.expunge(row)
        return row

    row = await database.write(work)
    return Link(database, row, patience) if row is not None else None


def conversation_of(session: Session, chatwoot_id: int) -> str | None:
    """Our conversation that is this one at Chatwoot."""
    mine = ChatwootLink.chatwoot_id == chatwoot_id
    there = select(ChatwootLink.ledger_id).join(Conversation, Conversation.id == ChatwootLink.ledger_id)
    return session.scalar(there.where(mine))


def was_told(session: Session, ledger_id: str, state: State) -> None:
    """Keep the state that a webhook told, if it is known to be the newer one; what Chatwoot answers is always that."""
    row = session.get(ChatwootLink, ledger_id, with_for_update=True)
    known = float((row.seen or {}).get("updated_at", 0.0)) if row is not None else 0.0
    if row is not None and known and state.updated_at > known:
        row.seen = state.as_json()


def in_work(session: Session, looked_before: datetime, only: str | None = None) -> tuple[set[str], set[str]]:
    """The conversations that have something to send or to act on, and those that were not looked at lately; `only`
    this one.
    """
    is_meant = Conversation.id == only if only is not None else true()
    of_links = ChatwootLink.ledger_id == Conversation.id
    opened = (
        select(Conversation.id)
        .join(Handover, Handover.conversation_id == Conversation.id)
        .outerjoin(ChatwootLink, of_links)
        .where(is_meant, Handover.ended_at.is_(None), Handover.state.in_(OPEN_STATES), Handover.level.is_not(None))
    )
    to_send = or_(
        ChatwootLink.ledger_id.is_(None),
        ChatwootLink.announced_handover_id.is_distinct_from(Handover.id),
        Conversation.last_seq > ChatwootLink.sent_seq,
    )
    over = (
        select(Conversation.id)
        .join(ChatwootLink, of_links)
        .join(Handover, Handover.id == ChatwootLink.announced_handover_id)
        .where(
            is_meant,
            Handover.ended_at.is_not(None),
            ChatwootLink.ended_handover_id.is_distinct_from(ChatwootLink.announced_handover_id),
        )
    )
    # also in conversations that nobody has any more: whoever wrote too late is told
    written = select(Conversation.id).where(
        is_meant, exists().where(ChatwootMessage.conversation_id == Conversation.id, ChatwootMessage.state == "pending")
    )
    is_given_back = and_(Handover.state == "queued", ChatwootLink.assignee_id.is_not(None))
    unseen = or_(ChatwootLink.read_at.is_(None), ChatwootLink.read_at <= looked_before, is_given_back)
    looking = opened.where(ChatwootLink.chatwoot_id.is_not(None), unseen)
    sending = {*session.scalars(opened.where(to_send)), *session.scalars(over), *session.scalars(written)}
    return sending, set(session.scalars(looking))


def with_people(session: Session) -> set[str]:
    """The conversations that people have, or are to have."""
    is_open = Handover.ended_at.is_(None) & Handover.state.in_(OPEN_STATES)
    return set(session.scalars(select(Handover.conversation_id).where(is_open)))


def orphans(session: Session, most: int) -> list[tuple[str, str, int | None]]:
    """Rows whose conversation was erased: ledger id, identifier, contact's id."""
    is_there = exists().where(Conversation.id == ChatwootLink.ledger_id)
    query = select(ChatwootLink.ledger_id, ChatwootLink.identifier, ChatwootLink.contact_id).where(~is_there)
    return [(ledger_id, identifier, contact) for ledger_id, identifier, contact in session.execute(query.limit(most))]
