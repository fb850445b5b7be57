"""Signing in with e-mail and password, then with the code of an authenticator app; one answer for all that is wrong."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from areaclienti.crypto import Sealer
from areaclienti.desk import totp
from areaclienti.desk.audit import record
from areaclienti.desk.hours import utc_now
from areaclienti.desk.sessions import Sessions, digest
from areaclienti.desk.throttle import Throttle
from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.desk import DeskAgent
from areaclienti.gateway.db.desk_access import DeskSignIn
from areaclienti.password_hashes import Passwords

ATTEMPTS: Final = 3  # codes in one sign-in; then the password is asked again, and with it the throttle
LIFE: Final = timedelta(minutes=5)  # between password and code
MAX_EMAIL = 254
DEMO_ID: Final = "demo-"  # ids of people whose password is public


class Refused(Exception):
    """E-mail, password or code is wrong: which of them, and whether there is such an agent, is not told."""


class Over(Exception):
    """The sign-in whose code was to come is over, or never was: begin again with the password."""


class Wait(Exception):
    """Too many failures: nothing was looked at."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"{seconds} s")
        self.seconds = seconds


@dataclass(frozen=True)
class Opened:
    """A session was opened: its token for the cookie, and the page that was asked for before."""

    token: str
    return_to: str | None


class SignIn:
    """Local accounts. The password's step raises Wait before anything is looked at, whoever's account it is."""

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        sealer: Sealer,
        throttle: Throttle,
        sessions: Sessions,
        *,
        with_demo: bool,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """`with_demo`: people whose password is public may come in."""
        self._database = database
        self._passwords = passwords
        self._sealer = sealer
        self._throttle = throttle
        self._sessions = sessions
        self._with_demo = with_demo
        self._clock = clock

    async def password(self, email: str, password: str, address: str, return_to: str | None = None) -> str:
        """The token of a sign-in that now waits for its code. Raises Refused, Wait."""
        email = normal(email)
        agent = await self._database.write(lambda session: self._reserved(session, email, address))
        known = agent if agent is not None and self._may_come(agent) else None
        stored = known.password_hash if known is not None else None
        is_right = await self._passwords.verify(stored, password)
        rehashed = None
        if known is not None and is_right and self._passwords.is_outdated(stored or ""):
            rehashed = await self._passwords.hash(password)
        token = secrets.token_urlsafe(32)

        def work(session: Session) -> bool:
            if known is None or not is_right:
                record(
                    session, agent.id if agent else None, "sign_in_refused", reason_code="password", at=self._clock()
                )
                return False
            if rehashed is not None:
                unchanged = DeskAgent.password_hash == stored
                session.execute(
                    update(DeskAgent).where(DeskAgent.id == known.id, unchanged).values(password_hash=rehashed)
                )
            session.execute(delete(DeskSignIn).where(DeskSignIn.expires_at <= self._clock()))
            session.add(
                DeskSignIn(
                    token_hash=digest(token),
                    agent_id=known.id,
                    attempts=0,
                    return_to=return_to,
                    expires_at=self._clock() + LIFE,
                )
            )
            return True

        if not await self._database.write(work):
            raise Refused
        return token

    async def waits_for_code(self, token: str | None) -> str | None:
        """The id of the agent whose sign-in waits for a code under this token."""
        if token is None:
            return None
        found = await self._database.read(lambda session: session.get(DeskSignIn, digest(token)))
        return found.agent_id if found is not None and found.expires_at > self._clock() else None

    async def code(self, token: str | None, typed: str, address: str) -> Opened:
        """The session, where the code is right and was not taken before. Raises Refused, Over.

        It never has to wait itself: who waited long enough for his password would else wait again, without end.
        """
        if token is None:
            raise Over

        def work(session: Session) -> Opened | Exception:
            present = self._clock()
            mine = select(DeskSignIn).where(DeskSignIn.token_hash == digest(token)).with_for_update()
            pending = session.scalar(mine)
            if pending is None or pending.expires_at <= present or pending.attempts >= ATTEMPTS:
                return Over()
            agent = session.get_one(DeskAgent, pending.agent_id)
            if not self._may_come(agent) or agent.totp_sealed is None:
                return Over()
            pending.attempts += 1
            secret = totp.unseal(self._sealer, agent.id, agent.totp_sealed)
            step = totp.step_of(secret, typed, present, agent.totp_last_step)
            if step is None or not totp.take(session, agent.id, step):
                self._throttle.count(session, normal(agent.email), address, present)
                record(session, agent.id, "sign_in_refused", reason_code="code", at=present)
                return Over() if pending.attempts >= ATTEMPTS else Refused()
            counted = pending.attempts  # the password, and each wrong code
            self._throttle.take_back(session, normal(agent.email), address, present, counted)
            opened = Opened(self._sessions.open(session, agent, "password"), pending.return_to)
            session.delete(pending)
            return opened

        found = await self._database.write(work)
        if isinstance(found, Exception):
            raise found  # what was counted is kept
        return found

    def _reserved(self, session: Session, email: str, address: str) -> DeskAgent | None:
        if seconds := self._throttle.reserve(session, email, address, self._clock()):
            raise Wait(seconds)
        return session.scalar(select(DeskAgent).where(func.lower(DeskAgent.email) == email))

    def _may_come(self, agent: DeskAgent) -> bool:
        return agent.active and agent.totp_sealed is not None and (self._with_demo or not agent.id.startswith(DEMO_ID))


def normal(email: str) -> str:
    """An e-mail address as it is compared and counted."""
    return email.strip().lower()
