"""Runs named stages one after the other, some side by side, and prints the seconds of each."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from scripts.setup import ROOT


@dataclass(frozen=True, slots=True)
class Stage:
    """A command with a name, run from the project's root; `beside` runs meanwhile, and is shown when both are over."""

    name: str
    command: Sequence[str]
    beside: Stage | None = None


@dataclass(frozen=True, slots=True)
class _Result:
    stage: Stage
    code: int
    seconds: float
    processor_seconds: float


def run_stages(stages: Sequence[Stage]) -> int:
    """Run the stages, also after one that failed, with their output shown; print a table of seconds.

    Return 0 when all went well, else 1.
    """
    console = Console()
    began = time.monotonic()
    done: list[_Result] = []
    for stage in stages:
        console.rule(f"[bold]{stage.name}", align="left", style="dim")
        done += _run_both(console, stage, stage.beside) if stage.beside else [_run(stage)]
    _print_table(console, done, time.monotonic() - began)
    return 0 if all(result.code == 0 for result in done) else 1


def _run_both(console: Console, stage: Stage, beside: Stage) -> list[_Result]:
    with tempfile.TemporaryFile() as said, ThreadPoolExecutor(1) as other:
        meanwhile = other.submit(_run, beside, said)
        results = [_run(stage), meanwhile.result()]
        console.rule(f"[bold]{beside.name}", align="left", style="dim")
        said.seek(0)
        print(said.read().decode(errors="replace"), end="", flush=True)
    return results


def _run(stage: Stage, output: IO[bytes] | None = None) -> _Result:
    began = time.monotonic()
    process = subprocess.Popen(stage.command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT if output else None)
    try:
        _, status, used = os.wait4(process.pid, 0)  # the only call that says what a process and its own have used
    except BaseException:
        process.kill()
        raise
    process.returncode = os.waitstatus_to_exitcode(status)
    return _Result(stage, process.returncode, time.monotonic() - began, used.ru_utime + used.ru_stime)


def _print_table(console: Console, done: Sequence[_Result], seconds: float) -> None:
    table = Table("stage", "result", "seconds", "processor", box=None, pad_edge=False)
    table.columns[2].justify = table.columns[3].justify = "right"
    for result in done:
        good = Text("ok", "green") if result.code == 0 else Text("FAILED", "bold red")
        table.add_row(result.stage.name, good, f"{result.seconds:.1f}", f"{result.processor_seconds:.1f}")
    table.add_row("together", "", f"{seconds:.1f}", f"{sum(result.processor_seconds for result in done):.1f}")
    console.rule(style="dim")
    console.print(table)
