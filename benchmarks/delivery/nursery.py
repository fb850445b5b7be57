"""Where processes of the identity service come from: one helper process that has loaded it and forks it on demand."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.product import ROOT


class Nursery:
    """Makes services and kills them."""

    def __init__(self, helper: subprocess.Popen[str]) -> None:
        self._helper = helper

    def start(self, port: int, environment: Mapping[str, str], log: Path, step: str | None, marker: Path | None) -> int:
        """Start a service and return its process id."""
        assert self._helper.stdin is not None and self._helper.stdout is not None
        asked = {"port": port, "environment": dict(environment), "log": str(log), "step": step, "marker": str(marker)}
        self._helper.stdin.write(json.dumps(asked) + "\n")
        self._helper.stdin.flush()
        return int(self._helper.stdout.readline())

    def kill(self, process: int) -> bool:
        """kill -9, and wait until it is gone; tell whether it lived."""
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            return False
        while lives(process):
            time.sleep(0.005)
        return True


@contextlib.contextmanager
def nursery() -> Iterator[Nursery]:
    """Yield a nursery; its services end with it."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("AREACLIENTI_")}
    helper = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.delivery.identity_process"],
        cwd=ROOT,
        env=outside,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Nursery(helper)
    finally:
        helper.communicate()  # closes its input, which ends it


def lives(process: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
