"""Tracker store: a window of each conversation and the answers of its last turns, written in one transaction."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import SlotSet
from rasa.shared.core.trackers import DialogueStateTracker

from engine import window
from engine.turn import Turn, TurnFailed, current

KEPT_ANSWERS = 50
OWN_MOBILE = "own_mobile"
LARGEST_REWRITTEN = 256 * 1024 * 1024  # bytes; turns wait while a file is rewritten, a second or two for so many
OVERWRITES = 1  # the `user_version` of a file in which everything deleted was overwritten
REMEMBERED_SECONDS = 24 * 60 * 60  # an erased conversation: no turn is under way for so long

metadata = sa.MetaData()
conversations = sa.Table(
    "conversations",
    metadata,
    sa.Column("conversation_id", sa.String(200), primary_key=True),
    sa.Column("events", sa.Text, nullable=False),
    sa.Column("updated_at", sa.Float, nullable=False),
)
turns = sa.Table(
    "turns",
    metadata,
    sa.Column("turn", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("conversation_id", sa.String(200), nullable=False),
    sa.Column("message_id", sa.String(200), nullable=False),
    sa.Column("answer", sa.Text, nullable=False),
    sa.UniqueConstraint("conversation_id", "message_id"),
)
erased = sa.Table(
    "erased",
    metadata,
    sa.Column("conversation_id", sa.String(200), primary_key=True),
    sa.Column("erased_at", sa.Float, nullable=False),
)


class ConversationStore(TrackerStore):  # type: ignore[misc]
    """Keeps what the next turn needs: cost per turn does not grow with the conversation.

    `save` stores the tracker's window and the answer of the turn in `turn.current` together, or nothing: a turn that
    failed leaves no trace and can be sent again; one that succeeded is answered from here when it is sent again.
    Errors of the database are raised, never hidden behind an empty tracker.
    """

    def __init__(
        self,
        domain: Domain | None,
        host: str | None = None,
        event_broker: EventBroker | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(domain, event_broker)
        url = sa.engine.make_url(host or "sqlite:///var/engine.db")
        if url.get_backend_name() == "sqlite" and url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        self._engine = sa.create_engine(url, future=True)
        if url.get_backend_name() == "sqlite":
            sa.event.listen(self._engine, "connect", _configure_sqlite)
        metadata.create_all(self._engine)
        self._forget_what_older_versions_deleted()

    @property
    def domain(self) -> Domain:
        return self._domain

    @domain.setter
    def domain(self, domain: Domain | None) -> None:
        self._domain = domain or Domain.empty()

    def check(self) -> None:
        """Raises when the database doesn't answer."""
        with self._engine.connect() as connection:
            connection.execute(sa.select(sa.literal(1)))

    def answer(self, conversation_id: str, message_id: str) -> dict[str, Any] | None:
        """The stored answer of a turn that was handled before, else None."""
        query = sa.select(turns.c.answer).where(
            turns.c.conversation_id == conversation_id, turns.c.message_id == message_id
        )
        with self._engine.connect() as connection:
            stored = connection.execute(query).scalar_one_or_none()
        return None if stored is None else json.loads(stored)

    def knows(self, conversation_id: str) -> bool:
        """Whether a turn of the conversation was stored."""
        query = sa.select(sa.literal(1)).where(conversations.c.conversation_id == conversation_id)
        with self._engine.connect() as connection:
            return connection.execute(query).first() is not None

    async def create_tracker(self, sender_id: str, append_action_listen: bool = True) -> DialogueStateTracker:
        """A new tracker, or the one that the turn has begun; stored with its first turn, never before."""
        turn = current.get()
        if turn is None or turn.begun is None:
            return self.init_tracker(sender_id)
        return _with_mobile(turn.begun, turn, self.domain)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        query = sa.select(conversations.c.events).where(conversations.c.conversation_id == sender_id)
        with self._engine.connect() as connection:
            stored = connection.execute(query).scalar_one_or_none()
        if stored is None:
            return None
        tracker = DialogueStateTracker.from_dict(sender_id, json.loads(stored), self.domain.slots)
        return _with_mobile(tracker, current.get(), self.domain)

    async def save(self, tracker: DialogueStateTracker) -> None:
        turn = current.get()
        answer = turn.finish(tracker) if turn else None
        await self.stream_events(tracker)
        events = json.dumps([event.as_dict() for event in window.cut(tracker, self.domain)])
        with self._engine.begin() as connection:
            row = {"events": events, "updated_at": time.time()}
            known = sa.update(conversations).where(conversations.c.conversation_id == tracker.sender_id).values(row)
            if not connection.execute(known).rowcount:
                connection.execute(sa.insert(conversations).values(conversation_id=tracker.sender_id, **row))
            if turn and answer:
                self._store_answer(connection, turn.conversation_id, turn.message_id, answer)
            is_erased = sa.select(erased.c.conversation_id).where(erased.c.conversation_id == tracker.sender_id)
            if connection.execute(is_erased).first() is not None:
                raise TurnFailed("conversation_erased")

    def _store_answer(
        self, connection: sa.engine.Connection, conversation_id: str, message_id: str, answer: dict[str, Any]
    ) -> None:
        connection.execute(
            sa.insert(turns).values(
                conversation_id=conversation_id, message_id=message_id, answer=json.dumps(answer, ensure_ascii=False)
            )
        )
        oldest_kept = (
            sa.select(turns.c.turn)
            .where(turns.c.conversation_id == conversation_id)
            .order_by(turns.c.turn.desc())
            .offset(KEPT_ANSWERS - 1)
            .limit(1)
            .scalar_subquery()
        )
        connection.execute(
            sa.delete(turns).where(turns.c.conversation_id == conversation_id, turns.c.turn < oldest_kept)
        )

    def erase(self, conversation_ids: Collection[str]) -> int:
        """Deletes conversations with their answers, and refuses their turns from here on; gives how many there were.

        A turn that began before can't bring one back: it is not stored. The same again changes nothing.
        """
        ids, now = list(conversation_ids), time.time()
        with self._engine.begin() as connection:
            connection.execute(sa.delete(erased).where(erased.c.erased_at < now - REMEMBERED_SECONDS))
            connection.execute(sa.delete(erased).where(erased.c.conversation_id.in_(ids)))
            if ids:
                connection.execute(sa.insert(erased), [{"conversation_id": one, "erased_at": now} for one in ids])
            connection.execute(sa.delete(turns).where(turns.c.conversation_id.in_(ids)))
            gone = connection.execute(sa.delete(conversations).where(conversations.c.conversation_id.in_(ids)))
        return int(gone.rowcount)

    def read(self, conversation_id: str) -> dict[str, Any] | None:
        """All that is kept of a conversation: when it was last written, its events, its answers, the oldest first."""
        mine = sa.select(conversations).where(conversations.c.conversation_id == conversation_id)
        its_turns = sa.select(turns).where(turns.c.conversation_id == conversation_id).order_by(turns.c.turn)
        with self._engine.connect() as connection:
            row = connection.execute(mine).first()
            answers = connection.execute(its_turns).all()
        if row is None:
            return None
        return {
            "conversation_id": conversation_id,
            "updated_at": row.updated_at,
            "events": json.loads(row.events),
            "answers": [{"message_id": turn.message_id, **json.loads(turn.answer)} for turn in answers],
        }

    def mentioning(self, words: Collection[str]) -> list[str]:
        """The ids of the conversations in whose events one of the words stands, whatever its case."""
        # as json.dumps wrote them: in ASCII, with escapes
        wanted = [json.dumps(word.lower())[1:-1] for word in words]
        events = sa.func.lower(conversations.c.events)
        query = sa.select(conversations.c.conversation_id).where(
            sa.or_(sa.false(), *(events.contains(word, autoescape=True) for word in wanted))
        )
        with self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def forget_deleted(self, *, rewrite: bool) -> bool:
        """Takes what was deleted out of SQLite's journal and, with `rewrite`, out of the whole file; tells whether all
        that was done. Another database does that by itself. As `areaclienti.sqlite_files`, for this environment.

        `secure_delete` alone leaves copies behind, which SQLite makes when it splits a page; VACUUM leaves none.
        """
        url = self._engine.url
        if url.get_backend_name() != "sqlite" or not url.database:
            return True
        is_small = Path(url.database).stat().st_size <= LARGEST_REWRITTEN
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if rewrite and is_small:
                connection.exec_driver_sql("VACUUM")
            busy, *_ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        return not busy and (is_small or not rewrite)

    def _forget_what_older_versions_deleted(self) -> None:
        """Once: they deleted without overwriting."""
        if self._engine.url.get_backend_name() != "sqlite":
            return
        with self._engine.connect() as connection:
            if connection.exec_driver_sql("PRAGMA user_version").scalar_one() >= OVERWRITES:
                return
        self.forget_deleted(rewrite=True)
        with self._engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA user_version = {OVERWRITES}")

    async def keys(self) -> Iterable[str]:
        with self._engine.connect() as connection:
            return list(connection.execute(sa.select(conversations.c.conversation_id)).scalars())


def _with_mobile(tracker: DialogueStateTracker, turn: Turn | None, domain: Domain) -> DialogueStateTracker:
    """The tracker, told the number that the customer writes from where it is news."""
    if turn and turn.mobile and tracker.get_slot(OWN_MOBILE) != turn.mobile:
        tracker.update(SlotSet(OWN_MOBILE, turn.mobile), domain)
    return tracker


def _configure_sqlite(connection: Any, record: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA busy_timeout=5000")
    connection.execute("PRAGMA secure_delete=ON")
