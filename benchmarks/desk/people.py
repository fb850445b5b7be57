"""Agents who can sign in, and conversations that wait for them: written into the database by the product's code."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from areaclienti.crypto import Sealer
from areaclienti.desk import agents, totp
from areaclienti.desk.agents import Presence
from areaclienti.desk.customers import CustomersDesk
from areaclienti.desk.routing import Patience, Router
from areaclienti.desk.scope import Role
from areaclienti.desk.wiring import desk_for_customers
from areaclienti.gateway.db.database import open_database
from areaclienti.gateway.db.desk import Handover
from areaclienti.gateway.engine_client import HandoverAsked
from areaclienti.gateway.ledger import begun
from areaclienti.password_hashes import Passwords
from areaclienti.settings import GatewaySettings

PASSWORD = "Tramonto-Verde7"  # of every agent of the harness
# Somebody answers whenever this is run.
ALWAYS_OPEN: Mapping[str, Any] = {
    "desk": "on",
    "desk_opens": "00:00",
    "desk_closes": "23:59:59",
    "desk_weekdays": [1, 2, 3, 4, 5, 6, 7],
    "desk_open_on_holidays": "true",
}
_numbers = itertools.count(1)  # nobody has another's name or address
ASKED = HandoverAsked(reason="requested", resume_step="contact", resume_expects="email_or_mobile")


@dataclass(frozen=True)
class Person:
    """Somebody at the desk."""

    id: str
    name: str
    email: str
    totp_secret: str


async def hire(
    database_url: str,
    desk_key: str,
    count: int,
    *roles: Role,
    agency: str | None = None,
    capacity: int = 3,
    presence: Presence = "paused",
) -> list[Person]:
    """Agents with password and second factor."""
    password_hash = await Passwords(8 * 1024, 1, 1).hash(PASSWORD)
    sealer, hired = Sealer(desk_key), []
    database = open_database(database_url)

    def work(session: Session) -> None:
        for _ in range(count):
            name = f"Agente {next(_numbers):03d}"
            agent = agents.new_agent(
                name,
                f"{name.replace(' ', '.').lower()}@example.it",
                roles or ("agente",),
                agency_code=agency,
                capacity=capacity,
            )
            secret = totp.new_secret()
            agent.password_hash, agent.totp_sealed = password_hash, totp.seal(sealer, agent.id, secret)
            agent.presence, agent.seen_at = presence, datetime.now(UTC)
            session.add(agent)
            hired.append(Person(agent.id, name, agent.email, secret))

    try:
        await database.write(work)
    finally:
        await database.close()
    return hired


async def let_wait(database_url: str, settings: GatewaySettings, count: int) -> list[str]:
    """So many conversations that wait at the pool; the ids of their handovers, the first to come first."""
    customers: CustomersDesk = desk_for_customers(settings)
    router, database = Router(Patience.of(settings)), open_database(database_url)

    def work(session: Session) -> list[str]:
        made = []
        for _ in range(count):
            conversation = begun(session, "web", None, "csrf")
            customers.asked_for(session, conversation, ASKED)
            made.append(conversation.id)
        waiting = select(Handover).where(Handover.conversation_id.in_(made))
        handovers = session.scalars(waiting.order_by(Handover.queued_at, Handover.id)).all()
        for handover in handovers:
            router.at(handover, "pool")
        return [handover.id for handover in handovers]

    try:
        return await database.write(work)
    finally:
        await database.close()
