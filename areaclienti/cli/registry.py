"""`areaclienti registry`: imports the insurer's registry file, loads the demo customers, shows their stories."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from areaclienti.cli.problems import database_told, told_to_operator
from areaclienti.supervisor.catalogue import database_url
from areaclienti.supervisor.problem import OperatorProblem
from areaclienti.supervisor.surroundings import find_surroundings, variable

if TYPE_CHECKING:
    from areaclienti.identity.registry_file import Gathering, RefusedLine
    from areaclienti.identity.registry_import import Count, Records, Stored

app = typer.Typer(help="The registry of customers, as the agencies hold it.", no_args_is_help=True)

SOME_REFUSED = 3
_SHOWN_REFUSALS = 20


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="The CSV file (docs/registry-file.md).")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, store nothing.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Store nothing if any line is refused.")] = False,
    refused: Annotated[
        Path | None, typer.Option("--refused", help="Write all refused lines to this CSV file: line, column, reason.")
    ] = None,
) -> None:
    """Add the customers of FILE to the registry and bring known ones up to date, all in one transaction.

    Exit code 0: all stored. 3: stored but for the refused lines. 1: nothing stored, for the reason told.
    """
    from areaclienti.identity.registry_file import RegistryFileError, read_registry_file

    console = Console()
    with told_to_operator(console):
        _insist_on_our_registry()
        with _progress(console) as progress:
            try:
                reading = progress.add_task("Reading", total=_size(file))
                gathering = read_registry_file(file, lambda count: progress.advance(reading, count))
            except RegistryFileError as error:
                raise OperatorProblem(str(error), "Nothing was stored.") from None
            stored = None
            if not (strict and gathering.refused):
                storing = progress.add_task("Storing", total=gathering.records.size)
                with database_told():
                    stored = asyncio.run(
                        _store(gathering.records, dry_run, lambda count: progress.advance(storing, count))
                    )
        _report(console, gathering, refused)
        _summarise(console, gathering, stored[0] if stored else None, dry_run)
        if stored and all(stored[1]):
            console.print("The registry holds demo customers beside real ones: start with AREACLIENTI_DEMO=false.")
    if gathering.refused:
        raise typer.Exit(SOME_REFUSED if stored else 1)


@app.command("demo")
def demo() -> None:
    """Load the 200 demo customers into an empty registry."""
    console = Console()
    with told_to_operator(console):
        _insist_on_our_registry()
        if find_surroundings().environment.get(variable("delivery")) == "live":
            raise OperatorProblem(
                "The demo customers are not loaded where codes are really sent: their numbers could be somebody's.",
                f"Unset {variable('delivery')} to use the local mailbox.",
            )
        with database_told():
            loaded = asyncio.run(_load_demo())
    if loaded:
        console.print(f"{loaded} demo customers were loaded. `areaclienti registry cases` shows what to try.")
    else:
        console.print("Nothing was loaded: the registry holds the demo customers already, or real ones.")


@app.command("new-contacts")
def new_contacts(
    output: Annotated[Path, typer.Argument(help="The CSV file to write: customer_code, kind, contact.")],
) -> None:
    """Write the contacts that agencies have confirmed and customers use, and that are not on file yet.

    For whoever makes the registry's file: the next import that brings them puts them on file. Exit code 0.
    """
    import csv

    console = Console()
    with told_to_operator(console):
        _insist_on_our_registry()
        with database_told():
            found = asyncio.run(_not_on_file())
        try:
            with open(output, "x", encoding="utf-8", newline="", opener=_for_owner_alone) as file:
                writer = csv.writer(file)
                writer.writerow(("customer_code", "kind", "contact"))
                writer.writerows(found)
        except OSError as error:
            raise OperatorProblem(
                f"{output} can't be written: {error.strerror}.", "Nothing was overwritten; name another file."
            ) from None
    console.print(f"{len(found)} new contacts were written to {output}.", soft_wrap=True)


@app.command("cases")
def cases() -> None:
    """Show the demo customers with a story, and what to type for each."""
    from areaclienti.identity.demo_cases import CASES, DEMO_PASSWORD

    table = Table(show_lines=True)
    table.add_column("Who, contacts, tax codes", no_wrap=True)
    table.add_column("Story")
    for case in CASES:
        codes = dict.fromkeys(filter(None, (case.codice_fiscale, case.partita_iva)))
        table.add_row("\n".join((f"[bold]{case.name}[/bold]", *case.contacts, *codes)), case.story)
    console = Console()
    console.print(table)
    console.print(f"Password of those who have an account: {DEMO_PASSWORD}")


def _insist_on_our_registry() -> None:
    """Raises `OperatorProblem` where customers are asked for elsewhere: what is stored here would never be read."""
    if find_surroundings().environment.get(variable("registry_url")):
        raise OperatorProblem(
            f"The registry is the insurer's own system ({variable('registry_url')}).",
            "Nothing was stored. Unset it to hold the customers here.",
        )


async def _store(records: Records, dry_run: bool, advance: Callable[[int], None]) -> tuple[Stored, tuple[int, int]]:
    from areaclienti.identity.db.engine import Database
    from areaclienti.identity.demo import count_customers
    from areaclienti.identity.registry_import import store

    database = Database(_identity_database())
    try:
        async with database.write() as session:
            stored = await store(session, records, advance)
            demo_and_real = await count_customers(session)
            if dry_run:
                await session.rollback()
    finally:
        await database.close()
    return stored, demo_and_real


async def _load_demo() -> int:
    from areaclienti.identity.db.engine import Database
    from areaclienti.identity.demo import load_demo

    database = Database(_identity_database())
    try:
        async with database.write() as session:
            return await load_demo(session)
    finally:
        await database.close()


async def _not_on_file() -> list[tuple[str, str, str]]:
    from areaclienti.identity.db.engine import Database
    from areaclienti.identity.new_contacts import not_on_file

    database = Database(_identity_database())
    try:
        async with database.read() as session:
            return await not_on_file(session)
    finally:
        await database.close()


def _for_owner_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _identity_database() -> str:
    """The URL of identity's database, at the newest schema."""
    from areaclienti.identity.db import migrate

    url = database_url(find_surroundings(), "identity")
    migrate.upgrade(url)
    return url


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    # A log file gets the report and the summary, not the bar.
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _size(file: Path) -> int | None:
    return file.stat().st_size if file.is_file() else None


