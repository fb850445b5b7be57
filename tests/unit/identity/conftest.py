"""The databases that every test of identity runs on: SQLite always, PostgreSQL where there is one."""

from __future__ import annotations

import os
import uuid
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.unit.identity.world import World, running, settings_for

_POSTGRES = "AREACLIENTI_TEST_POSTGRES_URL"


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path}/identity.db"
        return
    server = os.environ.get(_POSTGRES)
    if not server:
        _skip_loudly(f"{_POSTGRES} is not set: nothing of identity was tested on PostgreSQL")
    assert server is not None
    plain = server.replace("postgresql+asyncpg://", "postgresql://")
    name = f"identity_test_{uuid.uuid4().hex}"
    admin = await asyncpg.connect(plain)
    try:
        await admin.execute(f"CREATE DATABASE {name}")
        yield server.rpartition("/")[0] + f"/{name}"
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


def _skip_loudly(reason: str) -> None:
    if os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(reason)
    warnings.warn(reason, stacklevel=2)
    pytest.skip(reason)


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    """The service with production limits and the small registry."""
    async with running(settings_for(database_url)) as running_world:
        yield running_world


@pytest.fixture
def a_world(database_url: str) -> Callable[..., AbstractAsyncContextManager[World]]:
    """Makes the service with other settings: `async with a_world(code_attempts=3) as world`."""

    def make(**changes: Any) -> AbstractAsyncContextManager[World]:
        return running(settings_for(database_url, **changes))

    return make


@pytest.fixture
def logs(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """Everything that was logged so far."""
    seen: list[str] = []

    def read() -> str:
        seen.append(capsys.readouterr().err)
        return "".join(seen)

    yield read
