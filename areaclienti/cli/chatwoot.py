"""`areaclienti chatwoot`: what an operator needs to connect the product to the insurer's Chatwoot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from areaclienti.cli.problems import told_to_operator
from areaclienti.supervisor.own_settings import gateway_settings
from areaclienti.supervisor.problem import OperatorProblem
from areaclienti.supervisor.surroundings import Surroundings, find_surroundings, variable

if TYPE_CHECKING:
    from areaclienti.settings import GatewaySettings

app = typer.Typer(help="The connection to Chatwoot (docs/chatwoot.md).", no_args_is_help=True)

TIMEOUT_SECONDS = 20.0


@app.callback()
def main() -> None:
    """The connection to Chatwoot (docs/chatwoot.md)."""


@app.command("check")
def check() -> None:
    """Ask Chatwoot whether user, inbox, webhook, teams and labels are set up. Exit code 1 when something is not."""
    console = Console()
    with told_to_operator(console):
        settings = _settings(find_surroundings())
        if settings.handover != "chatwoot":
            raise OperatorProblem(
                "People answer at our own desk here: there is nothing at Chatwoot.",
                f"Set {variable('handover')}=chatwoot and what docs/chatwoot.md lists.",
            )
        if not _look(console, settings):
            raise typer.Exit(1)


def _settings(around: Surroundings) -> GatewaySettings:
    try:
        return gateway_settings(around)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise OperatorProblem(f"The settings are not whole: {first['msg']}.", "docs/chatwoot.md lists them.") from None


def _look(console: Console, settings: GatewaySettings) -> bool:
    """Print a line for each thing; whether all are right."""
    import httpx

    from areaclienti.desk.chatwoot.check import ChatwootCheck

    console.print(_line(True, "settings", "are whole"), soft_wrap=True)
    all_right = True
    try:
        with httpx.Client(timeout=TIMEOUT_SECONDS) as http:
            for found in ChatwootCheck(settings, http).findings():
                all_right = all_right and found.is_right
                console.print(_line(found.is_right, found.subject, found.said, found.remedy), soft_wrap=True)
    except httpx.HTTPError as error:
        raise OperatorProblem(
            f"Chatwoot can't be reached ({type(error).__name__}).",
            f"Is {variable('chatwoot_url')} right, and HTTPS open?",
        ) from None
    return all_right


def _line(is_right: bool, subject: str, said: str, remedy: str = "") -> Text:
    mark = Text("ok " if is_right else "!! ", style="green" if is_right else "bold red")
    return mark + Text(f"{subject:<10}{said}" + (f". {remedy}" if remedy else ""))
