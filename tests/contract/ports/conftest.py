"""A product whose ports are its own SQL, or the insurer's over HTTP: tests of the contract hold for both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from areaclienti.identity.db.models import OutboxMessage
from areaclienti.identity.ports.standin.app import PORTS
from areaclienti.identity.services import Services
from tests.contract.ports.insurer import Insurer, all_sent, insured_world, ports_of, sent_by, the_insurer
from tests.unit.identity.databases import a_postgres_copy, a_sqlite_copy, drop_postgres_template
from tests.unit.identity.world import SetClock, World, a_registry, running, settings_for


@pytest.fixture(scope="session", autouse=True)
def _templates_end() -> Iterator[None]:
    yield
    asyncio.run(drop_postgres_template())


@dataclass
class Sides:
    """`product` asks; `insurer` holds the data. With the SQL implementation both are the same."""

    product: Services
    insurer: Services
    clock: SetClock
    server: Insurer | None = None  # with HTTP

    async def mail(self) -> list[dict[str, Any]]:
        """Everything sent to customers, newest first."""
        await all_sent(self.product, self.clock)
        await all_sent(self.insurer, self.clock)
        return await sent_by(self.insurer)

    async def refused_once(self, path: str, act: Callable[[], Awaitable[object]]) -> None:
        """Does `act` while the insurer refuses `path`, until the message that it sends has been put back for later."""
        assert self.server
        self.server.failing = path
        await act()
        waiting = select(func.count()).where(OutboxMessage.status == "pending", OutboxMessage.tries > 0)
        async with asyncio.timeout(10), self.product.database.read() as session:
            while not await session.scalar(waiting):
                await session.rollback()  # a new snapshot
                await asyncio.sleep(0.01)
        self.server.failing = None


on_both_databases = pytest.mark.parametrize("two_databases", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
async def two_databases(
    request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[str, str]]:
    """The product's and the insurer's: on SQLite, and on PostgreSQL as well for what races."""
    if getattr(request, "param", "sqlite") == "postgresql":
        async with a_postgres_copy() as own, a_postgres_copy() as other:
            yield own, other
        return
    for name in ("product", "insurer"):
        (tmp_path / name).mkdir()
    templates = tmp_path_factory.getbasetemp()
    yield a_sqlite_copy(tmp_path / "product", templates), a_sqlite_copy(tmp_path / "insurer", templates)


@pytest.fixture(params=["sql", "http"])
async def sides(request: pytest.FixtureRequest, two_databases: tuple[str, str]) -> AsyncIterator[Sides]:
    own, other = two_databases
    clock = SetClock()
    if request.param == "sql":
        services = Services(settings_for(own), clock)
        async with services.database.write() as session:
            session.add_all(a_registry())
        services.start()
        yield Sides(services, services, clock)
        await services.close()
        return
    async with the_insurer(other, clock, *PORTS) as insurer:
        product = Services(settings_for(own, **ports_of(insurer.url)), clock)
        product.start()
        yield Sides(product, insurer.services, clock, insurer)
        await product.close()


@pytest.fixture(params=["sql", "http"])
async def world(request: pytest.FixtureRequest, two_databases: tuple[str, str]) -> AsyncIterator[World]:
    """The whole service with its own ports, or with all of them at the insurer's."""
    own, other = two_databases
    if request.param == "sql":
        async with running(settings_for(own)) as of_its_own:
            yield of_its_own
        return
    clock = SetClock()
    async with the_insurer(other, clock, *PORTS) as insurer, insured_world(own, insurer, clock) as insured:
        yield insured
