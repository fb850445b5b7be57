"""The identity service as the contract's tests see it: one on SQLite, with the small registry."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.identity.databases import a_sqlite_copy
from tests.unit.identity.world import World, running, settings_for


@pytest.fixture
async def world(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with running(settings_for(a_sqlite_copy(tmp_path, tmp_path_factory.getbasetemp()))) as running_world:
        yield running_world
