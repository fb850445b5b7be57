"""`areaclienti databases`: brings both databases to the newest schema and, if asked, loads the demo customers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console

from areaclienti.cli.problems import told_to_operator
from areaclienti.supervisor.catalogue import database_url
from areaclienti.supervisor.own_settings import gateway_settings
from areaclienti.supervisor.problem import OperatorProblem
from areaclienti.supervisor.surroundings import find_surroundings, variable

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.orm import Session

    from areaclienti.settings import GatewaySettings

T = TypeVar("T")


def databases(
    demo: Annotated[bool, typer.Option("--demo", help="Load the demo customers where there are none.")] = False,
) -> None:
    """Make or upgrade the databases of identity and of the gateway."""
    # Imported here: the other commands do without the database libraries.
    from areaclienti.gateway.db import migrate as gateway_migrate
    from areaclienti.identity.db import migrate as identity_migrate

    console = Console()
    with told_to_operator(console):
        around = find_surroundings()
        identity_migrate.upgrade(database_url(around, "identity"))
        gateway_migrate.upgrade(database_url(around, "gateway"))
        if around.environment.get(variable("delivery")) == "live":
            _refuse_demo(database_url(around, "identity"))
            _refuse_people(database_url(around, "gateway"))
        console.print("Databases are up to date.")
        if demo:
            console.print(f"Demo customers loaded: {_load_demo(database_url(around, 'identity'))}.")
            settings = gateway_settings(around)
            if settings.desk:
                console.print(f"Demo people at the desk loaded: {_load_people(settings)}.")


def _load_demo(url: str) -> int:
    from areaclienti.identity.demo import load_demo

    return _in_session(url, load_demo)


def _refuse_demo(url: str) -> None:
    from areaclienti.identity.demo import DemoCustomersFound, refuse_demo

    try:
        _in_session(url, refuse_demo)
    except DemoCustomersFound:
        raise OperatorProblem(
            "The registry holds demo customers, whose password is public: live delivery does not start beside them.",
            f"Give {variable('identity_database_url')} an empty database, and load your own registry file.",
        ) from None


def _load_people(settings: GatewaySettings) -> int:
    import asyncio

    from areaclienti.crypto import Sealer
    from areaclienti.desk.demo import DEMO_PASSWORD, load_people
    from areaclienti.password_hashes import Passwords

    assert settings.desk_key is not None, "the surroundings have every key"
    sealer = Sealer(settings.desk_key.get_secret_value())
    # The password is public: a cheap hash will do, and the first sign-in replaces it.
    password_hash = asyncio.run(Passwords(memory_kib=8 * 1024, rounds=1, at_once=1).hash(DEMO_PASSWORD))
    return _in_gateway(settings.gateway_database_url, lambda session: load_people(session, sealer, password_hash))


def _refuse_people(url: str) -> None:
    from areaclienti.desk.demo import DemoPeopleFound, refuse_people

    try:
        _in_gateway(url, refuse_people)
    except DemoPeopleFound:
        raise OperatorProblem(
            "The demo's people are at the desk, with a public password: live delivery does not start beside them.",
            f"Give {variable('gateway_database_url')} an empty database, and invite your own agents.",
        ) from None


def _in_gateway(url: str, act: Callable[[Session], T]) -> T:
    """What `act` gives in one transaction."""
    import asyncio

    from areaclienti.gateway.db.database import open_database

    async def run() -> T:
        database = open_database(url)
        try:
            return await database.write(act)
        finally:
            await database.close()

    return asyncio.run(run())


def _in_session(url: str, act: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """What `act` gives in one transaction."""
    import asyncio

    from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

    async def run() -> T:
        engine = create_async_engine(url)
        try:
            async with AsyncSession(engine) as session, session.begin():
                return await act(session)
        finally:
            await engine.dispose()

    return asyncio.run(run())
