"""One channel's way out of the outbox: claims what is due, sends several at once, tries again what failed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from datetime import timedelta

from areaclienti.identity.clock import Clock
from areaclienti.identity.db.engine import Database
from areaclienti.identity.delivery import outbox
from areaclienti.identity.delivery.adapters import Accepted, NotSent, Sender
from areaclienti.identity.delivery.circuit import Circuit
from areaclienti.identity.delivery.outbox import Claimed
from areaclienti.identity.delivery.retry import next_try
from areaclienti.identity.work import Work
from areaclienti.logging import get_logger

Works = Callable[[], AbstractAsyncContextManager[Work]]

_PAUSES_TO_RECORD = (0.1, 0.5, 2.0)  # an answer that is known must not be lost to a database that is busy

log = get_logger()


class Lane:
    def __init__(
        self,
        channel: str,
        sender: Sender,
        database: Database,
        works: Works,
        clock: Clock,
        poll_seconds: float,
        at_once: int,
    ) -> None:
        self._channel = channel
        self._sender = sender
        self._database = database
        self._works = works
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._at_once = at_once
        self._circuit = Circuit()
        self._busy = 0
        self._woken = asyncio.Event()

    @property
    def channel(self) -> str:
        """What it sends by."""
        return self._channel

    @property
    def is_held(self) -> bool:
        """Whether its messages wait because the provider fails."""
        return not self._circuit.is_closed

    def wake(self) -> None:
        self._woken.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Runs until `stopping` is set (and `wake` called); what was begun is finished."""
        async with asyncio.TaskGroup() as sending:
            while not stopping.is_set():
                self._woken.clear()
                try:
                    await self._begin_due(sending)
                except Exception:
                    log.exception("outbox_failed", channel=self._channel)  # the database may be away: wait and go on
                # Not wait_for: before Python 3.12 it can swallow a cancellation that comes with a wake-up.
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._pause_seconds()):
                        await self._woken.wait()

    async def _begin_due(self, sending: asyncio.TaskGroup) -> None:
        """Claims as many as may go out now and begins to send them; each that ends wakes the lane for the next."""
        needs = self._sender.needs_seconds
        async with self._database.read() as session:
            if not await outbox.has_work(session, self._channel, self._clock(), needs):
                return
        slots = self._circuit.slots(self._at_once - self._busy, self._busy)
        async with self._works() as work:
            batch = await outbox.claim(work, self._channel, slots, needs)
        for claimed in batch:
            self._busy += 1
            sending.create_task(self._send(claimed))

    def _pause_seconds(self) -> float:
        wait = self._circuit.seconds_to_wait()
        return min(wait, self._poll_seconds) if wait else self._poll_seconds

    async def _send(self, claimed: Claimed) -> None:
        try:
            await self._try(claimed)
        except Exception:
            log.exception("outbox_failed", outbox_id=claimed.id)  # it stays claimed, and is tried again after its lease
        finally:
            self._busy -= 1
            self.wake()

    async def _try(self, claimed: Claimed) -> None:
        if self._clock() + timedelta(seconds=self._sender.needs_seconds) >= claimed.expires_at:
            # It was alive when it was claimed: what has passed since must not make an expired code arrive.
            await self._record(lambda work: outbox.drop(work, claimed, outbox.EXPIRED))
            return
        try:
            accepted = await self._sender.send(claimed)
        except NotSent as failure:
            await self._failed(claimed, failure)
        except Exception:
            log.exception("message_failed", outbox_id=claimed.id)  # one bad message must not hold up the others
            await self._failed(claimed, NotSent("internal", maybe_accepted=True))
        else:
            await self._sent(claimed, accepted)

    async def _sent(self, claimed: Claimed, accepted: Accepted) -> None:
        self._circuit.succeeded()
        log.info("message_sent", outbox_id=claimed.id, channel=claimed.channel, tries=claimed.tries)
        await self._record(lambda work: outbox.sent(work, claimed, accepted))

    async def _failed(self, claimed: Claimed, failure: NotSent) -> None:
        log.warning("message_not_sent", outbox_id=claimed.id, reason=failure.reason, tries=claimed.tries)
        if failure.provider_fails:
            self._provider_failed(failure)
        elif not self._circuit.is_closed:
            self._circuit.succeeded()  # it answered, if only to refuse this message

        async def record(work: Work) -> None:
            at = next_try(
                work.now, claimed.tries, failure.retry_after_seconds, claimed.expires_at, self._sender.needs_seconds
            )
            if failure.for_good or at is None:
                await outbox.drop(work, claimed, failure.reason, maybe_accepted=failure.maybe_accepted)
            else:
                await outbox.put_back(work, claimed, at, failure.reason, maybe_accepted=failure.maybe_accepted)

        await self._record(record)

    def _provider_failed(self, failure: NotSent) -> None:
        pause = self._circuit.failed(failure.retry_after_seconds)
        if pause is not None:
            log.error("provider_held", channel=self._channel, reason=failure.reason, retry_in_seconds=round(pause, 1))

    async def _record(self, change: Callable[[Work], Awaitable[None]]) -> None:
        for pause in _PAUSES_TO_RECORD:
            try:
                async with self._works() as work:
                    await change(work)
                return
            except Exception:
                log.exception("outbox_not_recorded", channel=self._channel)
                await asyncio.sleep(pause)
        async with self._works() as work:
            await change(work)
