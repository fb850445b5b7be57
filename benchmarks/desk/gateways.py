"""Gateways with a desk, several processes on one database, without the rest of the product."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from areaclienti.gateway.db.migrate import upgrade
from areaclienti.settings import GatewaySettings
from areaclienti.supervisor.free_ports import free_ports
from benchmarks.desk.agent_browser import AgentBrowser
from benchmarks.desk.people import ALWAYS_OPEN, Person
from benchmarks.processes import ServiceProcess, environment_with

THE_PRODUCT = "areaclienti.gateway.app:create_app"
OPTIONS = ("--no-proxy-headers", "--timeout-graceful-shutdown", "2", "--timeout-keep-alive", "300")
CHEAP_HASHES = {"password_hash_memory_kib": "8192", "password_hash_rounds": "1"}  # hundreds sign in
_SIGN_IN_AT_ONCE = 8


@dataclass(frozen=True)
class Gateways:
    """Running gateways. `origin` is the public address of them all."""

    processes: Sequence[ServiceProcess]
    settings: GatewaySettings
    database_url: str
    desk_key: str
    origin: str
    environment: Mapping[str, str]  # for commands of the product beside them

    @property
    def urls(self) -> list[str]:
        return [process.url for process in self.processes]

    async def sign_in(self, people: Sequence[Person]) -> list[AgentBrowser]:
        """Their browsers, by turns at each gateway."""
        return await signed_in(people, self.urls, self.origin)


async def signed_in(people: Sequence[Person], urls: Sequence[str], origin: str) -> list[AgentBrowser]:
    """Browsers of people who have signed in, by turns at each gateway."""
    browsers = [AgentBrowser(person, urls[number % len(urls)], origin) for number, person in enumerate(people)]
    places = asyncio.Semaphore(_SIGN_IN_AT_ONCE)  # an address may not fail too often, and nobody has succeeded yet

    async def come_in(browser: AgentBrowser) -> None:
        async with places:
            await browser.sign_in()

    await asyncio.gather(*map(come_in, browsers))
    return browsers


@contextlib.asynccontextmanager
async def running_gateways(
    database_url: str, folder: Path, *, count: int = 2, factory: str = THE_PRODUCT, **settings: Any
) -> AsyncIterator[Gateways]:
    """Start them on a database, and stop them at the end. Raises RuntimeError when one does not start."""
    keys = {name: secrets.token_urlsafe(32) for name in ("engine_key", "identity_gateway_key")}
    desk_key = new_key()
    ports = free_ports(count + 2)
    nobody, nobody_either = (f"http://127.0.0.1:{port}" for port in ports[count:])
    values: Mapping[str, Any] = {
        **ALWAYS_OPEN,
        **CHEAP_HASHES,
        **keys,
        "desk_key": desk_key,
        "var_dir": str(folder),
        "gateway_database_url": database_url,
        "public_url": f"http://127.0.0.1:{ports[0]}",
        "engine_url": nobody,
        "identity_url": nobody_either,
        "rate_limit_scale": "1000000",
        "desk_lease_seconds": "86400",  # whoever claims here has no page that says he is there
        **settings,
    }
    await asyncio.to_thread(upgrade, database_url)
    processes = [
        ServiceProcess(factory, port, environment_with(values), folder, options=OPTIONS, ready_path="/health/live")
        for port in ports[:count]
    ]
    try:
        for process in processes:
            process.start()
        for process in processes:
            await process.wait_until_ready()
        parsed = GatewaySettings(_env_file=None, **values)
        yield Gateways(processes, parsed, database_url, desk_key, str(values["public_url"]), environment_with(values))
    finally:
        for process in processes:
            process.stop()


def new_key() -> str:
    """A key as the supervisor makes them."""
    return secrets.token_urlsafe(32)


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder that is gone at the end."""
    with tempfile.TemporaryDirectory(prefix="areaclienti-desk-") as folder:
        yield Path(folder)
