"""One running process of a service: started on a leash in a group of its own, its output read line by line."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from areaclienti.supervisor.service import Service

LONGEST_LINE = 1 << 20
_LEASH = Path(__file__).with_name("leash.py")


class Child:
    """A started process. `wait` must be awaited by exactly one task."""

    def __init__(self, process: asyncio.subprocess.Process, reader: asyncio.Task[None]) -> None:
        self._process = process
        self._reader = reader

    @classmethod
    async def start(cls, service: Service, on_line: Callable[[str], None]) -> Child:
        """Start the service. Each line that it writes goes to `on_line`, without its end.

        Raises `OSError` when the service's directory is not there.
        """
        # A pipe of our own: asyncio's `wait` waits for its pipes too, which what the process started may hold open.
        reading, writing = os.pipe()
        reader = asyncio.create_task(_read_lines(reading, on_line))
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                "-S",
                str(_LEASH),
                str(os.getpid()),
                *service.command,
                cwd=service.directory,
                env=dict(service.environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                start_new_session=True,  # Ctrl-C in the terminal reaches the supervisor alone
            )
        finally:
            os.close(writing)
        return cls(process, reader)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.returncode is None

    async def wait(self) -> int:
        """Wait for the end of the process and of its output; return the exit code, negative for a signal."""
        code = await self._process.wait()
        self._signal_group(signal.SIGKILL)  # whatever it started goes with it, and lets go of the output
        await self._reader
        return code

    async def stop(self, grace_seconds: float) -> None:
        """End the process and all that it started: politely, and after `grace_seconds` by force."""
        self._signal_group(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace_seconds):
                await self._process.wait()
        except TimeoutError:
            self.kill()
            await self._process.wait()

    def kill(self) -> None:
        """End the process and all that it started at once."""
        self._signal_group(signal.SIGKILL)

    def _signal_group(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


async def _read_lines(descriptor: int, on_line: Callable[[str], None]) -> None:
    stream = asyncio.StreamReader(limit=LONGEST_LINE)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(descriptor, "rb", buffering=0)
    )
    try:
        while True:
            try:
                line = await stream.readline()
            except ValueError:  # longer than LONGEST_LINE: the stream has dropped it
                line = b"(a line longer than 1 MiB was left out)\n"
            if not line:
                return
            on_line(line.decode("utf-8", errors="replace").rstrip("\r\n"))
    finally:
        transport.close()
