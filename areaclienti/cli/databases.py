"""`areaclienti databases`: brings both databases to the newest schema and, if asked, loads the demo customers."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from areaclienti.cli.problems import told_to_operator
from areaclienti.supervisor.catalogue import database_url
from areaclienti.supervisor.surroundings import find_surroundings


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
        console.print("Databases are up to date.")
        if demo:
            console.print(f"Demo customers loaded: {_load_demo(database_url(around, 'identity'))}.")


def _load_demo(url: str) -> int:
    import asyncio

    from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

    from areaclienti.identity.demo import load_demo

    async def load() -> int:
        engine = create_async_engine(url)
        try:
            async with AsyncSession(engine) as session, session.begin():
                return await load_demo(session)
        finally:
            await engine.dispose()

    return asyncio.run(load())
