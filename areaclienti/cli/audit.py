"""`areaclienti audit`: proves that the audit record is whole, also against its own past."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from areaclienti.audit_chain import Anchor, Finding
from areaclienti.cli.problems import database_told, told_to_operator
from areaclienti.supervisor.catalogue import database_url
from areaclienti.supervisor.problem import OperatorProblem
from areaclienti.supervisor.surroundings import find_surroundings

RECORDS = {"identity": "The audit record", "desk": "The desk's audit record"}
Anchors = dict[str, Anchor]

app = typer.Typer(help="The append-only records of what happened.", no_args_is_help=True)


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
    """Follow the hash chains of identity's audit record and of the desk's. Exit code 0: both are whole; 1: not, or one
    could not be read.
    """
    console = Console()
    with told_to_operator(console):
        known = _read(anchor)
        around = find_surroundings()
        with database_told():
            findings = {
                "identity": asyncio.run(_of_identity(database_url(around, "identity"), known.get("identity"))),
                "desk": _of_desk(database_url(around, "gateway"), known.get("desk")),
            }
        for name, finding in findings.items():
            _tell(console, RECORDS[name], finding, known.get(name))
        if any(finding.state != "whole" for finding in findings.values()):
            raise typer.Exit(1)
        if anchor is not None:
            _write(anchor, {name: finding.end for name, finding in findings.items()})


async def _of_identity(url: str, known: Anchor | None) -> Finding:
    from areaclienti.identity import audit
    from areaclienti.identity.db.engine import Database

    database = Database(url)
    try:
        async with database.read() as session:
            return await audit.verify(session, known)
    finally:
        await database.close()


def _of_desk(url: str, known: Anchor | None) -> Finding:
    """Of a product that never had a desk there is none: its database is not there, or older than the desk."""
    from sqlalchemy import make_url

    from areaclienti.desk import audit

    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists():
        return audit.nothing_there(known)
    return asyncio.run(_of_gateway(url, known))


async def _of_gateway(url: str, known: Anchor | None) -> Finding:
    from sqlalchemy import inspect
    from sqlalchemy.orm import Session

    from areaclienti.desk import audit
    from areaclienti.gateway.db.database import open_database
    from areaclienti.gateway.db.desk_access import DeskAudit

    def work(session: Session) -> Finding:
        if not inspect(session.connection()).has_table(DeskAudit.__tablename__):
            return audit.nothing_there(known)
        return audit.verify(session, known)

    database = open_database(url)
    try:
        return await database.read(work)
    finally:
        await database.close()


def _tell(console: Console, record: str, finding: Finding, known: Anchor | None) -> None:
    end = finding.end
    if finding.state == "whole":
        since = f"; it goes on from the anchor at row {known.rows}" if known else ""
        console.print(f"{record} is whole: {end.rows} rows{since}. Last hash {end.sha256}.", soft_wrap=True)
        return
    if finding.state == "broken":
        said = f"{record} is broken at id {finding.broken_id}: {end.rows} rows before it are whole."
    else:
        assert known is not None
        said = (
            f"{record} was cut off or written anew: its {end.rows} rows are whole, but the anchor's last row "
            f"(id {known.last_id}, the {known.rows}th) is not among them."
        )
    console.print(Text(said, style="bold red"), soft_wrap=True)


def _read(path: Path | None) -> Anchors:
    """The anchors of a file, by record; none while there is no file yet."""
    if path is None or not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if "rows" in content:  # of a time when identity's was the only record
            content = {"identity": content}
        return {name: Anchor(**content[name]) for name in content if name in RECORDS}
    except (ValueError, TypeError):
        raise OperatorProblem(
            f"The anchor file {path} can't be understood.", "Put your copy back, or name a new file."
        ) from None


def _write(path: Path, ends: Anchors) -> None:
    """All or nothing: a half-written anchor would raise a false alarm."""
    new = path.with_name(f"{path.name}.new")
    new.write_text(json.dumps({name: asdict(end) for name, end in ends.items()}) + "\n", encoding="utf-8")
    new.replace(path)
