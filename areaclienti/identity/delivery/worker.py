"""The task that empties the outbox: one lane a channel, so that a slow provider of one holds up nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from areaclienti.identity.clock import Clock
from areaclienti.identity.db.engine import Database
from areaclienti.identity.delivery.adapters import Sender
from areaclienti.identity.delivery.lane import Lane, Works


class OutboxWorker:
    """Several may run, in this process or in others: a message is claimed by one of them."""

    def __init__(
        self,
        senders: Mapping[str, Sender],
        database: Database,
        works: Works,
        clock: Clock,
        poll_seconds: float,
        at_once: int,
    ) -> None:
        self.lanes = [
            Lane(channel, sender, database, works, clock, poll_seconds, at_once) for channel, sender in senders.items()
        ]

    def wake(self) -> None:
        """There is something to send now."""
        for lane in self.lanes:
            lane.wake()

    async def run(self, stopping: asyncio.Event) -> None:
        """Runs until `stopping` is set (and `wake` called); what was begun is finished."""
        async with asyncio.TaskGroup() as running:
            for lane in self.lanes:
                running.create_task(lane.run(stopping))
