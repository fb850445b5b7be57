"""`areaclienti run`: starts the whole product and stays until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated

import typer
from rich.console import Console

from areaclienti.cli.problems import told_to_operator
from areaclienti.supervisor.display import make_display
from areaclienti.supervisor.product import run_product
from areaclienti.supervisor.surroundings import find_surroundings


def run(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show every line of every log.")] = False,
) -> None:
    """Start all processes of the product; Ctrl-C stops them."""
    console = Console()
    with told_to_operator(console):
        around = find_surroundings()
        with contextlib.closing(make_display(console, verbose)) as display:
            asyncio.run(run_product(around, display))
