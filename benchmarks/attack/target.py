"""The service under attack: identity's real processes on one PostgreSQL database, and what its owner can look up."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
from benchmarks.processes import ServiceProcess, environment_with

PROCESSES = 2
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
    services = Services(settings, system_clock)
    processes = [
        ServiceProcess(factory, port, environment_with(values), folder, options=("--timeout-keep-alive", "300"))
        for port in free_ports(PROCESSES)
    ]
    try:
        for process in processes:
            process.start()
        for process in processes:
            await process.wait_until_ready()
        yield Target([process.url for process in processes], settings, services, [process.log for process in processes])
    finally:
        for process in processes:
            process.stop()
        await services.database.close()
