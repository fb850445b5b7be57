"""The gateway on a real SQLite file, between its doubles."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from areaclienti.gateway import turns
from areaclienti.gateway.app import create_app
from areaclienti.gateway.limits import Buckets, Limits
from areaclienti.settings import GatewaySettings
from tests.unit.gateway.browser import Browser
from tests.unit.gateway.database import database_file
from tests.unit.gateway.doubles import ENGINE_KEY, IDENTITY_KEY, Engine, Identity
from tests.unit.known_routes import with_known_routes

DESK_KEY = "d" * 43 + "="
Start = Callable[..., Awaitable[FastAPI]]


@pytest.fixture(autouse=True)
def _quick_retry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "RETRY_PAUSE_SECONDS", 0.01)


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def identity() -> Identity:
    return Identity()


@pytest.fixture
def url(tmp_path: Path) -> str:
    """An empty database file."""
    return database_file(tmp_path)


def build(
    engine: Engine, identity: Identity, url: str, graph: httpx.AsyncBaseTransport | None = None, **settings: Any
) -> FastAPI:
    """The application, not started."""
    values = {
        "engine_key": ENGINE_KEY, "identity_gateway_key": IDENTITY_KEY, "desk_key": DESK_KEY, "rate_limit_scale": 1000,
        "password_hash_memory_kib": 8 * 1024, "password_hash_rounds": 1, "gateway_database_url": url, **settings,
    }  # fmt: skip
    app = create_app(
        GatewaySettings(_env_file=None, **values),
        engine_transport=httpx.ASGITransport(engine.app),
        identity_transport=httpx.ASGITransport(identity.app),
        graph_transport=graph,
    )
    return with_known_routes(app)


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[FastAPI]:
    """The application between its start and its end."""
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def start(engine: Engine, identity: Identity, url: str) -> AsyncIterator[Start]:
    """Starts gateways that end with the test."""
    async with AsyncExitStack() as stack:

        async def begin(**settings: Any) -> FastAPI:
            return await stack.enter_async_context(running(build(engine, identity, url, **settings)))

        yield begin


@pytest.fixture
async def app(start: Start) -> FastAPI:
    return await start()


@pytest.fixture
async def browser(app: FastAPI) -> AsyncIterator[Browser]:
    """A visitor whose chat has begun: the assistant has spoken first."""
    visitor = Browser(app)
    await visitor.open()
    await app.state.services.runner.settle()
    yield visitor
    await visitor.close()


def stop_the_clock(app: FastAPI) -> None:
    """Let no bucket fill again, so that a slow machine changes nothing."""
    limits, limiter = Limits(), app.state.services.limiter
    for name in ("session", "address", "new_session", "sign_in", "receipts"):
        setattr(limiter, name, Buckets(getattr(limits, name), clock=lambda: 0.0))
