"""`areaclienti privacy`: shows or erases what the product keeps about the person behind a contact."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console

from areaclienti.cli.problems import told_to_operator
from areaclienti.supervisor.problem import OperatorProblem
from areaclienti.supervisor.surroundings import find_surroundings

if TYPE_CHECKING:
    from areaclienti.domain.contacts import Contact
    from areaclienti.gateway.engine_client import EngineClient
    from areaclienti.privacy.finding import Found
    from areaclienti.privacy.parts import Parts
    from areaclienti.privacy.receipts import Receipt

app = typer.Typer(help="What is kept about one person: show it, erase it (docs/privacy.md).", no_args_is_help=True)
ContactArgument = Annotated[str, typer.Argument(metavar="CONTACT", help="E-mail or mobile, as people write it.")]
T = TypeVar("T")
_TRIES = 5

_STAYS = {
    "account": "the account: the customer signs in with it; --account deactivates it too",
    "acknowledgements": "the proof that the privacy notice was seen, for ten years: no name, no contact",
    "audit": "the audit record: codes and ids whose conversations are gone; the hash chain stays whole",
    "registry": "the registry's customer: the insurer's own record, to be asked for at the agency",
    "shared_contact": "several customers have this contact on file: only what bears the contact itself was erased",
}


@app.command("export")
def export(
    contact: ContactArgument,
    output: Annotated[Path | None, typer.Option("--output", help="The ZIP file to write; must not exist.")] = None,
) -> None:
    """Write all that is kept about a person into one ZIP: JSON, and a page in Italian that explains it."""
    console = Console()
    with told_to_operator(console), _told():
        typed = _read(contact)
        file = output or Path(f"dati-personali-{datetime.now(UTC):%Y%m%d-%H%M%S}.zip")
        counts = asyncio.run(_with_parts(lambda parts: _export(parts, typed, file)))
    found = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    console.print(f"Written: {file} ({found or 'nothing is kept'}).", soft_wrap=True)


@app.command("erase")
def erase(
    contact: ContactArgument,
    account: Annotated[bool, typer.Option("--account", help="Deactivate the person's account as well.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Erase what is kept about a person, while the product runs. Interrupted, the same command finishes."""
    console = Console()
    with told_to_operator(console), _told():
        typed = _read(contact)
        if not yes:
            found = asyncio.run(_with_parts(lambda parts: _find(parts, typed)))
            console.print(
                f"Found: {len(found.rows.conversations)} conversations, {len(found.rows.registrations)} registrations, "
                f"{len(found.rows.accounts)} accounts.",
                soft_wrap=True,
            )
            typer.confirm("Erase this for good?", abort=True)
        receipt, path = asyncio.run(_with_parts(lambda parts: _erase(parts, typed, with_account=account)))
    _print(console, receipt, path)


async def _with_parts(act: Callable[[Parts], Coroutine[Any, Any, T]]) -> T:
    from areaclienti.privacy.parts import open_parts

    async with open_parts(find_surroundings()) as parts:
        if not await _answers(parts.engine):
            raise OperatorProblem(
                "The engine doesn't answer, and what it keeps can be read and erased by it alone.",
                "Nothing was done. Start the product (make run), then give the same command again.",
            )
        return await act(parts)


async def _answers(engine: EngineClient) -> bool:
    """A busy engine gets a few seconds."""
    for _ in range(_TRIES):
        if await engine.is_ready():
            return True
        await asyncio.sleep(1.0)
    return False


async def _find(parts: Parts, contact: Contact) -> Found:
    from areaclienti.privacy.finding import find

    return await find(parts, contact)


async def _export(parts: Parts, contact: Contact, file: Path) -> dict[str, int]:
    from areaclienti.privacy.exporting import export

    return await export(parts, contact, file)


async def _erase(parts: Parts, contact: Contact, *, with_account: bool) -> tuple[Receipt, Path]:
    from areaclienti.privacy.erasing import erase
    from areaclienti.privacy.receipts import path_of

    receipt = await erase(parts, contact, with_account=with_account)
    return receipt, path_of(parts.folder, receipt.id)


def _read(contact: str) -> Contact:
    from areaclienti.domain.contacts import ContactRejected, parse_contact
    from areaclienti.domain.dictation import written

    try:
        return parse_contact(written(contact))
    except ContactRejected:
        raise OperatorProblem("That is neither an e-mail address nor an Italian mobile.", "Nothing was done.") from None


@contextmanager
def _told() -> Iterator[None]:
    """What can go wrong half-way, as a line for the operator; the errors' own words may hold values."""
    from sqlalchemy.exc import SQLAlchemyError

    from areaclienti.gateway.engine_client import EngineError
    from areaclienti.identity.ports.outside import BackEndUnavailable
    from areaclienti.privacy.erasing import StillSending

    again = "Give the same command again: it goes on where it ended."
    try:
        yield
    except FileExistsError as error:
        raise OperatorProblem(f"{error.filename} is there already.", "Name another file with --output.") from None
    except EngineError as error:
        raise OperatorProblem(f"The engine failed ({error.code}).", again) from None
    except BackEndUnavailable:
        raise OperatorProblem("A system of the insurer does not answer.", again) from None
    except StillSending:
        raise OperatorProblem("A message to the person is still being sent; the rest is erased.", again) from None
    except (SQLAlchemyError, ConnectionError) as error:
        raise OperatorProblem(f"A database can't be used ({type(error).__name__}).", again) from None


def _print(console: Console, receipt: Receipt, path: Path) -> None:
    console.print(f"Receipt {receipt.id}, finished at {receipt.finished_at}, of {receipt.contact}.", soft_wrap=True)
    for place, count in receipt.erased.items():
        console.print(f"  erased  {count:>6}  {place}")
    if not receipt.erased:
        console.print("  nothing was kept about this contact")
    for code in receipt.kept:
        console.print(f"  stays   {_STAYS[code]}", soft_wrap=True)
    if not receipt.clean:
        told = "A database file was busy or is too large to be written anew here: docs/privacy.md says what to do."
        console.print(f"  note    {told}", soft_wrap=True)
    console.print(f"Stored: {path}, and the same in Italian for the person beside it (.txt).", soft_wrap=True)
