"""The command line `areaclienti`: one module a command."""

import typer

from areaclienti.cli import accounts, audit, chatwoot, databases, desk, privacy, registry, run, train, whatsapp

app = typer.Typer(help="Area Clienti: the registration assistant.", no_args_is_help=True, add_completion=False)
app.command("run")(run.run)
app.command("train")(train.train)
app.command("databases")(databases.databases)
app.add_typer(registry.app, name="registry")
app.add_typer(accounts.app, name="accounts")
app.add_typer(audit.app, name="audit")
app.add_typer(privacy.app, name="privacy")
app.add_typer(desk.app, name="desk")
app.add_typer(whatsapp.app, name="whatsapp")
app.add_typer(chatwoot.app, name="chatwoot")
