"""What the customer said who he is, for the agent who helps him: masked, one value at a time in full and on record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from areaclienti.desk import agents
from areaclienti.desk.audit import record
from areaclienti.desk.hours import utc_now
from areaclienti.desk.operations import Forbidden, Taken, Unknown
from areaclienti.desk.scope import may
from areaclienti.domain.contacts import ContactRejected, parse_contact
from areaclienti.domain.masking import mask_contact, mask_name
from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.desk import DeskAgent, Handover
from areaclienti.gateway.engine_client import Given

FIELDS: Final = ("name", "company_name", "contact")
REASONS: Final = ("call_customer", "find_customer", "compare_document")
SHOWN_SECONDS: Final = 30  # how long a page shows a value: to read it out, not to leave it on the screen


@dataclass(frozen=True)
class Masked:
    """`fields`: (one of FIELDS, its mask), only those that the customer has given."""

    customer_type: str | None
    fields: Sequence[tuple[str, str]]


class GivenData:
    """Every method raises Unknown for an agent who is not active and for what he may not see, EngineError."""

    def __init__(
        self,
        database: Database,
        given: Callable[[str], Awaitable[Given]],
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """`given` asks the engine, where alone it stands apart from the customer's own words; the desk keeps none."""
        self._database = database
        self._given = given
        self._clock = clock

    async def masked(self, handover_id: str, agent_id: str) -> Masked:
        """All that the customer has given, as masks."""

        def look(session: Session) -> str:
            return _seen(session, handover_id, agent_id)[1].conversation_id

        given = await self._given(await self._database.read(look))
        return Masked(given.customer_type, [(field, _mask(field, value)) for field, value in _fields(given).items()])

    async def show(self, handover_id: str, agent_id: str, field: str, reason: str) -> str:
        """One value in full, to who answers the customer and to the supervisors of his agency; on record before it is
        given: who, whose, which field, why.

        Raises Forbidden, Taken when the handover is over, ValueError for an unknown field or reason, Unknown for what
        the customer has not given.
        """
        if field not in FIELDS or reason not in REASONS:
            raise ValueError("not a field or a reason")

        def entitled(session: Session) -> Handover:
            agent, handover = _seen(session, handover_id, agent_id)
            if not may(agents.who(agent), "reveal", agents.where(handover)):
                raise Forbidden
            if handover.ended_at is not None:
                raise Taken("ended", None)
            return handover

        def noted(session: Session) -> None:
            entitled(session)  # it may have changed hands while the engine was asked
            record(session, agent_id, "revealed", handover_id, f"{field}.{reason}", at=self._clock())

        given = await self._given(await self._database.read(lambda session: entitled(session).conversation_id))
        value = _fields(given).get(field)
        if value is None:
            raise Unknown
        await self._database.write(noted)
        return value


def _seen(session: Session, handover_id: str, agent_id: str) -> tuple[DeskAgent, Handover]:
    agent = session.get(DeskAgent, agent_id, populate_existing=True)
    handover = session.get(Handover, handover_id, populate_existing=True)
    if agent is None or not agent.active or handover is None:
        raise Unknown
    if not may(agents.who(agent), "read", agents.where(handover)):
        raise Unknown
    return agent, handover


def _fields(given: Given) -> dict[str, str]:
    """What was given, of a person or of a company alone once the customer has said which (manual 2a 2b)."""
    name = " ".join(filter(None, (given.given_name, given.family_name)))
    company = given.company_name
    found = {
        "name": name if given.customer_type != "azienda" else None,
        "company_name": company if given.customer_type != "persona" else None,
        "contact": given.contact,
    }
    return {field: value for field, value in found.items() if value}


def _mask(field: str, value: str) -> str:
    if field != "contact":
        return mask_name(value)
    try:
        return mask_contact(parse_contact(value))
    except ContactRejected:
        return mask_name(value)  # taken under older rules
