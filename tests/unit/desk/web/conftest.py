"""A gateway with a desk, and agents who are signed in without having signed in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from areaclienti.desk import agents
from areaclienti.desk.scope import Role
from areaclienti.desk.web import access, stream
from areaclienti.desk.web.access import SignedIn
from areaclienti.gateway import turns
from areaclienti.gateway.errors import ApiError
from tests.unit.gateway.browser import ORIGIN, Browser, Stream
from tests.unit.gateway.conftest import build, running
from tests.unit.gateway.database import database_file
from tests.unit.gateway.doubles import Engine, Identity

ALWAYS_OPEN: dict[str, Any] = {
    "desk": True,
    "desk_opens": "00:00",
    "desk_closes": "23:59:59",
    "desk_weekdays": [1, 2, 3, 4, 5, 6, 7],
    "desk_open_on_holidays": True,
    "desk_sweep_seconds": 3600,  # a test goes the rounds itself
}
HANDOVER = {"reason": "requested", "resume_step": "password", "resume_expects": "secret:password"}
WHO = "x-test-agent"


class Desk:
    """The gateway, its agents and its customers."""

    def __init__(self, app: FastAPI, engine: Engine) -> None:
        self.app = app
        self.engine = engine
        self.signed_out: set[str] = set()
        self.people: dict[str, SignedIn] = {}
        app.state.test_desk = self
        app.dependency_overrides[access.signed_in] = _signed_in

    async def agent(self, name: str = "Giulia Conti", *roles: Role, agency: str | None = None) -> Person:
        made = agents.new_agent(
            name, f"{name.replace(' ', '.').lower()}@example.it", roles or ("agente",), agency_code=agency
        )
        made.presence, made.seen_at = "paused", None
        served = self.app.state.services
        await served.database.write(lambda session: session.add(made))
        who = SignedIn(made.id, name, frozenset(made.roles), agency, None, f"session-{made.id}")
        self.people[made.id] = who
        await served.desk.operations.set_presence(made.id, "paused")
        return Person(self, who)

    async def customer(self) -> Browser:
        """A visitor who asked for a person, and waits at the pool."""
        browser = Browser(self.app)
        await browser.open()
        self.engine.expect("handover", "text")
        self.engine.handover = HANDOVER
        await browser.say("voglio parlare con una persona")
        await self.app.state.services.runner.settle()
        self.engine.handover = None
        await self.app.state.services.desk.rounds.go()
        return browser

    async def still(self, _request: Request, who: SignedIn) -> bool:
        return who.session_id not in self.signed_out


async def _signed_in(request: Request) -> SignedIn:
    # applications of one process share their routers: this stands for all of them, and is of use to those of Desk
    desk: Desk | None = getattr(request.app.state, "test_desk", None)
    if desk is None:
        return await access.signed_in(request)
    found = desk.people.get(request.headers.get(WHO, ""))
    if found is None:
        raise ApiError(401, "session_invalid", "sign in first")
    return found


class Person:
    """An agent in front of his desk."""

    def __init__(self, desk: Desk, who: SignedIn) -> None:
        self.desk = desk
        self.who = who
        transport = httpx.ASGITransport(desk.app, raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={WHO: who.agent_id})

    async def ask(self, method: str, path: str, body: Any = None, *, origin: str | None = ORIGIN) -> httpx.Response:
        headers = {"Origin": origin} if origin is not None and method != "GET" else {}
        return await self.http.request(method, f"/desk/api{path}", json=body, headers=headers)

    async def cards(self) -> list[dict[str, Any]]:
        """What his queue shows."""
        answer = await self.ask("GET", "/queue")
        assert answer.status_code == 200, answer.text
        cards: list[dict[str, Any]] = answer.json()["cards"]
        return cards

    async def takes(self) -> dict[str, Any]:
        """The first that waits."""
        [first, *_] = [card for card in await self.cards() if "claim" in card["may"]]
        answer = await self.ask("POST", f"/handovers/{first['id']}/claim")
        assert answer.status_code == 200, answer.text
        card: dict[str, Any] = answer.json()["card"]
        return card

    @asynccontextmanager
    async def follows(self, path: str, last_event_id: int | None = None) -> AsyncIterator[Stream]:
        """An event stream, while the block lasts."""
        stream_, hung_up = Stream(), asyncio.Event()
        headers = [(b"host", b"localhost"), (WHO.encode(), self.who.agent_id.encode())]
        if last_event_id is not None:
            headers.append((b"last-event-id", str(last_event_id).encode()))
        where, _, query = f"/desk/api{path}".partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET",
            "scheme": "http", "path": where, "raw_path": where.encode(), "query_string": query.encode(),
            "root_path": "", "headers": headers, "client": ("203.0.113.7", 1), "server": ("localhost", 8000),
        }  # fmt: skip

        async def receive() -> dict[str, Any]:
            await hung_up.wait()
            return {"type": "http.disconnect"}

        task = asyncio.create_task(self.desk.app(scope, receive, stream_.send))
        task.add_done_callback(lambda _: setattr(stream_, "ended", True))
        try:
            await asyncio.wait_for(stream_.started.wait(), 60)
            yield stream_
        finally:
            hung_up.set()
            await asyncio.wait_for(task, 60)


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def identity() -> Identity:
    return Identity()


Opened = Callable[..., Awaitable[Desk]]


@pytest.fixture
async def opened(
    engine: Engine, identity: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Opened]:
    """Starts gateways on one database, each with a desk."""
    monkeypatch.setattr(turns, "RETRY_PAUSE_SECONDS", 0.01)
    url = await asyncio.to_thread(database_file, tmp_path)
    async with AsyncExitStack() as stack:

        async def begin(**settings: Any) -> Desk:
            app = await stack.enter_async_context(running(build(engine, identity, url, **(ALWAYS_OPEN | settings))))
            desk = Desk(app, engine)
            monkeypatch.setattr(stream, "still_signed_in", desk.still)
            return desk

        yield begin


@pytest.fixture
async def desk(opened: Opened) -> Desk:
    return await opened()
