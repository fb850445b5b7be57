"""One task for each key that has work: woken while it works it looks again, and no key is worked on twice at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


class Workers:
    """`work` does all that there is for a key and gives the seconds after which there may be more, None when there is
    not. It raises nothing.
    """

    def __init__(self, work: Callable[[str], Awaitable[float | None]], name: str, at_once: int) -> None:
        self._work = work
        self._name = name
        self._slots = asyncio.Semaphore(at_once)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._woken: set[str] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._stopped = False

    def wake(self, key: str) -> None:
        """There may be work. Returns at once."""
        if self._stopped:
            return
        if (timer := self._timers.pop(key, None)) is not None:
            timer.cancel()
        self._woken.add(key)
        if key not in self._tasks:
            self._tasks[key] = asyncio.create_task(self._run(key), name=self._name)

    def waits(self, key: str) -> bool:
        """Whether the key is to be worked on later, by what its work said."""
        return key in self._timers

    async def settle(self) -> None:
        """Wait until nothing is worked on; what was put off is not waited for."""
        while self._tasks:
            await asyncio.wait(list(self._tasks.values()))

    async def stop(self) -> None:
        """Stop what is under way; what is not done is for the next start."""
        self._stopped = True
        for timer in self._timers.values():
            timer.cancel()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, key: str) -> None:
        wait: float | None = None
        try:
            while key in self._woken:
                self._woken.discard(key)
                async with self._slots:
                    wait = await self._work(key)
        finally:
            # no await between the loop's last test and here: a wake can't fall in between
            self._woken.discard(key)
            del self._tasks[key]
            if wait is not None and not self._stopped:
                self._timers[key] = asyncio.get_running_loop().call_later(wait, self._ring, key)

    def _ring(self, key: str) -> None:
        self._timers.pop(key, None)
        self.wake(key)
