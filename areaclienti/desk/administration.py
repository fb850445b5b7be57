"""Who works at the desk: inviting, changing, revoking, and the link with which an agent gets his two factors."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from areaclienti.crypto import Sealer
from areaclienti.desk import agents, totp
from areaclienti.desk.audit import OPERATOR, record
from areaclienti.desk.hours import utc_now
from areaclienti.desk.scope import Role
from areaclienti.desk.sessions import Sessions, digest, end_all
from areaclienti.desk.sign_in import normal
from areaclienti.domain.passwords import failed_rules, personal_words
from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.desk import DeskAgent
from areaclienti.gateway.db.desk_access import DeskInvitation, DeskSignIn
from areaclienti.password_hashes import Passwords

INVITATION_PATH: Final = "/desk/invito"


class NoSuchAgent(Exception):
    """Nobody at the desk has that e-mail address."""


class CodeInUse(Exception):
    """The consultant's code is another agent's."""


class Gone(Exception):
    """The invitation is unknown, used, replaced, over, or of somebody who was revoked."""


class NotGood(Exception):
    """What was given with an invitation does not do; nothing was changed. `rules` the password breaks."""

    def __init__(self, rules: Sequence[str], is_code_wrong: bool) -> None:
        super().__init__("not good")
        self.rules = rules
        self.is_code_wrong = is_code_wrong


@dataclass(frozen=True)
class Position:
    """What somebody is at the desk. Without an agency: of the pool, the insurer's own people."""

    name: str
    email: str
    roles: Collection[Role]
    agency_code: str | None = None
    consultant_code: str | None = None
    capacity: int = 3


@dataclass(frozen=True)
class Invited:
    """Whom an invitation is for, and the second factor that he is offered."""

    agent_id: str
    name: str
    email: str
    secret: str


class Administration:
    """What a supervisor has done at the command line. Every change is in the audit."""

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        public_url: str,
        invitation_life: timedelta,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._public_url = public_url.rstrip("/")
        self._life = invitation_life
        self._clock = clock

    async def all(self) -> Sequence[DeskAgent]:
        """Everybody, by name; also who was revoked."""
        query = select(DeskAgent).order_by(DeskAgent.name, DeskAgent.id)
        return await self._database.read(lambda session: session.scalars(query).all())

    async def invite(self, position: Position) -> str:
        """A link with which he gets in. Known already: his position is changed, and he may come again; his password
        stays good until the link is used. Raises CodeInUse.
        """

        def work(session: Session) -> str:
            agent = _find(session, position.email)
            if agent is None:
                agent = agents.new_agent(
                    position.name,
                    normal(position.email),
                    position.roles,
                    agency_code=position.agency_code,
                    consultant_code=position.consultant_code,
                    capacity=position.capacity,
                )
                session.add(agent)
            else:
                agent.name, agent.roles, agent.active = position.name, sorted(position.roles), True
                agent.agency_code, agent.consultant_code = position.agency_code, position.consultant_code
                agent.capacity = position.capacity
            session.flush()
            record(session, OPERATOR, "invited", reason_code=agent.id, at=self._clock())
            return self._link(session, agent)

        try:
            return await self._database.write(work)
        except IntegrityError:
            raise CodeInUse from None

    async def revoke(self, email: str) -> int:
        """He may not come any more, from now on: sessions and invitations end, his conversations go back into the
        queue with the next round. How many sessions there were. Raises NoSuchAgent.
        """

        def work(session: Session) -> int:
            agent = _known(session, email)
            agent.active = False
            ended = self._shut_out(session, agent)
            record(session, OPERATOR, "revoked", reason_code=agent.id, at=self._clock())
            return ended

        return await self._database.write(work)

    async def reset(self, email: str) -> str:
        """A new link; password, second factor and the tie to the insurer's sign-in are worth nothing from now on.

        Raises NoSuchAgent, also for who was revoked.
        """

        def work(session: Session) -> str:
            agent = _known(session, email)
            if not agent.active:
                raise NoSuchAgent
            agent.password_hash = agent.totp_sealed = agent.totp_last_step = agent.oidc_subject = None
            self._shut_out(session, agent)
            record(session, OPERATOR, "reset", reason_code=agent.id, at=self._clock())
            return self._link(session, agent)

        return await self._database.write(work)

    def _shut_out(self, session: Session, agent: DeskAgent) -> int:
        for table in (DeskInvitation, DeskSignIn):
            session.execute(delete(table).where(table.agent_id == agent.id))
        return end_all(session, agent.id, self._clock())

    def _link(self, session: Session, agent: DeskAgent) -> str:
        token = secrets.token_urlsafe(32)
        session.execute(delete(DeskInvitation).where(DeskInvitation.agent_id == agent.id))
        session.add(
            DeskInvitation(
                token_hash=digest(token),
                agent_id=agent.id,
                totp_sealed=totp.seal(self._sealer, agent.id, totp.new_secret()),
                expires_at=self._clock() + self._life,
            )
        )
        return f"{self._public_url}{INVITATION_PATH}/{token}"


class Invitations:
    """The agent's side of a link."""

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        passwords: Passwords,
        sessions: Sessions,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._passwords = passwords
        self._sessions = sessions
        self._clock = clock

    async def find(self, token: str) -> Invited:
        """Whom it is for; looking does not use it. Raises Gone."""
        return await self._database.read(lambda session: self._invited(session, token))

    async def use(self, token: str, password: str, code: str) -> str:
        """Take password and second factor, and open a session: its token. Sessions of before end.

        Raises Gone; NotGood, and the link stays good.
        """
        invited = await self.find(token)
        rules = failed_rules(password, personal_words([invited.name], [invited.email]))
        step = totp.step_of(invited.secret, code, self._clock(), None)
        if rules or step is None:
            raise NotGood(rules, step is None)
        hashed = await self._passwords.hash(password)

        def work(session: Session) -> str:
            mine = select(DeskInvitation).where(DeskInvitation.token_hash == digest(token)).with_for_update()
            invitation = session.scalar(mine)
            if invitation is None or invitation.expires_at <= self._clock():
                raise Gone  # used meanwhile
            agent = session.get_one(DeskAgent, invitation.agent_id)
            agent.password_hash, agent.totp_sealed, agent.totp_last_step = hashed, invitation.totp_sealed, step
            session.delete(invitation)
            end_all(session, agent.id, self._clock())
            record(session, agent.id, "invitation_used", at=self._clock())
            return self._sessions.open(session, agent, "password")

        return await self._database.write(work)

    def _invited(self, session: Session, token: str) -> Invited:
        invitation = session.get(DeskInvitation, digest(token))
        agent = session.get(DeskAgent, invitation.agent_id) if invitation is not None else None
        if invitation is None or agent is None or not agent.active or invitation.expires_at <= self._clock():
            raise Gone
        secret = totp.unseal(self._sealer, agent.id, invitation.totp_sealed)
        return Invited(agent.id, agent.name, agent.email, secret)


def _find(session: Session, email: str) -> DeskAgent | None:
    return session.scalar(select(DeskAgent).where(func.lower(DeskAgent.email) == normal(email)))


def _known(session: Session, email: str) -> DeskAgent:
    agent = _find(session, email)
    if agent is None:
        raise NoSuchAgent
    return agent
