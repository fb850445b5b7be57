"""Services of the product as processes of a harness: on ports of their own, killed and started again as it likes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[1]
_LEASH = ROOT / "areaclienti" / "supervisor" / "leash.py"
START_SECONDS = 180.0
_STOP_SECONDS = 10.0


class ServiceProcess:
    """One process of an application that `factory` (`module:function`) makes. The log is begun anew at each start."""

    def __init__(
        self,
        factory: str,
        port: int,
        environment: Mapping[str, str],
        folder: Path,
        *,
        options: Sequence[str] = (),
        ready_path: str = "/health/ready",
    ) -> None:
        """`options` go to uvicorn. The process works in `folder`, so that no .env of a developer is read."""
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder / f"{factory.partition(':')[0].rpartition('.')[2]}-{port}.log"
        serving = ["-m", "uvicorn", "--factory", factory, "--host", "127.0.0.1", "--port", str(port)]
        self._command = [sys.executable, *serving, "--no-access-log", "--no-server-header", "--log-level", "warning"]
        self._command += options
        self._environment = environment
        self._folder = folder
        self._ready_url = f"{self.url}{ready_path}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Changes with every start."""
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """By itself, or killed."""
        return self._process is None or self._process.poll() is not None

    def start(self) -> None:
        """Start it; whether it is ready is another question."""
        # The supervisor's own leash: nothing outlives the harness, however it ends.
        leash = [sys.executable, "-I", "-S", str(_LEASH), str(os.getpid())]
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                [*leash, *self._command], cwd=self._folder, env=self._environment, stdout=output, stderr=output
            )

    def kill(self) -> None:
        """End it with kill -9, and wait until it is gone."""
        assert self._process is not None, "not started"
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it in good order."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    async def wait_until_ready(self, seconds: float = START_SECONDS) -> None:
        """Raises `RuntimeError` with the end of the log when it does not get ready."""
        assert self._process is not None, "not started"
        until = time.monotonic() + seconds
        async with httpx.AsyncClient() as client:
            while self._process.poll() is None and time.monotonic() < until:
                with contextlib.suppress(httpx.HTTPError):
                    if (await client.get(self._ready_url)).status_code == httpx.codes.OK:
                        return
                await asyncio.sleep(0.05)
        end = self.log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise RuntimeError(f"{self.log.stem} did not get ready ({self._process.poll()}):\n{end}")


def environment_with(values: Mapping[str, Any]) -> dict[str, str]:
    """This process's environment without its own settings, and with these: names in lower case, without the prefix."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("AREACLIENTI_")}
    given = {
        f"AREACLIENTI_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in values.items()
    }
    return outside | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)} | given
