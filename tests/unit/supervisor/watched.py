"""Helpers of the supervisor's tests: tiny services, and a reporter that remembers what it was told."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from areaclienti.supervisor.free_ports import free_ports
from areaclienti.supervisor.report import Change
from areaclienti.supervisor.service import Service

TINY = Path(__file__).with_name("tiny_service.py")


def tiny(name: str = "tiny", *options: str, port: int | None = None) -> Service:
    port = port or free_ports(1)[0]
    return Service(
        name=name,
        command=(sys.executable, str(TINY), "--port", str(port), *options),
        environment={"PATH": os.environ["PATH"]},
        directory=TINY.parent,
        host="127.0.0.1",
        port=port,
        port_setting="AREACLIENTI_TINY_PORT",
        ready_url=f"http://127.0.0.1:{port}/",
    )


@dataclass
class Remembering:
    """A reporter that keeps everything."""

    changes: list[Change] = field(default_factory=list)
    lines: list[tuple[str, str]] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def changed(self, change: Change) -> None:
        self.changes.append(change)

    def said(self, service: str, line: str) -> None:
        self.lines.append((service, line))

    def trouble(self, text: str) -> None:
        self.troubles.append(text)

    def states(self, service: str = "tiny") -> list[str]:
        return [change.state for change in self.changes if change.service == service]


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that is dead and only not yet collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in {"Z", "X"}


async def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)
