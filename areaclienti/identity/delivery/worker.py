"""The task that empties the outbox: claims what is due, sends it, and tries again what could not be sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from datetime import timedelta

from areaclienti.identity.delivery import outbox
from areaclienti.identity.delivery.adapters import Adapter, NotSent
from areaclienti.identity.delivery.messages import render
from areaclienti.identity.delivery.outbox import Claimed
from areaclienti.identity.work import Work
from areaclienti.logging import get_logger

_LONGEST_PAUSE_SECONDS = 60.0

log = get_logger()


class OutboxWorker:
    """Several may run, in this process or in others: a message is claimed by one of them."""

    def __init__(
        self,
        works: Callable[[], AbstractAsyncContextManager[Work]],
        adapters: Mapping[str, Adapter],
        poll_seconds: float,
    ) -> None:
        self._works = works
        self._adapters = adapters
        self._poll_seconds = poll_seconds
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """There is something to send now."""
        self._woken.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Runs until `stopping` is set (and `wake` called); a batch that was begun is finished."""
        while not stopping.is_set():
            self._woken.clear()
            try:
                while not stopping.is_set() and await self.send_due():
                    pass
            except Exception:
                log.exception("outbox_failed")  # the database may be away: wait and go on
            # Not wait_for: before Python 3.12 it can swallow a cancellation that comes with a wake-up.
            with suppress(TimeoutError):
                async with asyncio.timeout(self._poll_seconds):
                    await self._woken.wait()

    async def send_due(self) -> int:
        """Sends one batch; gives how many messages it handled."""
        async with self._works() as work:
            batch = await outbox.claim(work)
        for claimed in batch:
            await self._send(claimed)
        return len(batch)

    async def _send(self, claimed: Claimed) -> None:
        try:
            message = render(claimed.id, claimed.channel, claimed.destination, claimed.template, claimed.parameters)
            await self._adapters[claimed.channel].send(message)
        except NotSent as failure:
            await self._failed(claimed, failure)
        except Exception:
            log.exception("message_failed", outbox_id=claimed.id)  # one bad message must not hold up the others
            await self._failed(claimed, NotSent("internal"))
        else:
            log.info("message_sent", outbox_id=claimed.id, channel=claimed.channel, tries=claimed.tries)
            async with self._works() as work:
                await outbox.finish(work, claimed, "sent")

    async def _failed(self, claimed: Claimed, failure: NotSent) -> None:
        log.warning("message_not_sent", outbox_id=claimed.id, reason=failure.reason, tries=claimed.tries)
        async with self._works() as work:
            if failure.for_good:
                await outbox.finish(work, claimed, "dropped", failure.reason)
                return
            pause = failure.retry_after_seconds or min(2.0**claimed.tries, _LONGEST_PAUSE_SECONDS)
            await outbox.put_back(work, claimed, timedelta(seconds=pause), failure.reason)
