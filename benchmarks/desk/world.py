"""The whole product with a desk: gateway, engine, actions and identity, and a second gateway on the same database."""

from __future__ import annotations

import contextlib
import json
import random
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from areaclienti.supervisor.embedded import PORTS
from areaclienti.supervisor.free_ports import free_ports
from benchmarks.canary.wiretap import Wiretap, listening
from benchmarks.desk.agent_browser import AgentBrowser
from benchmarks.desk.customer import Customer
from benchmarks.desk.gateways import OPTIONS, THE_PRODUCT, signed_in
from benchmarks.desk.people import ALWAYS_OPEN, hire
from benchmarks.otherwise import gateway_made_by, started_otherwise
from benchmarks.processes import ServiceProcess
from tests.scenarios.product import SETTINGS
from tests.stack import Stack, running_stack

TURNS = ("/webhooks/turn/turns", "/webhooks/turn/classify")  # at the engine's door: what reads a customer's words


@dataclass(frozen=True)
class World:
    """A running product. `engine_door` records all that goes to the engine."""

    stack: Stack
    second: ServiceProcess
    database_url: str
    engine_door: Wiretap
    chance: random.Random

    @property
    def urls(self) -> Sequence[str]:
        return (self.first_url, self.second.url)

    @property
    def first_url(self) -> str:
        return self.stack.urls.gateway.replace("localhost", "127.0.0.1")  # one host, one cookie for both

    @property
    def origin(self) -> str:
        return self.stack.urls.gateway

    def customer(self) -> Customer:
        """A browser that has not begun."""
        return Customer(self.urls, self.origin, self.chance)

    async def agents(self, count: int, *roles: Any, **more: Any) -> list[AgentBrowser]:
        """Agents who are signed in, by turns at both gateways."""
        people = await hire(self.database_url, self.stack.keys["desk_key"], count, *roles, **more)
        return await signed_in(people, self.urls, self.origin)

    def engine_rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the engine stores, read beside it."""
        with contextlib.closing(sqlite3.connect(f"file:{self.stack.engine_database}?mode=ro", uri=True)) as connection:
            return connection.execute(query).fetchall()

    def asked_of_engine(self) -> int:
        """How many turns and classifications went in at its door."""
        return sum(exchange.path in TURNS for exchange in self.engine_door.exchanges)


@contextlib.contextmanager
def running_product(
    folder: Path, *, database_url: str | None = None, factory: str = THE_PRODUCT, seed: int = 7, **settings: str
) -> Iterator[World]:
    """Start everything; `factory` makes the application of both gateways, `settings` go beside those of the harness."""
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    door, second_port = free_ports(2)
    url = database_url or f"sqlite+aiosqlite:///{folder / 'var' / 'gateway.db'}"
    given = {name: str(port) for name, port in ports.items()}
    given |= {"engine_url": f"http://127.0.0.1:{door}", "gateway_database_url": url, "whatsapp": "off", **SETTINGS}
    given |= {"desk_lease_seconds": "86400"}  # agents have no page that says that they are there, unless it is said
    given |= {name: value if isinstance(value, str) else json.dumps(value) for name, value in ALWAYS_OPEN.items()}
    (folder / "var").mkdir(exist_ok=True)
    tap = Wiretap(door, ports["engine_port"], lambda _: "gateway-engine", folder / "captures")
    with contextlib.ExitStack() as running:
        running.enter_context(started_otherwise({"gateway": gateway_made_by(factory)}))
        running.enter_context(listening(tap))
        stack = running.enter_context(running_stack(folder / "var", **(given | settings)))
        around = stack.environment_of("gateway")
        second = ServiceProcess(factory, second_port, around, folder, options=OPTIONS, ready_path="/health/live")
        second.start()
        running.callback(second.stop)
        yield World(stack, second, url, tap, random.Random(seed))


@contextlib.asynccontextmanager
async def opened(world: World, count: int) -> AsyncIterator[list[Customer]]:
    """Customers whose conversations have begun."""
    customers = [world.customer() for _ in range(count)]
    try:
        for customer in customers:
            await customer.open()
        yield customers
    finally:
        for customer in customers:
            await customer.close()
