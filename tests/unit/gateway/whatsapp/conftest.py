"""A gateway with WhatsApp, and Meta in front of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from tests.unit.gateway.conftest import Start
from tests.unit.gateway.whatsapp.meta import SETTINGS, Meta


@pytest.fixture
async def app(start: Start) -> FastAPI:
    return await start(**SETTINGS)


@pytest.fixture
async def meta(app: FastAPI) -> AsyncIterator[Meta]:
    delivering = Meta(app)
    yield delivering
    await delivering.close()
