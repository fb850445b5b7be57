"""The demo's people at the desk: of the demo registry's agencies and of the pool, with a password that is public."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from areaclienti.crypto import Sealer
from areaclienti.desk import agents, totp
from areaclienti.desk.audit import DESK, record
from areaclienti.desk.hours import utc_now
from areaclienti.desk.scope import Role
from areaclienti.desk.sign_in import DEMO_ID
from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.desk import DeskAgent

DEMO_PASSWORD: Final = "Lampada-Verde7"  # as the demo's customers': it is shown on the sign-in page


class DemoPeopleFound(Exception):
    """Somebody with a public password is at the desk where real people are written to."""


@dataclass(frozen=True)
class Person:
    """Somebody to try the desk as. `key` ends his id."""

    key: str
    name: str
    email: str
    role: Role
    agency_code: str | None = None
    consultant_code: str | None = None

    @property
    def id(self) -> str:
        return DEMO_ID + self.key


# Codes and consultants are those of the demo registry: Mario Rossi's consultant is Chiara Lombardi.
PEOPLE: Final = (
    Person("cons-01", "Chiara Lombardi", "chiara.lombardi@agenzie.example", "agente", "AG-01", "CONS-01"),
    Person("ag-01", "Paola Riva", "paola.riva@agenzie.example", "agente", "AG-01"),
    Person("super-01", "Stefania Villa", "stefania.villa@agenzie.example", "supervisore", "AG-01"),
    Person("cons-02", "Andrea Moretti", "andrea.moretti@agenzie.example", "agente", "AG-02", "CONS-02"),
    Person("ag-02", "Luca Serra", "luca.serra@agenzie.example", "agente", "AG-02"),
    Person("pool", "Giulia Conti", "giulia.conti@servizio-clienti.example", "agente"),
    Person("super", "Marta Ricci", "marta.ricci@servizio-clienti.example", "supervisore"),
    Person("auditor", "Enrico Sala", "enrico.sala@servizio-clienti.example", "auditor"),
)


@dataclass(frozen=True)
class Offered:
    """A person as the sign-in page offers him."""

    name: str
    email: str
    role: str
    agency_code: str | None


def load_people(session: Session, sealer: Sealer, password_hash: str) -> int:
    """Let the demo's people come; how many are new. None where a real agent is: the two never mix."""
    known = set(session.scalars(select(DeskAgent.id)))
    if any(not agent_id.startswith(DEMO_ID) for agent_id in known):
        return 0
    new = [person for person in PEOPLE if person.id not in known]
    for person in new:
        agent = agents.new_agent(
            person.name,
            person.email,
            [person.role],
            agency_code=person.agency_code,
            consultant_code=person.consultant_code,
        )
        agent.id = person.id
        agent.password_hash = password_hash
        agent.totp_sealed = totp.seal(sealer, agent.id, totp.new_secret())
        session.add(agent)
        record(session, DESK, "agent_added", reason_code=agent.id)
    return len(new)


def refuse_people(session: Session) -> None:
    """Raises `DemoPeopleFound` (ASVS 6.3.2)."""
    if session.scalar(select(DeskAgent.id).where(DeskAgent.id.startswith(DEMO_ID)).limit(1)) is not None:
        raise DemoPeopleFound


class DemoDoor:
    """What the sign-in page shows of the demo's people. Made only where nothing is really sent."""

    def __init__(self, database: Database, sealer: Sealer, clock: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._sealer = sealer
        self._clock = clock

    async def people(self) -> Sequence[Offered]:
        """Those who may come, in the order of PEOPLE."""
        theirs = select(DeskAgent).where(DeskAgent.id.in_([person.id for person in PEOPLE]), DeskAgent.active)
        found = {one.id: one for one in await self._database.read(lambda session: session.scalars(theirs).all())}
        there = [found[person.id] for person in PEOPLE if person.id in found]
        return [Offered(one.name, one.email, one.roles[0], one.agency_code) for one in there]

    async def code_of(self, agent_id: str) -> tuple[str | None, int] | None:
        """A code that is good now (None: all were taken) and the seconds until the next; None for real people."""
        if not agent_id.startswith(DEMO_ID):
            return None
        agent = await self._database.read(lambda session: session.get(DeskAgent, agent_id))
        if agent is None or agent.totp_sealed is None:
            return None
        secret, present = totp.unseal(self._sealer, agent.id, agent.totp_sealed), self._clock()
        left = totp.STEP_SECONDS - int(present.timestamp()) % totp.STEP_SECONDS
        return totp.next_code(secret, present, agent.totp_last_step), left
