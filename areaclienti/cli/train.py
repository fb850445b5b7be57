"""`areaclienti train`: trains the model when what it learns from changed."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated

import typer
from rich.console import Console

from areaclienti.cli.problems import told_to_operator
from areaclienti.supervisor import preflight, product
from areaclienti.supervisor.display import make_display
from areaclienti.supervisor.fingerprint import needs_training
from areaclienti.supervisor.surroundings import find_surroundings


def train(
    force: Annotated[bool, typer.Option("--force", help="Train also when nothing changed.")] = False,
) -> None:
    """Train the model into models/ when what it learns from changed."""
    console = Console()
    with told_to_operator(console):
        around = find_surroundings()
        preflight.check_var(around.var)
        preflight.check_engine_python(around.root / around.settings.engine_python)
        if not force and not needs_training(around.root):
            console.print("The model is up to date.")
            return
        with contextlib.closing(make_display(console, verbose=False)) as display:
            asyncio.run(product.train(around, display))
