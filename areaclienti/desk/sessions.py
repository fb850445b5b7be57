"""Sessions of agents: opened by a sign-in, ended by time, sign-out or revocation; no token is stored."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import uuid4

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from areaclienti.desk import agents
from areaclienti.desk.audit import record
from areaclienti.desk.hours import utc_now
from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.desk import DeskAgent
from areaclienti.gateway.db.desk_access import DeskSession

Way = Literal["password", "oidc"]
NOTED_EVERY = timedelta(seconds=60)  # a write for each request would be one too many
_KEPT = timedelta(days=1)  # sessions that are over


@dataclass(frozen=True)
class SignedIn:
    """Who is signed in, as read for this request: rights are his as they are now, not as at the sign-in."""

    agent_id: str
    name: str
    roles: frozenset[str]
    agency_code: str | None
    consultant_code: str | None
    session_id: str


class Sessions:
    """All agents' sessions. One is over when it was not used for `idle`, and at its latest `life` after the sign-in."""

    def __init__(
        self, database: Database, idle: timedelta, life: timedelta, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._database = database
        self._idle = idle
        self._life = life
        self._clock = clock

    @property
    def life(self) -> timedelta:
        """How long a session lasts at most."""
        return self._life

    def open(self, session: Session, agent: DeskAgent, way: Way) -> str:
        """A new session in the caller's transaction; gives the token for the cookie."""
        token, present = secrets.token_urlsafe(32), self._clock()
        forget = DeskSession.expires_at <= present - _KEPT
        for old in session.scalars(select(DeskSession).where(forget)):
            session.delete(old)
        session.add(
            DeskSession(
                id=uuid4().hex,
                token_hash=digest(token),
                agent_id=agent.id,
                way=way,
                created_at=present,
                seen_at=present,
                expires_at=present + self._life,
            )
        )
        record(session, agent.id, "signed_in", reason_code=way, at=present)
        return token

    async def find(self, token: str | None) -> SignedIn | None:
        """Who holds the token, None when it is nobody's, over or revoked. Using a session keeps it from idling."""
        if token is None:
            return None
        query = self._living().where(DeskSession.token_hash == digest(token))
        row = await self._database.read(lambda session: session.execute(query).one_or_none())
        if row is None:
            return None
        opened, agent = row
        if opened.seen_at <= self._clock() - NOTED_EVERY:
            await self._note(opened.id)
        return SignedIn(
            agent.id, agent.name, frozenset(agent.roles), agent.agency_code, agent.consultant_code, opened.id
        )

    async def lives(self, session_id: str) -> bool:
        """Whether the session is not over; asking is no use of it."""
        query = self._living().where(DeskSession.id == session_id)
        return await self._database.read(lambda session: session.execute(query).one_or_none()) is not None

    async def end(self, session_id: str) -> None:
        """Sign out. Who has no other session is not at the desk any more: the rounds pass on what he had."""

        def work(session: Session) -> None:
            opened = session.get(DeskSession, session_id)
            if opened is None or opened.revoked_at is not None:
                return
            opened.revoked_at = self._clock()
            session.flush()
            record(session, opened.agent_id, "signed_out", at=self._clock())
            others = self._living().where(DeskSession.agent_id == opened.agent_id)
            if session.execute(others.limit(1)).first() is None:
                agents.seen(session, opened.agent_id, self._clock(), "offline")

        await self._database.write(work)

    async def _note(self, session_id: str) -> None:
        used = update(DeskSession).where(DeskSession.id == session_id).values(seen_at=self._clock())
        await self._database.write(lambda session: session.execute(used))

    def _living(self) -> Select[DeskSession, DeskAgent]:
        present = self._clock()
        return (
            select(DeskSession, DeskAgent)
            .join(DeskAgent, DeskAgent.id == DeskSession.agent_id)
            .where(
                DeskAgent.active,
                DeskSession.revoked_at.is_(None),
                DeskSession.expires_at > present,
                DeskSession.seen_at > present - self._idle,
            )
        )


def end_all(session: Session, agent_id: str, at: datetime) -> int:
    """End every session of an agent, in the caller's transaction; how many there were."""
    query = select(DeskSession).where(DeskSession.agent_id == agent_id, DeskSession.revoked_at.is_(None))
    living = session.scalars(query).all()
    for opened in living:
        opened.revoked_at = at
    return len(living)


def digest(token: str) -> str:
    """What is stored of a token of 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()
