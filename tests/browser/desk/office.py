"""A gateway with a desk, its agents and customers; what a test does beside the browser happens in its loop."""

from __future__ import annotations

import asyncio
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from secrets import token_bytes
from typing import Any, TypeVar

import httpx
import uvicorn
from fastapi import Request
from fastapi.responses import JSONResponse
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from areaclienti.crypto import Sealer
from areaclienti.desk import agents
from areaclienti.desk.administration import Administration, Position
from areaclienti.desk.demo import DEMO_PASSWORD, load_people
from areaclienti.desk.routing import LEVELS
from areaclienti.desk.scope import Role
from areaclienti.desk.sessions import Sessions
from areaclienti.desk.web import access
from areaclienti.desk.wiring import desk_for_customers
from areaclienti.gateway.app import create_app
from areaclienti.gateway.db.desk import DeskAgent, Handover, HandoverEvent
from areaclienti.gateway.db.models import Conversation, Message, Turn, now
from areaclienti.gateway.db.whatsapp import WhatsappOutgoing, WhatsappPerson
from areaclienti.gateway.ledger import locked
from areaclienti.password_hashes import Passwords
from areaclienti.settings import GatewaySettings
from areaclienti.supervisor.free_ports import free_ports
from tests.unit.desk.web.conftest import ALWAYS_OPEN
from tests.unit.gateway.browser import Browser
from tests.unit.gateway.doubles import ENGINE_KEY, IDENTITY_KEY, Engine, Identity

Result = TypeVar("Result")

SUMMARY: dict[str, Any] = {
    "registration": "open",
    "customer_type": "persona",
    "checks": [
        {"check": "match", "outcome": "no_customer", "at": "2026-11-23T09:12:04Z"},
        {"check": "identification", "outcome": "strong", "at": "2026-11-23T09:14:31Z"},
        {"check": "contact_chosen", "outcome": "mobile", "at": "2026-11-23T09:14:58Z"},
        {"check": "code_issued", "outcome": "sms", "at": "2026-11-23T09:14:58Z"},
        {"check": "code_refused", "outcome": "wrong_code", "at": "2026-11-23T09:15:40Z"},
        {"check": "code_refused", "outcome": "wrong_code", "at": "2026-11-23T09:16:02Z"},
    ],
    "identified": True,
    "consultant_code": None,
    "consultant_name": "Paola Ferri",
    "agency_code": None,
    "agency_name": "Milano Centro",
    "username_masked": None,
}


