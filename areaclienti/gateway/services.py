"""What the routes work with, made once at start-up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from areaclienti.domain.addresses import network_of

if TYPE_CHECKING:
    from areaclienti.desk.wiring import AgentsDesk
    from areaclienti.gateway.db.database import Database
    from areaclienti.gateway.engine_client import EngineClient
    from areaclienti.gateway.hub import Hub
    from areaclienti.gateway.identity_client import IdentityClient
    from areaclienti.gateway.ledger import Ledger
    from areaclienti.gateway.limits import RateLimiter
    from areaclienti.gateway.locks import Locks
    from areaclienti.gateway.metrics import Metrics
    from areaclienti.gateway.one_time import OneTimeLinks
    from areaclienti.gateway.session import Cookies
    from areaclienti.gateway.texts import Texts
    from areaclienti.gateway.turns import TurnRunner


@dataclass(frozen=True)
class Services:
    """The gateway's parts, wired by `areaclienti.gateway.app`."""

    allowed_origins: frozenset[str]
    cookies: Cookies
    database: Database
    desk: AgentsDesk | None
    engine: EngineClient
    hub: Hub
    identity: IdentityClient
    ledger: Ledger
    limiter: RateLimiter
    locks: Locks
    metrics: Metrics
    one_time: OneTimeLinks
    runner: TurnRunner
    texts: Texts


async def services(connection: HTTPConnection) -> Services:
    """As `services_of`, to depend on: what waits for nothing is a coroutine too, since FastAPI gives plain functions a
    thread for each request.
    """
    return services_of(connection)


def services_of(connection: HTTPConnection) -> Services:
    """The parts of the application that serves this request."""
    found: Services = connection.app.state.services
    return found


def client_address(connection: HTTPConnection) -> str:
    """Where the caller is: his IPv4 address, or the /64 of his IPv6 address; at most 64 characters.

    Behind a proxy of the settings it is what that proxy says, else the address of the connection.
    """
    return network_of(connection.client.host)[:64] if connection.client else "unknown"


def origins(public_url: str, others: list[str]) -> frozenset[str]:
    """The origins whose pages may write: that of the public address, its loopback twin, and those configured."""
    url = urlsplit(public_url)
    twins = {"localhost": "127.0.0.1", "127.0.0.1": "localhost"}
    allowed = {f"{url.scheme}://{url.netloc}", *others}
    if url.hostname in twins:
        allowed.add(f"{url.scheme}://{url.netloc.replace(url.hostname, twins[url.hostname])}")
    return frozenset(allowed)
