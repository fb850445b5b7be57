"""A gateway with WhatsApp, and Meta in front of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from tests.unit.gateway.conftest import Start
from tests.unit.gateway.whatsapp.graph import Graph
from tests.unit.gateway.whatsapp.meta import SETTINGS, Meta


@pytest.fixture
def graph() -> Graph:
    return Graph()


@pytest.fixture
async def app(start: Start, graph: Graph) -> FastAPI:
    return await start(graph=graph.transport, **SETTINGS)


@pytest.fixture
async def meta(app: FastAPI) -> AsyncIterator[Meta]:
    delivering = Meta(app)
    yield delivering
    await delivering.close()
