"""A desk on each kind of database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from areaclienti.gateway.db.database import open_database
from tests.needs import needs
from tests.unit.desk.world import World
from tests.unit.gateway.database import database_file, database_of_server


@pytest.fixture(params=["sqlite", "postgres"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """A migrated database of each kind that the gateway runs on."""
    if request.param == "sqlite":
        yield await asyncio.to_thread(database_file, tmp_path)
        return
    async with database_of_server(needs("postgres")) as server_url:
        yield server_url


@pytest.fixture
async def world(url: str) -> AsyncIterator[World]:
    database = open_database(url)
    yield World(database)
    await database.close()
