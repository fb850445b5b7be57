"""Keeps one service alive: starts it, waits until it is ready, starts it again when it dies, stops it when told."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time

import httpx

from areaclienti.supervisor.backoff import Backoff, BackoffPolicy
from areaclienti.supervisor.child import Child
from areaclienti.supervisor.logs import ServiceLog
from areaclienti.supervisor.readiness import wait_until_ready
from areaclienti.supervisor.report import Change, Reporter, State
from areaclienti.supervisor.service import Service

STOP_GRACE_SECONDS = 5.0
LINES_SHOWN = 12


class Keeper:
    """One service under care. `start` begins, `stop` ends; both may be called again and again."""

    def __init__(
        self, service: Service, log: ServiceLog, reporter: Reporter, client: httpx.AsyncClient, policy: BackoffPolicy
    ) -> None:
        self.service = service
        self.crash_looping = asyncio.Event()
        self.ready = asyncio.Event()
        self._log = log
        self._reporter = reporter
        self._client = client
        self._policy = policy
        self._child: Child | None = None
        self._care: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child and self._child.running else None

    def start(self) -> None:
        """Begin to care for the service; return at once. `ready` tells when it can work."""
        if self._care is None:
            self._stopping.clear()
            self.crash_looping.clear()
            self._care = asyncio.create_task(self._keep_alive(), name=f"keep {self.service.name}")

    async def stop(self, grace_seconds: float = STOP_GRACE_SECONDS) -> None:
        """Stop the service and don't start it again."""
        if self._care is None:
            return
        self._stopping.set()
        self._tell("stopping", "stopping")
        if self._child is not None:
            await self._child.stop(grace_seconds)
        await self._care
        self._care = None
        self._tell("stopped", "stopped")

    def kill(self) -> None:
        """End the process at once, without waiting. While the service is under care it will be started again."""
        if self._child is not None:
            self._child.kill()

    async def _keep_alive(self) -> None:
        backoff = Backoff(self._policy)
        while not self._stopping.is_set():
            lived, death = await self._live_once()
            if self._stopping.is_set():
                return
            delay = backoff.died(lived)
            if backoff.crash_looping:
                self._tell_crash_loop(death, backoff.deaths_in_a_row, delay)
                self.crash_looping.set()
            else:
                self._tell("waiting", f"{death}; starts again in {delay:g} s", seconds=lived)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay)

    async def _live_once(self) -> tuple[float, str]:
        """Run the process once from start to death; return how long it lived and how it died."""
        began = time.monotonic()
        self._tell("starting", "starting")
        try:
            self._child = await Child.start(self.service, self._take_line)
        except OSError as error:
            return 0.0, f"can't be started ({error.strerror})"
        if self._stopping.is_set():
            self._child.kill()
        becoming_ready = asyncio.create_task(self._announce_ready(began))
        code = await self._child.wait()
        becoming_ready.cancel()
        self.ready.clear()
        self._child = None
        return time.monotonic() - began, _how_it_died(code)

    async def _announce_ready(self, began: float) -> None:
        await wait_until_ready(self._client, self.service.ready_url)
        self.crash_looping.clear()
        self.ready.set()
        self._tell("ready", "ready", seconds=time.monotonic() - began)

    def _take_line(self, line: str) -> None:
        self._log.write(line)
        self._reporter.said(self.service.name, line)

    def _tell(self, state: State, note: str, seconds: float = 0.0) -> None:
        self._reporter.changed(Change(self.service.name, state, note, seconds))

    def _tell_crash_loop(self, death: str, deaths: int, delay: float) -> None:
        note = f"{death}, for the {_ordinal(deaths)} time in a row; next try in {delay:g} s; log: {self._log.path}"
        # The end of the log is shown once; a loop that goes on says one line each time.
        details = () if self.crash_looping.is_set() else self._log.last_lines(LINES_SHOWN)
        self._reporter.changed(Change(self.service.name, "crash_looping", note, details=details))


def _how_it_died(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    with contextlib.suppress(ValueError):
        return f"was ended by {signal.Signals(-code).name}"
    return f"was ended by signal {-code}"


def _ordinal(number: int) -> str:
    suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"
