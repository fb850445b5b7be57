"""`areaclienti accounts`: what an operator may do to customers' accounts; never reading or choosing a password."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from areaclienti.cli.problems import database_told, told_to_operator
from areaclienti.supervisor.catalogue import database_url
from areaclienti.supervisor.problem import OperatorProblem
from areaclienti.supervisor.surroundings import find_surroundings

if TYPE_CHECKING:
    from areaclienti.identity.revocation import Ended

app = typer.Typer(help="Customers' accounts.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps each command a command of its own: typer folds a group of one."""


@app.command("end-sessions")
def end_sessions(
    username: Annotated[str | None, typer.Argument(help="E-mail or mobile that the customer signs in with.")] = None,
    everybody: Annotated[bool, typer.Option("--all", help="End the sessions of all customers.")] = False,
) -> None:
    """Sign one customer out everywhere, or all of them with --all, from their next request on."""
    console = Console()
    with told_to_operator(console):
        if (username is None) == (not everybody):
            raise OperatorProblem("Whose sessions?", "Give one username, or --all for everybody's.")
        with database_told():
            ended = asyncio.run(_end(username))
    console.print(f"Ended: {ended.sessions} sessions, {ended.sign_ins} sign-ins that waited for their code.")


@app.command("deactivate")
def deactivate(
    username: Annotated[str, typer.Argument(help="E-mail or mobile that the customer signs in with.")],
) -> None:
    """Give a customer's account up for him: erases password and username, signs him out, tells him.

    The contact is free again, and the customer may register again from the start.
    """
    console = Console()
    with told_to_operator(console), database_told():
        asyncio.run(_deactivate(username))
    console.print("Deactivated. The customer is told by e-mail or SMS as soon as the product runs.")


async def _deactivate(username: str) -> None:
    from areaclienti.domain.contacts import ContactRejected, parse_contact
    from areaclienti.identity.accounts import deactivate_by_operator
    from areaclienti.identity.clock import system_clock
    from areaclienti.identity.services import Services
    from areaclienti.supervisor.own_settings import identity_settings

    services = Services(identity_settings(find_surroundings()), system_clock)
    try:
        key = parse_contact(username).key
        if not await services.do(lambda work: deactivate_by_operator(work, key)):
            raise OperatorProblem("No account has that username.", "Nothing was done.")
    except ContactRejected:
        raise OperatorProblem("That is neither an e-mail address nor an Italian mobile.", "Nothing was done.") from None
    finally:
        await services.close()


async def _end(username: str | None) -> Ended:
    from areaclienti.domain.contacts import ContactRejected
    from areaclienti.identity.clock import system_clock
    from areaclienti.identity.db.engine import Database
    from areaclienti.identity.revocation import NoSuchAccount, end_sessions

    database = Database(database_url(find_surroundings(), "identity"))
    try:
        return await end_sessions(database, system_clock(), username)
    except ContactRejected:
        raise OperatorProblem("That is neither an e-mail address nor an Italian mobile.", "Nothing was done.") from None
    except NoSuchAccount:
        raise OperatorProblem("No account has that username.", "Nothing was done.") from None
    finally:
        await database.close()
