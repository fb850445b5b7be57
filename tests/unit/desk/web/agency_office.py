"""A desk on the real identity: Mario of agency A1 was identified by his tax code, and Anna of A1 answers him."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from areaclienti.desk.hours import utc_now
from areaclienti.desk.scope import Role
from areaclienti.gateway import turns
from areaclienti.gateway.db.desk import Handover
from areaclienti.gateway.db.desk_contacts import ContactRequest
from areaclienti.gateway.db.models import Message
from tests.unit.desk.web.conftest import ALWAYS_OPEN, Desk, Person
from tests.unit.gateway.browser import ORIGIN, Browser
from tests.unit.gateway.conftest import build, running
from tests.unit.gateway.database import database_file
from tests.unit.gateway.doubles import IDENTITY_KEY, Engine
from tests.unit.identity import databases
from tests.unit.identity import world as identity_world
from tests.unit.identity.world import MARIO_TAX_CODE

NEW = "nuova.casella@posta.example"


class Faulty:
    """Identity as the gateway reaches it: away while `down`, and `lost` answers are given up after they were made."""

    def __init__(self, app: Any) -> None:
        self.real = app
        self.down = False
        self.lost: set[str] = set()
        self.app = self

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self.down:
            raise httpx.ConnectError("away")
        await self.real(scope, receive, send)
        if any(scope["path"].endswith(part) for part in self.lost):
            raise httpx.ReadError("lost")


@dataclass
class Office:
    """A desk whose identity knows Mario of agency A1; `conversation` is his, and `anna` of A1 has it."""

    desk: Desk
    world: identity_world.World
    identity: Faulty
    engine: Engine
    browser: Browser
    anna: Person
    handover: str
    conversation: str
    registration: str

    async def asks(self, contact: str = NEW, who: Person | None = None) -> httpx.Response:
        return await (who or self.anna).ask("POST", f"/handovers/{self.handover}/new-contact", {"contact": contact})

    async def colleague(self, name: str = "Bruno Neri", *roles: Role, agency: str | None = "A1") -> Person:
        return await self.desk.agent(name, *roles, agency=agency)

    async def post(self, who: Person, request_id: str, what: str, **form: str) -> httpx.Response:
        return await who.http.post(f"/desk/recapiti/{request_id}/{what}", data=form, headers={"Origin": ORIGIN})

    async def confirms(self, who: Person, request_id: str) -> httpx.Response:
        return await self.post(who, request_id, "decisione", decisione="confirm", motivo="called_on_file")

    async def refuses(self, who: Person, request_id: str) -> httpx.Response:
        return await self.post(who, request_id, "decisione", decisione="refuse", motivo="mistyped")

    async def page(self, who: Person) -> str:
        answer = await who.http.get("/desk/recapiti")
        assert answer.status_code == 200, answer.text
        return answer.text

    async def request(self) -> ContactRequest:
        newest = select(ContactRequest).order_by(ContactRequest.requested_at.desc())
        return await self.read(lambda session: session.scalars(newest).all()[0])

    async def read(self, work: Any) -> Any:
        return await self.desk.app.state.services.database.read(work)

    async def write(self, work: Any) -> Any:
        return await self.desk.app.state.services.database.write(work)

    async def owner(self) -> str:
        return str((await self.browser.open())["state"]["owner"])

    async def presses(self, title: str) -> None:
        query = select(Message.choices).where(Message.conversation_id == self.conversation).order_by(Message.seq)
        offered = await self.read(lambda session: session.scalars(query).all())
        found = [choice["id"] for choices in offered for choice in choices if choice["title"] == title]
        assert (await self.browser.choose(found[-1])).status_code == 202

    async def texts(self) -> list[str]:
        query = select(Message.text).where(Message.conversation_id == self.conversation).order_by(Message.seq)
        return list(await self.read(lambda session: session.scalars(query).all()))


@pytest.fixture
async def office(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Office]:
    monkeypatch.setattr(turns, "RETRY_PAUSE_SECONDS", 0.01)
    engine = Engine()
    own = databases.a_sqlite_copy(tmp_path, tmp_path_factory.getbasetemp())
    url = await asyncio.to_thread(database_file, tmp_path)
    async with AsyncExitStack() as stack:
        settings = identity_world.settings_for(own, identity_gateway_key=IDENTITY_KEY)
        monkeypatch.setattr(identity_world, "GATEWAY_KEY", IDENTITY_KEY)
        now = identity_world.SetClock(utc_now())  # the desk looks at the same clock, which is the real one
        world = await stack.enter_async_context(identity_world.running(settings, clock=now))
        identity = Faulty(world.app)
        settings_of_desk = ALWAYS_OPEN | {"desk_errands_seconds": 3600}
        app = await stack.enter_async_context(running(build(engine, identity, url, **settings_of_desk)))  # type: ignore[arg-type]
        desk = Desk(app, engine)
        browser = await desk.customer()
        handovers = select(Handover)
        [handover] = await app.state.services.database.read(lambda session: session.scalars(handovers).all())
        conversation = handover.conversation_id
        begun = (await world.register(conversation, contact="altra@posta.example")).json()
        await world.identify(begun["registration_id"], MARIO_TAX_CODE, conversation)

        def belongs(session: Any) -> None:
            found = session.get_one(Handover, handover.id)
            found.agency_code, found.resume_step, found.resume_expects = "A1", "choose_contact", "choice"

        await app.state.services.database.write(belongs)
        anna = await desk.agent("Anna Sala", agency="A1")
        assert (await anna.ask("POST", f"/handovers/{handover.id}/claim")).status_code == 200
        yield Office(
            desk, world, identity, engine, browser, anna, handover.id, conversation, str(begun["registration_id"])
        )
        await browser.close()
