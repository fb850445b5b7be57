"""`areaclienti whatsapp`: what an operator needs to connect the product to Meta's WhatsApp Business Platform."""

from __future__ import annotations

import json
import os
from pathlib import Path
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

app = typer.Typer(help="The connection to WhatsApp (docs/whatsapp.md).", no_args_is_help=True)

KEY_FILE = "whatsapp-flow.pem"  # in var/, where no other file is named by a setting
TIMEOUT_SECONDS = 20.0


@app.command("check")
def check() -> None:
    """Ask Meta whether token, number, webhook, templates and Flow are set up. Exit code 1 when something is not."""
    console = Console()
    with told_to_operator(console):
        around = find_surroundings()
        settings = _settings(around)
        if settings.whatsapp != "live":
            raise OperatorProblem(
                f"WhatsApp is {'off' if settings.whatsapp == 'off' else 'simulated'} here: there is nothing at Meta.",
                f"Set {variable('whatsapp')}=live and what docs/whatsapp.md lists.",
            )
        if not _look(console, settings):
            raise typer.Exit(1)


@app.command("keys")
def keys() -> None:
    """Make the Flow's private key, unless it is there, and print the public one to upload. Never overwrites."""
    console, hints = Console(), Console(stderr=True)
    with told_to_operator(console):
        around = find_surroundings()
        named = around.environment.get(variable("whatsapp_flow_private_key_file"))
        file = around.root / named if named else around.var / KEY_FILE
        passphrase = around.environment.get(variable("whatsapp_flow_passphrase")) or None
        is_new = not file.exists()
        if is_new:
            _make_key(file, passphrase)
        public = _public_key(file, passphrase)
    typer.echo(public, nl=False)
    hints.print(f"The private key is {'made' if is_new else 'the one that is there'}: {file}", soft_wrap=True)
    if not named:
        hints.print(f"Set {variable('whatsapp_flow_private_key_file')}={file}", soft_wrap=True)
    hints.print("Upload the public key for the number: docs/whatsapp.md, “The Flow”.", soft_wrap=True)


@app.command("templates")
def templates() -> None:
    """Print the templates to submit: the text as customers read it, then the body of the request."""
    from areaclienti.gateway.channels.whatsapp.account_check import submission
    from areaclienti.gateway.channels.whatsapp.outbound_texts import load_outbound_texts

    for template in load_outbound_texts().templates.values():
        typer.echo(f"# {template.name}, {template.language}, {template.category}\n{template.body}\n")
        typer.echo(json.dumps(submission(template), ensure_ascii=False, indent=2) + "\n")


def _settings(around: Surroundings) -> GatewaySettings:
    try:
        settings = gateway_settings(around)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise OperatorProblem(f"The settings are not whole: {first['msg']}.", "docs/whatsapp.md lists them.") from None
    file = settings.whatsapp_flow_private_key_file  # the gateway runs in the project's folder, this command anywhere
    return settings.model_copy(update={"whatsapp_flow_private_key_file": around.root / file}) if file else settings


def _look(console: Console, settings: GatewaySettings) -> bool:
    """Print a line for each thing; whether all are right."""
    import httpx

    from areaclienti.gateway.channels.whatsapp.account_check import AccountCheck

    console.print(_line(True, "settings", "are whole"), soft_wrap=True)
    all_right = True
    try:
        with httpx.Client(timeout=TIMEOUT_SECONDS) as http:
            for found in AccountCheck(settings, http).findings():
                all_right = all_right and found.is_right
                console.print(_line(found.is_right, found.subject, found.said, found.remedy), soft_wrap=True)
    except httpx.HTTPError as error:  # its own words may hold the address, and that the token
        raise OperatorProblem(
            f"Meta can't be reached ({type(error).__name__}).", "This machine needs HTTPS to graph.facebook.com."
        ) from None
    return all_right


def _line(is_right: bool, subject: str, said: str, remedy: str = "") -> Text:
    mark = Text("ok " if is_right else "!! ", style="green" if is_right else "bold red")
    return mark + Text(f"{subject:<10}{said}" + (f". {remedy}" if remedy else ""))


def _make_key(file: Path, passphrase: str | None) -> None:
    """A new file that nobody else may read; never one that is there."""
    from areaclienti.gateway.channels.whatsapp.flows.crypto import new_key

    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(new_key(passphrase))


def _public_key(file: Path, passphrase: str | None) -> str:
    from areaclienti.gateway.channels.whatsapp.flows.crypto import FlowKeyError, load_flow_key

    try:
        return load_flow_key(file, passphrase).public_pem()
    except FlowKeyError as error:
        raise OperatorProblem(str(error), "Nothing was changed.") from None
