"""A product for the benchmarks: `areaclienti run` as a process of its own on free ports, with new data."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from areaclienti.supervisor.embedded import PORTS
from areaclienti.supervisor.free_ports import free_ports

ROOT = Path(__file__).resolve().parents[1]
STOP_SECONDS = 20
_READY = re.compile(r"^(\w+) ready in ([\d.]+) s$")
_ALL_READY = re.compile(r"^Ready in ([\d.]+) s\.")


@dataclass(frozen=True, slots=True)
class Product:
    """A running product. `ready_seconds` holds each service's own time and, as `all`, from the command to the end."""

    supervisor_pid: int
    ports: dict[str, int]
    keys: dict[str, str]
    ready_seconds: dict[str, float]

    @property
    def gateway_url(self) -> str:
        return f"http://localhost:{self.ports['gateway_port']}"

    @property
    def engine_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['engine_port']}"


@contextlib.contextmanager
def running_product(var: Path) -> Iterator[Product]:
    """Start the product, yield it when everything is ready, stop it at the end. Raises `RuntimeError` if it fails."""
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    # No rate limit: the benchmark stands for many customers and calls from one address.
    settings = {**ports, "var_dir": var, "rate_limit_scale": 1_000_000, "codes_per_hour_of_address": 1_000_000}
    outside = {name: value for name, value in os.environ.items() if not name.startswith("AREACLIENTI_")}
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "areaclienti", "run"],
        cwd=ROOT,
        env=outside | {f"AREACLIENTI_{name.upper()}": str(value) for name, value in settings.items()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        ready_seconds = _wait_until_ready(process)
        ready_seconds["all"] = time.monotonic() - began
        keys = json.loads((var / "keys.json").read_text(encoding="utf-8"))
        yield Product(process.pid, ports, keys, ready_seconds)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


def _wait_until_ready(process: subprocess.Popen[str]) -> dict[str, float]:
    assert process.stdout is not None
    seconds: dict[str, float] = {}
    said: list[str] = []
    for line in process.stdout:
        said.append(line)
        if match := _READY.match(line):
            seconds[match[1]] = float(match[2])
        if _ALL_READY.match(line):
            return seconds
    raise RuntimeError("the product did not start:\n" + "".join(said))