class Office:
    """One gateway on a port of its own, with rounds that go as fast as in production."""

    def __init__(self, database_url: str, **more: Any) -> None:
        """`more` are settings beside those of all tests."""
        self.engine = Engine()
        self.identity = Identity()
        self.summary: dict[str, Any] | None = dict(SUMMARY)
        self.belongs: tuple[str | None, str | None] = (None, None)
        self._add_summary()
        (port,) = free_ports(1)
        self.address = f"http://localhost:{port}"
        self.settings = settings = GatewaySettings(
            _env_file=None,
            **{
                "engine_key": ENGINE_KEY,
                "identity_gateway_key": IDENTITY_KEY,
                "rate_limit_scale": 1000,
                "gateway_database_url": database_url,
                "public_url": self.address,
                "desk_key": urlsafe_b64encode(token_bytes(32)).decode(),
                "demo": False,
                **ALWAYS_OPEN,
                "desk_sweep_seconds": 0.2,
                "desk_offer_seconds": 600,
                **more,
            },
        )
        self.app = create_app(
            settings,
            engine_transport=httpx.ASGITransport(self.engine.app),
            identity_transport=httpx.ASGITransport(self.identity.app),
        )
        config = uvicorn.Config(
            self.app, host="127.0.0.1", port=port, log_level="error", timeout_graceful_shutdown=1, loop="asyncio"
        )
        self._server = uvicorn.Server(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        self._until(lambda: self._server.started, "the gateway did not start")

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Do something inside the gateway, and wait for it."""
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def write(self, work: Callable[[Session], Result]) -> Result:
        """A transaction on the gateway's database."""
        return self.run(self.app.state.services.database.write(work))

    def read(self, work: Callable[[Session], Result]) -> Result:
        return self.run(self.app.state.services.database.read(work))

    # ---- people ----

    def agent(
        self, name: str = "Giulia Conti", *roles: Role, agency: str | None = None, presence: agents.Presence = "paused"
    ) -> Agent:
        """Somebody who is signed in, and there."""
        made = agents.new_agent(
            name, f"{name.replace(' ', '.').lower()}@example.it", roles or ("agente",), agency_code=agency
        )
        made.presence, made.seen_at = presence, now()
        agent_id = made.id
        sessions: Sessions = self.app.state.services.desk.access.sessions

        def work(session: Session) -> str:
            session.add(made)
            session.flush()
            return sessions.open(session, made, "password")

        return Agent(self, agent_id, name, self.write(work))

    def invitation(self) -> str:
        """A link for somebody new."""
        key = self.settings.desk_key
        assert key is not None
        sealer, database = Sealer(key.get_secret_value()), self.app.state.services.database
        position = Position("Anna Sereni", "anna.sereni@example.it", ["agente"])
        return str(self.run(Administration(database, sealer, self.address, timedelta(hours=1)).invite(position)))

    def has_demo_people(self) -> None:
        """The demo's people may come in."""
        key = self.settings.desk_key
        assert key is not None
        hashed = self.run(Passwords(memory_kib=8 * 1024, rounds=1, at_once=1).hash(DEMO_PASSWORD))
        self.write(lambda session: load_people(session, Sealer(key.get_secret_value()), hashed))

    def customer(
        self, *said: str, reason: str = "requested", step: str = "password", ago: timedelta | None = None
    ) -> Customer:
        """A visitor who wrote that, and whom the assistant then stopped for a person; waiting since `ago`."""
        customer = Customer(self)
        self.run(customer.begin())
        for text in said:
            self.run(customer.browser.say(text))
            self.settle()
        self.engine.handover = {"reason": reason, "resume_step": step, "resume_expects": "text"}
        self.engine.expect("handover", "text")
        self.run(customer.browser.say("Vorrei parlare con una persona"))
        self.settle()
        self.engine.handover = None
        customer.handover_id = self.placed(customer, ago)
        return customer

    def settle(self) -> None:
        self.run(self.app.state.services.runner.settle())

    def placed(self, customer: Customer, ago: timedelta | None = None) -> str:
        """Its handover, once the rounds have found out whom it waits for."""

        def work(session: Session) -> str | None:
            open_ = select(Handover).where(Handover.ended_at.is_(None), Handover.level.in_(LEVELS))
            found = [one for one in session.scalars(open_) if one.id not in customer.others]
            return found[0].id if found else None

        found: list[str] = []
        self._until(lambda: bool(found.extend(filter(None, [self.read(work)])) or found), "it was not placed")
        if ago is not None:
            self.write(
                lambda session: session.execute(
                    update(Handover).where(Handover.id == found[0]).values(queued_at=now() - ago)
                )
            )
        self.app.state.services.hub.ledger_grew("desk")
        return found[0]

    def open_handovers(self) -> set[str]:
        return self.read(lambda session: set(session.scalars(select(Handover.id))))

    # ---- what only the world outside does ----

    def closes_on(self, customer: Customer) -> None:
        """Nobody came until closing time: he will be called back."""
        desk = desk_for_customers(self.settings)

        def work(session: Session) -> None:
            handover = session.get_one(Handover, customer.handover_id)
            assert desk.closing(session, locked(session, handover.conversation_id), handover)

        self.write(work)
        for watched in ("desk", self.conversation_of(customer)):
            self.app.state.services.hub.ledger_grew(watched)

    def goes_to_whatsapp(self, customer: Customer, *, written: timedelta = timedelta(minutes=5)) -> None:
        """From now on the conversation is one of WhatsApp's, last written in so long ago."""
        conversation_id = self.conversation_of(customer)

        def work(session: Session) -> None:
            session.get_one(Conversation, conversation_id).channel = "whatsapp"
            session.add(
                WhatsappPerson(
                    user_id=f"u-{conversation_id[:8]}",
                    conversation_id=conversation_id,
                    last_inbound_at=now() - written,
                    sent_seq=0,
                )
            )

        self.write(work)

    def delivered(self, customer: Customer, state: str, error_code: int | None = None) -> None:
        """What Meta says of the agent's newest line."""
        conversation_id = self.conversation_of(customer)

        def work(session: Session) -> None:
            query = select(Message.seq).where(Message.conversation_id == conversation_id, Message.author == "agent")
            seq = max(session.scalars(query))
            rows = select(WhatsappOutgoing).where(WhatsappOutgoing.last_seq == seq)
            row = session.scalar(rows.where(WhatsappOutgoing.conversation_id == conversation_id))
            if row is None:
                row = WhatsappOutgoing(
                    conversation_id=conversation_id, user_id=f"u-{conversation_id[:8]}", first_seq=seq, last_seq=seq,
                    position=0, kind="text", content={}, state=state,
                )  # fmt: skip
                session.add(row)
            row.state, row.error_code = state, error_code

        self.write(work)

    def conversation_of(self, customer: Customer) -> str:
        return self.read(lambda session: session.get_one(Handover, customer.handover_id).conversation_id)

    def ledger(self, customer: Customer) -> list[tuple[int, str, str]]:
        """Seq, author and text of every line."""
        conversation_id = self.conversation_of(customer)
        query = select(Message.seq, Message.author, Message.text).where(Message.conversation_id == conversation_id)
        return self.read(lambda session: [tuple(row) for row in session.execute(query.order_by(Message.seq))])

    def silence(self, agent: Agent) -> None:
        """His desk was not heard from for longer than the lease."""
        gone = update(DeskAgent).where(DeskAgent.id == agent.id).values(seen_at=now() - timedelta(hours=1))
        self.write(lambda session: session.execute(gone))

    def until_offline(self, agent: Agent) -> None:
        """Until the rounds have noticed."""
        query = select(DeskAgent.presence).where(DeskAgent.id == agent.id)
        self._until(lambda: self.read(lambda session: session.scalar(query)) == "offline", "nobody noticed")

    def followed(self, customer: Customer, streams: int = 1) -> None:
        """Wait until so many pages follow the conversation."""
        hub, conversation_id = self.app.state.services.hub, self.conversation_of(customer)
        self._until(lambda: hub.count(conversation_id) >= streams, "nobody follows it")

    def cut_streams(self) -> None:
        """Every open stream breaks off."""

        async def work() -> None:
            self.app.state.services.hub.close_all()

        self.run(work())

    def revoke(self, agent: Agent) -> None:
        change = update(DeskAgent).where(DeskAgent.id == agent.id).values(active=False)
        self.write(lambda session: session.execute(change))

    def turns(self) -> int:
        return self.read(lambda session: len(session.scalars(select(Turn.id)).all()))

    def changes(self, customer: Customer) -> list[str]:
        query = select(HandoverEvent.reason).where(HandoverEvent.handover_id == customer.handover_id)
        return self.read(lambda session: list(session.scalars(query.order_by(HandoverEvent.id))))

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(60)

    def _serve(self) -> None:
        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            await self._server.serve()

        asyncio.run(serve())

    def _add_summary(self) -> None:
        @self.identity.app.get("/v1/registrations/desk-summary")
        async def summary(request: Request) -> JSONResponse:
            if self.summary is None:
                return JSONResponse({"code": "back_end_unavailable", "message": "down"}, 503)
            consultant, agency = self.belongs
            return JSONResponse(self.summary | {"consultant_code": consultant, "agency_code": agency})

    @staticmethod
    def _until(condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, what
            time.sleep(0.02)


class Agent:
    """Somebody at the desk, as far as a browser needs to know him."""

    def __init__(self, office: Office, agent_id: str, name: str, token: str) -> None:
        self.office = office
        self.id = agent_id
        self.name = name
        self.token = token
        self.cookie = access.COOKIE

    def does(self, what: str, customer: Customer, *more: Any) -> Any:
        """Something that he does in another window: an operation of the desk's."""
        operations = self.office.app.state.services.desk.operations
        work: Callable[..., Awaitable[Any]] = getattr(operations, what)

        async def act() -> Any:
            return await work(customer.handover_id, self.id, *more)

        return self.office.run(act())

    def replies(self, customer: Customer, text: str, client_id: str) -> int:
        async def act() -> int:
            operations = self.office.app.state.services.desk.operations
            line, _ = await operations.line(customer.handover_id, self.id)
            seq: int = await operations.reply(customer.handover_id, self.id, client_id, text, line.epoch)
            return seq

        return self.office.run(act())


class Customer:
    """A customer in front of the web chat."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.browser = Browser(office.app, office.address)
        self.handover_id = ""
        self.others = office.open_handovers()

    async def begin(self) -> None:
        await self.browser.open()

    def says(self, text: str) -> None:
        assert self.office.run(self.browser.say(text)).status_code == 202

    def leaves(self) -> None:
        self.office.run(self.browser.request("DELETE", "/api/session"))

    def owner(self) -> str:
        return str(self.office.run(self.browser.open())["state"]["owner"])
