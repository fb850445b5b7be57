"""The whole product on free ports, run from within another program: for tests and benchmarks."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from areaclienti.supervisor.display import Display
from areaclienti.supervisor.free_ports import free_ports
from areaclienti.supervisor.product import started
from areaclienti.supervisor.supervisor import Supervisor
from areaclienti.supervisor.surroundings import PREFIX, Surroundings, find_surroundings, variable

PORTS = ("gateway_port", "identity_port", "engine_port", "actions_port", "simulator_port")
T = TypeVar("T")


class EmbeddedProduct:
    """A running product; its methods may be called from any thread and wait until what they ask for is done."""

    def __init__(self, around: Surroundings, supervisor: Supervisor, loop: asyncio.AbstractEventLoop) -> None:
        self.around = around
        self._supervisor = supervisor
        self._loop = loop

    def stop(self, name: str) -> None:
        """Stop one service; it stays down until `start`."""
        self._call(self._supervisor.stop(name))

    def start(self, name: str) -> None:
        """Start one service and wait until it is ready."""
        self._call(self._start(name))

    def restart(self, name: str) -> None:
        """Stop one service, start it and wait until it is ready."""
        self.stop(name)
        self.start(name)

    def wait_until_ready(self, *names: str) -> None:
        """Wait until the named services, or all, are ready, as after one that was killed from outside."""
        self._call(self._wait(*names))

    def pids(self) -> dict[str, int]:
        """The process ids of the services that run now."""
        return self._supervisor.pids()

    async def _start(self, name: str) -> None:
        self._supervisor.start(name)
        await self._wait(name)

    async def _wait(self, *names: str) -> None:
        await self._supervisor.wait_until_ready(*names, timeout_seconds=self.around.settings.start_timeout_seconds)

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


@contextlib.contextmanager
def product_on_free_ports(var: Path, settings: Mapping[str, str], display: Display) -> Iterator[EmbeddedProduct]:
    """Start the product with its data in `var`; yield it when everything is ready; stop it at the end.

    `settings` are names and values as in the environment, without the prefix and in lower case. Settings of this
    process's own environment don't count. Raises `OperatorProblem` when the product doesn't start.
    """
    outside = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    given = {name: str(port) for name, port in zip(PORTS, free_ports(len(PORTS)), strict=True)}
    given |= {"var_dir": str(var.absolute()), **settings}
    around = find_surroundings(outside | {variable(name): value for name, value in given.items()})
    with _in_thread(around, display) as product:
        yield product


@contextlib.contextmanager
def _in_thread(around: Surroundings, display: Display) -> Iterator[EmbeddedProduct]:
    loop = asyncio.new_event_loop()
    over = asyncio.Event()
    ready = threading.Event()
    products: list[EmbeddedProduct] = []
    failures: list[BaseException] = []

    async def live() -> None:
        async with started(around, display) as supervisor:
            products.append(EmbeddedProduct(around, supervisor, loop))
            ready.set()
            await over.wait()

    def work() -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(live())
        except BaseException as failure:  # handed to the thread that waits
            failures.append(failure)
        finally:
            ready.set()

    thread = threading.Thread(target=work, name="product")
    thread.start()
    try:
        ready.wait()
        if not products:
            raise failures[0]
        yield products[0]
    finally:
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            loop.call_soon_threadsafe(over.set)
        thread.join()
    if failures:
        raise failures[0]
