"""The gateway on a real SQLite file, between its doubles."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from areaclienti.gateway import turns
from areaclienti.gateway.app import create_app
from areaclienti.settings import GatewaySettings
from tests.unit.gateway.browser import Browser
from tests.unit.gateway.doubles import ENGINE_KEY, IDENTITY_KEY, Engine, Identity

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
async def url(tmp_path: Path) -> AsyncIterator[str]:
    """An empty database: a SQLite file, or one of the PostgreSQL server that AREACLIENTI_TEST_POSTGRES_URL names."""
    server = os.environ.get("AREACLIENTI_TEST_POSTGRES_URL")
    if server is None:
        yield f"sqlite+aiosqlite:///{tmp_path / 'gateway.db'}"
        return
    name = f"gateway_{uuid4().hex}"
    engine = create_async_engine(server, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
        await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    await engine.dispose()


def build(engine: Engine, identity: Identity, url: str, **settings: Any) -> FastAPI:
    """The application, not started."""
    values = {
        "engine_key": ENGINE_KEY, "identity_gateway_key": IDENTITY_KEY, "turn_timeout_seconds": 2.0,
        "rate_limit_scale": 1000,
        "gateway_database_url": url, **settings,
    }  # fmt: skip
    return create_app(
        GatewaySettings(_env_file=None, **values),
        engine_transport=httpx.ASGITransport(engine.app),
        identity_transport=httpx.ASGITransport(identity.app),
    )


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
