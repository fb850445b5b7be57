"""A product whose ports are its own SQL, or the insurer's over HTTP: tests of the contract hold for both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from areaclienti.identity.services import Services
from tests.contract.ports.insurer import KEY, the_insurer
from tests.unit.identity.databases import a_sqlite_copy
from tests.unit.identity.world import SetClock, a_registry, settings_for


@dataclass
class Sides:
    """`product` asks; `insurer` holds the data. With the SQL implementation both are the same."""

    product: Services
    insurer: Services
    clock: SetClock


@pytest.fixture
def two_databases(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    for name in ("product", "insurer"):
        (tmp_path / name).mkdir()
    templates = tmp_path_factory.getbasetemp()
    return a_sqlite_copy(tmp_path / "product", templates), a_sqlite_copy(tmp_path / "insurer", templates)


@pytest.fixture(params=["sql", "http"])
async def sides(request: pytest.FixtureRequest, two_databases: tuple[str, str]) -> AsyncIterator[Sides]:
    own, other = two_databases
    clock = SetClock()
    if request.param == "sql":
        services = Services(settings_for(own), clock)
        async with services.database.write() as session:
            session.add_all(a_registry())
        yield Sides(services, services, clock)
        await services.close()
        return
    async with the_insurer(other, clock, "registry") as insurer:
        product = Services(settings_for(own, registry_url=insurer.url, registry_key=KEY), clock)
        yield Sides(product, insurer.services, clock)
        await product.close()
