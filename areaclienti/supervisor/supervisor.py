"""Runs all services together: starts them at once, stops them front to back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import httpx

from areaclienti.supervisor.backoff import BackoffPolicy
from areaclienti.supervisor.keeper import LINES_SHOWN, STOP_GRACE_SECONDS, Keeper
from areaclienti.supervisor.logs import ServiceLog
from areaclienti.supervisor.problem import OperatorProblem
from areaclienti.supervisor.report import Reporter
from areaclienti.supervisor.service import Service


class Supervisor:
    """The running services. An async context manager: leaving it stops everything that it started.

    `services` are in the order in which they are stopped: first those that customers reach.
    """

    def __init__(
        self, services: Sequence[Service], log_directory: Path, reporter: Reporter, policy: BackoffPolicy | None = None
    ) -> None:
        self._services = tuple(services)
        self._log_directory = log_directory
        self._reporter = reporter
        self._policy = policy or BackoffPolicy()
        self._client = httpx.AsyncClient(trust_env=False)  # a proxy must not stand between us and loopback
        self._logs: dict[str, ServiceLog] = {}
        self._keepers: dict[str, Keeper] = {}

    async def __aenter__(self) -> Supervisor:
        self._log_directory.mkdir(parents=True, exist_ok=True)
        for service in self._services:
            log = ServiceLog(self._log_directory / f"{service.name}.log", self._log_trouble)
            self._logs[service.name] = log
            self._keepers[service.name] = Keeper(service, log, self._reporter, self._client, self._policy)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.stop_all()
        finally:
            for keeper in self._keepers.values():
                keeper.kill()
            for log in self._logs.values():
                log.close()
            await self._client.aclose()

    def start(self, *names: str) -> None:
        """Start the named services, or all; return at once."""
        for name in names or self._keepers:
            self._keepers[name].start()

    async def wait_until_ready(self, *names: str, timeout_seconds: float) -> None:
        """Return when the named services, or all, are ready.

        Raises `OperatorProblem` when one of them keeps dying, or when `timeout_seconds` have passed.
        """
        keepers = [self._keepers[name] for name in names or self._keepers]
        waiting = {asyncio.create_task(keeper.ready.wait()) for keeper in keepers}
        dying = {asyncio.create_task(keeper.crash_looping.wait()): keeper for keeper in keepers}
        try:
            async with asyncio.timeout(timeout_seconds):
                while waiting:
                    done, _ = await asyncio.wait({*waiting, *dying}, return_when=asyncio.FIRST_COMPLETED)
                    for task in done & dying.keys():
                        raise self._keeps_dying(dying[task])
                    waiting -= done
        except TimeoutError:
            raise self._not_ready(
                [keeper for keeper in keepers if not keeper.ready.is_set()], timeout_seconds
            ) from None
        finally:
            for task in {*waiting, *dying}:
                task.cancel()

    async def stop(self, name: str) -> None:
        """Stop one service; it stays down until `start`."""
        await self._keepers[name].stop()

    async def restart(self, name: str) -> None:
        """Stop one service and start it again; return at once after the start."""
        await self._keepers[name].stop()
        self._keepers[name].start()

    async def stop_all(self, grace_seconds: float = STOP_GRACE_SECONDS) -> None:
        """Stop every service, one after the other in the given order."""
        for keeper in self._keepers.values():
            await keeper.stop(grace_seconds)

    def kill_all(self) -> None:
        """End every process at once, for an operator who has no patience left."""
        for keeper in self._keepers.values():
            keeper.kill()

    def pids(self) -> dict[str, int]:
        """The process ids of the services that run now."""
        return {name: keeper.pid for name, keeper in self._keepers.items() if keeper.pid is not None}

    def _log_trouble(self, error: OSError) -> None:
        self._reporter.trouble(f"Logs can't be written ({error.strerror}); the services go on. Free space on the disk.")

    def _keeps_dying(self, keeper: Keeper) -> OperatorProblem:
        log = self._logs[keeper.service.name]
        return OperatorProblem(
            f"{keeper.service.name} doesn't start.",
            f"Read the lines below (whole log: {log.path}), put right what they say and start again.",
            log.last_lines(LINES_SHOWN),
        )

    def _not_ready(self, keepers: list[Keeper], timeout_seconds: float) -> OperatorProblem:
        names = ", ".join(keeper.service.name for keeper in keepers)
        log = self._logs[keepers[0].service.name]
        return OperatorProblem(
            f"Not ready after {timeout_seconds:g} s: {names}.",
            f"Read {log.path.parent}/; a slow machine needs a larger AREACLIENTI_START_TIMEOUT_SECONDS.",
            log.last_lines(LINES_SHOWN),
        )