def _report(console: Console, gathering: Gathering, to: Path | None) -> None:
    for line in gathering.refused[:_SHOWN_REFUSALS]:
        console.print(Text(f"Refused {line}", style="yellow"), soft_wrap=True)
    if len(gathering.refused) > _SHOWN_REFUSALS:
        console.print(f"… and {len(gathering.refused) - _SHOWN_REFUSALS} more; --refused FILE writes them all.")
    if to is not None:
        _write_refusals(to, gathering.refused)


def _write_refusals(path: Path, refused: list[RefusedLine]) -> None:
    import csv

    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("line", "column", "reason"))
        writer.writerows((line.line, line.column, line.reason) for line in refused)


def _summarise(console: Console, gathering: Gathering, stored: Stored | None, dry_run: bool) -> None:
    refused = f"{len(gathering.refused)} of {gathering.lines} lines refused"
    if stored is None:
        console.print(f"Nothing was stored: {refused}.", soft_wrap=True)
        return
    kinds = {"customers": stored.customers, "contacts": stored.contacts, "policies": stored.policies}
    said = ", ".join(f"{kind} {_counted(count)}" for kind, count in kinds.items())
    verb = "Would be stored (dry run)" if dry_run else "Stored"
    console.print(f"{verb}: {said}; {refused}.", soft_wrap=True)


def _counted(count: Count) -> str:
    return f"{count.new} new, {count.updated} updated"
