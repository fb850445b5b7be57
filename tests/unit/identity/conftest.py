"""The service of the tests, on every database that it must work on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.unit.identity.databases import a_postgres_copy, a_sqlite_copy, drop_postgres_template
from tests.unit.identity.world import World, running, settings_for


@pytest.fixture(scope="session", autouse=True)
def _templates_end() -> Iterator[None]:
    yield
    asyncio.run(drop_postgres_template())


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(
    request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[str]:
    """The URL of an empty database at the newest schema."""
    if request.param == "sqlite":
        yield a_sqlite_copy(tmp_path, tmp_path_factory.getbasetemp())
    else:
        async with a_postgres_copy() as url:
            yield url


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
