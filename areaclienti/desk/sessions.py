"""Sessions of agents: opened by a sign-in, ended by time, sign-out or revocation; no token is stored."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import bindparam, select, update
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

# Sessions that are not over; built once, that takes longer than to run one.
_LIVING = (
    select(
        DeskSession.id,
        DeskSession.seen_at,
        DeskAgent.id,
        DeskAgent.name,
        DeskAgent.roles,
        DeskAgent.agency_code,
        DeskAgent.consultant_code,
    )
    .join(DeskAgent, DeskAgent.id == DeskSession.agent_id)
    .where(
        DeskAgent.active,
        DeskSession.revoked_at.is_(None),
        DeskSession.expires_at > bindparam("present"),
        DeskSession.seen_at > bindparam("used_after"),
    )
)
_BY_TOKEN = _LIVING.where(DeskSession.token_hash == bindparam("token_hash"))
_BY_IDS = _LIVING.where(DeskSession.id.in_(bindparam("session_ids", expanding=True)))
_OF_AGENT = _LIVING.where(DeskSession.agent_id == bindparam("agent_id")).limit(1)


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
        self._asked_for: set[str] = set()  # by who waits for the next answer
        self._answer: asyncio.Future[frozenset[str]] | None = None

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
        values = self._present() | {"token_hash": digest(token)}
        row = await self._database.read_at_once(lambda session: session.execute(_BY_TOKEN, values).one_or_none())
        if row is None:
            return None
        session_id, seen_at, agent_id, name, roles, agency_code, consultant_code = row
        if seen_at <= self._clock() - NOTED_EVERY:
            await self._note(session_id)
        return SignedIn(agent_id, name, frozenset(roles), agency_code, consultant_code, session_id)

    async def lives(self, session_id: str) -> bool:
        """Whether the session is not over; asking is no use of it. All who ask in one moment, as the streams do that
        one change has woken, are answered by one statement.
        """
        self._asked_for.add(session_id)
        if self._answer is None:
            self._answer = asyncio.ensure_future(self._alive())
        return session_id in await asyncio.shield(self._answer)

    async def _alive(self) -> frozenset[str]:
        await asyncio.sleep(0)  # until all of this moment have asked
        asked_for, self._asked_for, self._answer = self._asked_for, set(), None
        values = self._present() | {"session_ids": list(asked_for)}
        return await self._database.read_at_once(lambda session: frozenset(session.scalars(_BY_IDS, values)))

    async def end(self, session_id: str) -> None:
        """Sign out. Who has no other session is not at the desk any more: the rounds pass on what he had."""

        def work(session: Session) -> None:
            opened = session.get(DeskSession, session_id)
            if opened is None or opened.revoked_at is not None:
                return
            opened.revoked_at = self._clock()
            session.flush()
            record(session, opened.agent_id, "signed_out", at=self._clock())
            if session.execute(_OF_AGENT, self._present() | {"agent_id": opened.agent_id}).first() is None:
                agents.seen(session, opened.agent_id, self._clock(), "offline")

        await self._database.write(work)

    async def _note(self, session_id: str) -> None:
        used = update(DeskSession).where(DeskSession.id == session_id).values(seen_at=self._clock())
        await self._database.write(lambda session: session.execute(used))

    def _present(self) -> dict[str, Any]:
        present = self._clock()
        return {"present": present, "used_after": present - self._idle}


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
