"""`areaclienti desk`: who works at the agents' desk; invitations, revocations, lost phones."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, TypeVar, get_args

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from areaclienti.cli.problems import database_told, told_to_operator
from areaclienti.supervisor.own_settings import gateway_settings
from areaclienti.supervisor.problem import OperatorProblem
from areaclienti.supervisor.surroundings import find_surroundings

if TYPE_CHECKING:
    from areaclienti.desk.administration import Administration
    from areaclienti.desk.scope import Role

T = TypeVar("T")

app = typer.Typer(help="Who works at the agents' desk (docs/operations.md).", no_args_is_help=True)

_GATEWAY = "gateway"


@app.command("agents")
def agents() -> None:
    """List everybody, also who was revoked."""
    console = Console()
    with told_to_operator(console), database_told(_GATEWAY):
        everybody = asyncio.run(_with(lambda administration: administration.all()))
    table = Table("Name", "E-mail", "Roles", "Agency", "Consultant", "May come", "Presence")
    for agent in everybody:
        may_come = "revoked" if not agent.active else "yes" if agent.password_hash or agent.oidc_subject else "invited"
        roles = ", ".join(agent.roles)
        where = agent.agency_code or "pool", agent.consultant_code or ""
        table.add_row(agent.name, agent.email, roles, *where, may_come, agent.presence)
    console.print(table)


@app.command("invite")
def invite(
    email: Annotated[str, typer.Argument(help="What he signs in with.")],
    name: Annotated[str, typer.Option("--name", help="As customers and colleagues read it.")],
    role: Annotated[
        list[str] | None, typer.Option("--role", help="agente, supervisore, auditor; may be repeated.")
    ] = None,
    agency: Annotated[str | None, typer.Option("--agency", help="The agency's code; without one: of the pool.")] = None,
    consultant: Annotated[str | None, typer.Option("--consultant", help="The consultant's code, if he is one.")] = None,
    capacity: Annotated[int, typer.Option("--capacity", min=1, max=50, help="Conversations at once.")] = 3,
) -> None:
    """Print a one-time link with which somebody chooses a password and connects a phone.

    For who is known already it changes name, roles, agency and capacity, and lets a revoked one come again.
    """
    from areaclienti.desk.administration import CodeInUse, Position

    console = Console()
    with told_to_operator(console):
        roles = _roles(role or ["agente"])
        if "@" not in email or len(email) > 254 or not 1 <= len(name.strip()) <= 160:
            raise OperatorProblem("An e-mail address and a name are needed.", "Nothing was done.")
        position = Position(name.strip(), email, roles, agency or None, consultant or None, capacity)
        try:
            with database_told(_GATEWAY):
                link = asyncio.run(_with(lambda administration: administration.invite(position)))
        except CodeInUse:
            raise OperatorProblem("Another agent has that consultant's code.", "Nothing was done.") from None
    _print_link(console, link)


@app.command("reset")
def reset(email: Annotated[str, typer.Argument(help="Who lost his phone, or forgot his password.")]) -> None:
    """Print a new link; the old password and the old phone are worth nothing from now on, sessions end."""
    from areaclienti.desk.administration import NoSuchAgent

    console = Console()
    with told_to_operator(console):
        try:
            with database_told(_GATEWAY):
                link = asyncio.run(_with(lambda administration: administration.reset(email)))
        except NoSuchAgent:
            raise _nobody() from None
    _print_link(console, link)


@app.command("revoke")
def revoke(email: Annotated[str, typer.Argument(help="Who may not come any more.")]) -> None:
    """End his sessions and streams within a minute; his conversations go back into the queue, at their place."""
    from areaclienti.desk.administration import NoSuchAgent

    console = Console()
    with told_to_operator(console):
        try:
            with database_told(_GATEWAY):
                ended = asyncio.run(_with(lambda administration: administration.revoke(email)))
        except NoSuchAgent:
            raise _nobody() from None
    console.print(f"Revoked; {ended} sessions ended. The invitation of the same address lets him come again.")


async def _with(act: Callable[[Administration], Awaitable[T]]) -> T:
    from areaclienti.crypto import Sealer
    from areaclienti.desk.administration import Administration
    from areaclienti.gateway.db.database import open_database
    from areaclienti.gateway.db.migrate import upgrade

    try:
        settings = gateway_settings(find_surroundings())
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise OperatorProblem(
            f"The settings are not whole: {first['msg']}.", "docs/operations.md lists them."
        ) from None
    assert settings.desk_key is not None, "the surroundings have every key"
    await asyncio.to_thread(upgrade, settings.gateway_database_url)
    database = open_database(settings.gateway_database_url)
    try:
        return await act(
            Administration(
                database,
                Sealer(settings.desk_key.get_secret_value()),
                settings.public_url,
                timedelta(seconds=settings.desk_invitation_seconds),
            )
        )
    finally:
        await database.close()


def _roles(given: list[str]) -> list[Role]:
    from areaclienti.desk.scope import Role

    roles: tuple[Role, ...] = get_args(Role)
    if unknown := sorted(set(given) - set(roles)):
        raise OperatorProblem(f"There is no role {unknown[0]}.", f"The roles are {', '.join(roles)}.")
    return [role for role in roles if role in given]


def _nobody() -> OperatorProblem:
    return OperatorProblem("Nobody who may come to the desk has that address.", "Nothing was done.")


def _print_link(console: Console, link: str) -> None:
    typer.echo(link)
    hints = Console(stderr=True)
    hints.print("Give it to nobody else: whoever opens it first chooses the password. It is good once.", soft_wrap=True)
