"""`areaclienti audit`: proves that the audit record is whole, also against its own past."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from areaclienti.cli.problems import database_told, told_to_operator
from areaclienti.supervisor.catalogue import database_url
from areaclienti.supervisor.problem import OperatorProblem
from areaclienti.supervisor.surroundings import find_surroundings

if TYPE_CHECKING:
    from areaclienti.identity.audit import Anchor, Finding

app = typer.Typer(help="The append-only record of what happened.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps `verify` a command of its own: typer folds a group of one."""


@app.command("verify")
def verify(
    anchor: Annotated[
        Path | None,
        typer.Option(
            "--anchor",
            help="Compare with the end that this file holds, then write the new end to it. Keep it elsewhere: "
            "without it, rows cut off at the end leave no trace.",
        ),
    ] = None,
) -> None:
    """Follow the hash chain of the audit record. Exit code 0: whole; 1: not, or it could not be read."""
    console = Console()
    with told_to_operator(console):
        known = _read(anchor)
        with database_told():
            finding = asyncio.run(_verify(database_url(find_surroundings(), "identity"), known))
        _tell(console, finding, known)
        if finding.state != "whole":
            raise typer.Exit(1)
        if anchor is not None:
            _write(anchor, finding.end)


async def _verify(url: str, known: Anchor | None) -> Finding:
    from areaclienti.identity import audit
    from areaclienti.identity.db.engine import Database

    database = Database(url)
    try:
        async with database.read() as session:
            return await audit.verify(session, known)
    finally:
        await database.close()


def _tell(console: Console, finding: Finding, known: Anchor | None) -> None:
    end = finding.end
    if finding.state == "whole":
        since = f"; it goes on from the anchor at row {known.rows}" if known else ""
        console.print(f"The audit record is whole: {end.rows} rows{since}. Last hash {end.sha256}.", soft_wrap=True)
        return
    if finding.state == "broken":
        said = f"The audit record is broken at id {finding.broken_id}: {end.rows} rows before it are whole."
    else:
        assert known is not None
        said = (
            f"The audit record was cut off or written anew: its {end.rows} rows are whole, but the anchor's last row "
            f"(id {known.last_id}, the {known.rows}th) is not among them."
        )
    console.print(Text(said, style="bold red"), soft_wrap=True)


def _read(path: Path | None) -> Anchor | None:
    """The anchor of a file, None while there is none yet."""
    from areaclienti.identity.audit import Anchor

    if path is None or not path.exists():
        return None
    try:
        return Anchor(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError):
        raise OperatorProblem(
            f"The anchor file {path} can't be understood.", "Put your copy back, or name a new file."
        ) from None


def _write(path: Path, end: Anchor) -> None:
    """All or nothing: a half-written anchor would raise a false alarm."""
    new = path.with_name(f"{path.name}.new")
    new.write_text(json.dumps(asdict(end)) + "\n", encoding="utf-8")
    new.replace(path)
