"""Runs named stages one after the other and prints the seconds of each."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from scripts.setup import ROOT


@dataclass(frozen=True, slots=True)
class Stage:
    """A command with a name, run from the project's root."""

    name: str
    command: Sequence[str]


def run_stages(stages: Sequence[Stage]) -> int:
    """Run the stages, also after one that failed, with their output shown; print a table of seconds.

    Return 0 when all went well, else 1.
    """
    console = Console()
    done: list[tuple[Stage, bool, float]] = []
    for stage in stages:
        console.rule(f"[bold]{stage.name}", align="left", style="dim")
        began = time.monotonic()
        code = subprocess.run(stage.command, cwd=ROOT, check=False).returncode
        done.append((stage, code == 0, time.monotonic() - began))
    _print_table(console, done)
    return 0 if all(good for _, good, _ in done) else 1


def _print_table(console: Console, done: Sequence[tuple[Stage, bool, float]]) -> None:
    table = Table("stage", "result", "seconds", box=None, pad_edge=False)
    table.columns[2].justify = "right"
    for stage, good, seconds in done:
        table.add_row(stage.name, Text("ok", "green") if good else Text("FAILED", "bold red"), f"{seconds:.1f}")
    table.add_row("together", "", f"{sum(seconds for _, _, seconds in done):.1f}")
    console.rule(style="dim")
    console.print(table)
