"""A desk on a database of its own, without the rest of the gateway, and with a clock that a test moves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from areaclienti.desk import agents
from areaclienti.desk.customers import CustomersDesk
from areaclienti.desk.hours import WorkingHours, hours_of
from areaclienti.desk.operations import Operations
from areaclienti.desk.rounds import Rounds
from areaclienti.desk.routing import Belonging, Patience, Router
from areaclienti.desk.scope import Role
from areaclienti.desk.texts import load_texts
from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.desk import DeskAgent, Handover, HandoverEvent
from areaclienti.gateway.db.models import Conversation, Message, Turn
from areaclienti.gateway.engine_client import HandoverAsked
from areaclienti.gateway.hub import Hub
from areaclienti.gateway.ledger import Ledger, begun, locked
from areaclienti.settings import GatewaySettings

Result = TypeVar("Result")
# A Monday that is no holiday, at ten in Rome.
MONDAY_TEN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SETTINGS = GatewaySettings(_env_file=None, engine_key="k" * 16, identity_gateway_key="k" * 16, desk=True)


class World:
    """The desk's parts over one database; `now` is what the desk takes for the present."""

    def __init__(self, database: Database) -> None:
        self.now = MONDAY_TEN
        self.database = database
        self.hub = Hub()
        self.woken: list[str] = []
        self.agents = 0
        self.hours: WorkingHours = hours_of(SETTINGS)
        self.patience = Patience.of(SETTINGS)
        self.texts = load_texts()
        self.belongings: dict[str, Belonging | None] = {}
        self.customers = CustomersDesk(self.texts, self.hours, self.clock)
        self.router = Router(self.patience, self.clock)
        self.ledger = Ledger(database, self.customers)
        self.operations = self.operations_on(database)
        self.rounds = Rounds(
            database, self.hub, self.customers, self.router, self.hours, self.patience, self.texts, self._belongs_to,
            self.clock,
        )  # fmt: skip

    def clock(self) -> datetime:
        return self.now

    def passes(self, **duration: float) -> None:
        """Time goes by."""
        self.now += timedelta(**duration)

    def operations_on(self, database: Database) -> Operations:
        """The agents' side as another process has it."""
        return Operations(
            database, self.hub, self.woken.append, self.customers, self.router, self.patience, self.texts,
            self._summary_of, self.clock,
        )  # fmt: skip

    async def agent(
        self,
        name: str = "Giulia Conti",
        *roles: Role,
        agency: str | None = None,
        consultant: str | None = None,
        capacity: int = 3,
        presence: agents.Presence = "available",
    ) -> str:
        """Somebody at the desk, there now."""
        made = agents.new_agent(
            name,
            f"{name.replace(' ', '.').lower()}@example.it",
            roles or ("agente",),
            agency_code=agency,
            consultant_code=consultant,
            capacity=capacity,
        )
        self.agents += 1
        made.id = f"{self.agents:032d}"  # of two who are alike the first is asked first
        made.presence, made.seen_at = presence, self.now
        await self.write(lambda session: session.add(made))
        return made.id

    async def conversation(self, step: str = "contact", expects: str = "email_or_mobile") -> str:
        """A conversation of the web chat that stands at a step."""
        begun = await self.ledger.begin("web", None, "csrf", opening=None)

        def stand(session: Session) -> None:
            conversation = locked(session, begun.id)
            conversation.step, conversation.expects = step, expects

        await self.write(stand)
        return begun.id

    async def ask_for_person(self, conversation_id: str, reason: str = "requested", step: str = "contact") -> None:
        """What the engine's answer does."""
        asked = HandoverAsked.model_validate(
            {"reason": reason, "resume_step": step, "resume_expects": "email_or_mobile"}
        )
        await self.write(
            lambda session: self.customers.asked_for(session, locked(session, conversation_id), asked)
        )  # fmt: skip

    async def waiting(self, belonging: Belonging | None = None) -> str:
        """A handover that waits, its conversation's customer known as said; the handover's id."""
        conversation_id = await self.conversation()
        self.belongings[conversation_id] = belonging or Belonging()
        await self.ask_for_person(conversation_id)
        return (await self.handover_of(conversation_id)).id

    async def many_waiting(self, count: int) -> list[str]:
        """So many handovers that wait at the pool, written at once."""
        asked = HandoverAsked(reason="requested", resume_step="contact", resume_expects="email_or_mobile")

        def work(session: Session) -> list[str]:
            for _ in range(count):
                self.customers.asked_for(session, begun(session, "web", None, "csrf"), asked)
            found = session.scalars(select(Handover)).all()
            for handover in found:
                self.router.at(handover, "pool")
            return [handover.id for handover in found]

        return await self.write(work)

    async def human(self, agent_id: str) -> str:
        """A handover that the agent has."""
        handover_id = await self.waiting()
        await self.place(handover_id)
        await self.operations.claim(handover_id, agent_id)
        return handover_id

    async def place(self, *handover_ids: str) -> None:
        """Let handovers wait at the pool, without offering them."""

        def work(session: Session) -> None:
            for handover_id in handover_ids:
                self.router.at(session.get_one(Handover, handover_id), "pool")

        await self.write(work)

    async def handover(self, handover_id: str) -> Handover:
        return await self.read(lambda session: session.get_one(Handover, handover_id))

    async def handover_of(self, conversation_id: str) -> Handover:
        """The newest one of a conversation."""
        query = select(Handover).where(Handover.conversation_id == conversation_id).order_by(Handover.queued_at.desc())
        return await self.read(lambda session: session.scalars(query).all()[0])

    async def conversation_of(self, handover_id: str) -> Conversation:
        def work(session: Session) -> Conversation:
            return session.get_one(Conversation, session.get_one(Handover, handover_id).conversation_id)

        return await self.read(work)

    async def handovers_of(self, conversation_id: str) -> list[Handover]:
        """All of a conversation, in the order in which they ended; the open one comes last."""
        query = select(Handover).where(Handover.conversation_id == conversation_id)
        found = await self.read(lambda session: list(session.scalars(query)))
        return sorted(found, key=lambda one: one.ended_at or datetime.max.replace(tzinfo=UTC))

    async def conversation_row(self, conversation_id: str) -> Conversation:
        return await self.read(lambda session: session.get_one(Conversation, conversation_id))

    async def events(self, conversation_id: str) -> list[HandoverEvent]:
        query = select(HandoverEvent).where(HandoverEvent.conversation_id == conversation_id)
        return await self.read(lambda session: list(session.scalars(query.order_by(HandoverEvent.id))))

    async def messages(self, conversation_id: str) -> list[Message]:
        query = select(Message).where(Message.conversation_id == conversation_id).order_by(Message.seq)
        return await self.read(lambda session: list(session.scalars(query)))

    async def turns(self, conversation_id: str) -> list[Turn]:
        query = select(Turn).where(Turn.conversation_id == conversation_id).order_by(Turn.id)
        return await self.read(lambda session: list(session.scalars(query)))

    async def press(self, conversation_id: str, title: str) -> None:
        """The customer presses the newest choice of that title. Raises ChoiceExpired when it is dead."""
        found = [
            choice["id"]
            for message in await self.messages(conversation_id)
            for choice in message.choices
            if choice["title"] == title
        ]
        await self.ledger.choose(conversation_id, f"press-{found[-1]}", found[-1])

    async def set_agent(self, agent_id: str, **values: Any) -> None:
        def work(session: Session) -> None:
            agent = session.get_one(DeskAgent, agent_id)
            for name, value in values.items():
                setattr(agent, name, value)

        await self.write(work)

    async def read(self, work: Callable[[Session], Result]) -> Result:
        return await self.database.read(work)

    async def write(self, work: Callable[[Session], Result]) -> Result:
        return await self.database.write(work)

    async def _belongs_to(self, conversation_id: str) -> Belonging | None:
        return self.belongings.get(conversation_id, Belonging())

    async def _summary_of(self, conversation_id: str) -> dict[str, Any]:
        return {"conversation_id": conversation_id}
