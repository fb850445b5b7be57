"""`areaclienti databases`: brings both databases to the newest schema and, if asked, loads the demo customers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console

from areaclienti.cli.problems import told_to_operator
from areaclienti.supervisor.catalogue import database_url
from areaclienti.supervisor.problem import OperatorProblem
from areaclienti.supervisor.surroundings import find_surroundings, variable

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

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
        console.print("Databases are up to date.")
        if demo:
            console.print(f"Demo customers loaded: {_load_demo(database_url(around, 'identity'))}.")


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
