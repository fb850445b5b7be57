"""Shows what the operator has to put right, and ends the command with an exit code instead of a traceback."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

import typer
from rich.console import Console
from rich.text import Text

from areaclienti.supervisor.display import problem_lines
from areaclienti.supervisor.preflight import cannot_write
from areaclienti.supervisor.problem import OperatorProblem
from areaclienti.supervisor.surroundings import variable

_CANNOT_WRITE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS})


@contextlib.contextmanager
def told_to_operator(console: Console) -> Iterator[None]:
    """Turn an `OperatorProblem`, and a disk that can't be written, into one clear line and exit code 1."""
    try:
        yield
    except OperatorProblem as problem:
        raise _tell(console, problem) from None
    except OSError as error:
        if error.errno not in _CANNOT_WRITE or error.filename is None:
            raise
        raise _tell(console, cannot_write(Path(error.filename), error)) from None


@contextlib.contextmanager
def database_told(name: str = "identity") -> Iterator[None]:
    """A database that can't be reached or written becomes a line for the operator; its own words may hold values."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, ConnectionError) as error:
        raise OperatorProblem(
            f"The database of {name} can't be used ({type(error).__name__}).",
            f"Nothing was stored. Check {variable(f'{name}_database_url')} and that no long task holds the database.",
        ) from None


def _tell(console: Console, problem: OperatorProblem) -> typer.Exit:
    first, *rest = problem_lines(problem)
    console.print(Text(first, style="bold red"), soft_wrap=True)
    for line in rest:
        console.print(Text(line, style="dim"), soft_wrap=True)
    return typer.Exit(1)
