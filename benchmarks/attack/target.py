"""The service under attack: identity's real processes on one PostgreSQL database, and what its owner can look up."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import stamina
from sqlalchemy import Table, text
from sqlalchemy.exc import DBAPIError

from areaclienti.identity.clock import system_clock
from areaclienti.identity.db.migrate import upgrade
from areaclienti.identity.db.models import APPEND_ONLY_TABLES, Base
from areaclienti.identity.db.types import UtcDateTime
from areaclienti.identity.services import Services
from areaclienti.settings import IdentitySettings
from areaclienti.supervisor.free_ports import free_ports

PROCESSES = 2
_LEASH = Path(__file__).resolve().parents[2] / "areaclienti" / "supervisor" / "leash.py"
_START_SECONDS = 180.0
_STOP_SECONDS = 10.0
_LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL, appendix A


@dataclass(frozen=True)
class Target:
    """Processes that serve one database. `services` is the harness's own door to it: no process of the target."""

    urls: Sequence[str]
    settings: IdentitySettings
    services: Services
    logs: Sequence[Path]

    async def rows(self, query: str, **parameters: Any) -> list[Any]:
        """What the database holds, past all code under test."""
        async with self.services.database.read() as session:
            return list((await session.execute(text(query), parameters)).all())

    async def number(self, query: str, **parameters: Any) -> int:
        return int((await self.rows(query, **parameters))[0][0])

    async def let_pass(self, seconds: float) -> None:
        """Makes that much time pass, by moving every time in the database back; what is append-only keeps its own.

        All tables are locked first, and given up soon when the processes are at work in one: they are never the
        ones that a deadlock ends.
        """
        tables = [table for table in Base.metadata.tables.values() if table.name not in APPEND_ONLY_TABLES]
        async for attempt in stamina.retry_context(on=_is_locked, attempts=None, timeout=60, wait_max=1):
            with attempt:
                await self._move_back(tables, seconds)

    async def _move_back(self, tables: Sequence[Table], seconds: float) -> None:
        async with self.services.database.write() as session:
            await session.execute(text("SET LOCAL lock_timeout = '200ms'"))
            await session.execute(text(f"LOCK TABLE {', '.join(table.name for table in tables)} IN EXCLUSIVE MODE"))
            for table in tables:
                for column in (each for each in table.columns if isinstance(each.type, UtcDateTime)):
                    moved = f"UPDATE {table.name} SET {column.name} = {column.name} - make_interval(secs => :s)"
                    await session.execute(text(moved), {"s": float(seconds)})


def _is_locked(error: Exception) -> bool:
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE


@asynccontextmanager
async def running_target(
    database_url: str,
    folder: Path,
    factory: str = "areaclienti.identity.app:create_app",
    **exceptions: Any,
) -> AsyncIterator[Target]:
    """Starts the processes with production settings but for `exceptions`, and stops them at the end.

    Raises `RuntimeError` with the end of a log when they don't get ready.
    """
    keys = ("identity_gateway_key", "identity_actions_key", "code_key", "vault_key")
    values: dict[str, Any] = {name: secrets.token_urlsafe(32) for name in keys}
    values |= {"identity_database_url": database_url, "var_dir": str(folder)} | exceptions
    settings = IdentitySettings(_env_file=None, **values)
    await asyncio.to_thread(upgrade, database_url)
    ports = free_ports(PROCESSES)
    name = factory.partition(":")[0].rpartition(".")[2]
    logs = [folder / f"{name}-{port}.log" for port in ports]
    services = Services(settings, system_clock)
    with contextlib.ExitStack() as processes:
        running = [
            processes.enter_context(_process(factory, port, _environment(values), folder, log))
            for port, log in zip(ports, logs, strict=True)
        ]
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        try:
            for url, process, log in zip(urls, running, logs, strict=True):
                await _wait_until_ready(url, process, log)
            yield Target(urls, settings, services, logs)
        finally:
            await services.database.close()


@contextlib.contextmanager
def _process(
    factory: str, port: int, environment: Mapping[str, str], folder: Path, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    # The supervisor's own leash: nothing outlives the attack, however it ends.
    leash = [sys.executable, "-I", "-S", str(_LEASH), str(os.getpid())]
    command = [*leash, sys.executable, "-m", "uvicorn", "--factory", factory, "--host", "127.0.0.1"]
    command += ["--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *command,
                "--no-access-log",
                "--no-server-header",
                "--log-level",
                "warning",
                "--timeout-keep-alive",
                "300",
            ],
            cwd=folder,  # no .env of a developer is read
            env=environment,
            stdout=output,
            stderr=output,
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _environment(values: Mapping[str, Any]) -> dict[str, str]:
    outside = {name: value for name, value in os.environ.items() if not name.startswith("AREACLIENTI_")}
    root = str(Path(__file__).resolve().parents[2])
    given = {
        f"AREACLIENTI_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in values.items()
    }
    return outside | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": root} | given


async def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    async with httpx.AsyncClient() as client:
        while process.poll() is None and time.monotonic() < until:
            with contextlib.suppress(httpx.HTTPError):
                if (await client.get(f"{url}/health/ready")).status_code == 200:
                    return
            await asyncio.sleep(0.1)
    raise RuntimeError(f"identity did not get ready ({process.poll()}):\n{_end_of(log)}")


def _end_of(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-2000:]
