"""What the operator sees: a live progress list on a terminal, plain lines anywhere else."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.panel import Panel
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from areaclienti.supervisor.logs import for_people, is_serious
from areaclienti.supervisor.problem import OperatorProblem
from areaclienti.supervisor.report import Change, Reporter

_STYLE = {
    "starting": "cyan",
    "ready": "green",
    "waiting": "yellow",
    "crash_looping": "bold red",
    "stopping": "dim",
    "stopped": "dim",
}


class Display(Reporter, Protocol):
    """A reporter that also shows the steps before the services start, and the addresses once they are up."""

    def step_began(self, title: str) -> None: ...

    def step_says(self, title: str, line: str) -> None: ...

    def step_ended(self, title: str, seconds: float) -> None: ...

    def addresses(self, addresses: Mapping[str, str], logs: Path, seconds: float) -> None:
        """Everything is ready: show where to go. The start is over, from now on only changes are shown."""

    def close(self) -> None:
        """Leave the terminal as it was found."""


def make_display(console: Console, verbose: bool) -> Display:
    """Return the display that fits: live on a terminal, plain lines in a pipe or when every line is wanted."""
    return LiveDisplay(console) if console.is_terminal and not verbose else PlainDisplay(console, verbose)


class PlainDisplay:
    """One line for each thing that happens. `verbose` shows every line of every log as well."""

    def __init__(self, console: Console, verbose: bool = False) -> None:
        self._console = console
        self._verbose = verbose
        self._started = False

    def step_began(self, title: str) -> None:
        self._line(f"{title} …")

    def step_says(self, title: str, line: str) -> None:
        if self._verbose or is_serious(line):
            self._line(f"  {line}")

    def step_ended(self, title: str, seconds: float) -> None:
        self._line(f"{title}: done in {seconds:.1f} s")

    def changed(self, change: Change) -> None:
        for line in lines_about(change):
            self._line(line)

    def said(self, service: str, line: str) -> None:
        if self._verbose or (self._started and is_serious(line)):
            self._line(f"{service:<8} | {for_people(line)}")

    def trouble(self, text: str) -> None:
        self._line(text)

    def addresses(self, addresses: Mapping[str, str], logs: Path, seconds: float) -> None:
        self._started = True
        self._line(f"Ready in {seconds:.1f} s. Stop with Ctrl-C. Logs: {logs}")
        for title, address in addresses.items():
            self._line(f"  {title:<15} {address}")

    def close(self) -> None:
        return None

    def _line(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class LiveDisplay:
    """A list that fills with ticks while the product starts; afterwards one coloured line for each change."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._rows: dict[str, _Row] = {}
        self._live: Live | None = Live(
            get_renderable=self._list, console=console, refresh_per_second=8, transient=False
        )
        self._live.start()

    def step_began(self, title: str) -> None:
        self._row(title).change("running", "")

    def step_says(self, title: str, line: str) -> None:
        self._row(title).note = line

    def step_ended(self, title: str, seconds: float) -> None:
        self._row(title).change("done", f"{seconds:.1f} s")

    def changed(self, change: Change) -> None:
        if self._live is None:
            for line in lines_about(change):
                self._console.print(Text(line, style=_STYLE[change.state]), soft_wrap=True)
        elif change.state in {"starting", "waiting"}:
            self._row(change.service).change("running", "" if change.state == "starting" else change.note)
        elif change.state == "ready":
            self._row(change.service).change("done", f"ready in {change.seconds:.1f} s")
        elif change.state == "crash_looping":
            self._row(change.service).change("failed", change.note)

    def said(self, service: str, line: str) -> None:
        if self._live is None and is_serious(line):
            self._console.print(
                f"[yellow]{service:<8}[/] | {escape(for_people(line))}", highlight=False, soft_wrap=True
            )

    def trouble(self, text: str) -> None:
        self._console.print(Text(text, style="yellow"), soft_wrap=True)

    def addresses(self, addresses: Mapping[str, str], logs: Path, seconds: float) -> None:
        self.close()
        table = Table.grid(padding=(0, 3))
        for title, address in addresses.items():
            table.add_row(title, Text(address, style=f"bold cyan link {address}"))
        footer = Text(f"\nStop with Ctrl-C. Logs: {logs}", style="dim")
        self._console.print(
            Panel(
                Group(table, footer),
                title=f"Area Clienti is ready ({seconds:.1f} s)",
                border_style="green",
                expand=False,
            )
        )

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _row(self, title: str) -> _Row:
        return self._rows.setdefault(title, _Row(title))

    def _list(self) -> RenderableType:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=1)
        grid.add_column(no_wrap=True, min_width=max((len(title) for title in self._rows), default=0))
        grid.add_column(no_wrap=True, overflow="ellipsis", style="dim")
        for row in self._rows.values():
            grid.add_row(row.mark(), row.title, row.text())
        return grid


class _Row:
    """A line of the progress list."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.note = ""
        self._state = "running"
        self._began = time.monotonic()
        self._spinner = Spinner("dots", style="cyan")

    def change(self, state: str, note: str) -> None:
        if state == "running":
            self._began = time.monotonic()
        self._state, self.note = state, note

    def mark(self) -> RenderableType:
        if self._state == "running":
            return self._spinner
        return Text("✓", style="green") if self._state == "done" else Text("✗", style="bold red")

    def text(self) -> Text:
        if self._state == "running":
            return Text(f"{time.monotonic() - self._began:4.0f} s  {self.note}")
        return Text(self.note)


def lines_about(change: Change) -> list[str]:
    """Say a change in words, the end of a log below it where there is one."""
    if change.state == "ready":
        return [f"{change.service} ready in {change.seconds:.1f} s"]
    first = f"{change.service} {change.note}"
    if change.state == "crash_looping":
        first = f"{change.service} keeps dying: it {change.note}"
    return [first, *(f"    {line}" for line in change.details)]


def problem_lines(problem: OperatorProblem) -> list[str]:
    """One line with what happened and what to do, and the details below it."""
    return [f"{problem.what} {problem.remedy}", *(f"    {line}" for line in problem.details)]
