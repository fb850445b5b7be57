"""The controls: gateways whose intake does what is often done instead. Harness only, the product has no such switch."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import replace

from fastapi import FastAPI
from sqlalchemy import select

from areaclienti.gateway.app import create_app as the_product
from areaclienti.gateway.channels.whatsapp.inbound import Event
from areaclienti.gateway.channels.whatsapp.intake import Intake
from areaclienti.gateway.db.whatsapp import WhatsappInbound

_take = Intake.take


def looks_then_writes() -> FastAPI:
    """The product, but whether an event is known is asked before it is written, and no unique index decides."""
    Intake.take = _look_then_write  # type: ignore[method-assign]
    return the_product()


def acknowledges_first() -> FastAPI:
    """The product, but Meta is answered before anything is stored."""
    app = the_product()
    under_way: set[asyncio.Task[None]] = set()

    async def acknowledge_first(self: Intake, events: Sequence[Event]) -> list[Event]:
        async def later() -> None:
            await asyncio.sleep(0.05)  # a queue that is worked on by and by
            app.state.whatsapp.processing.wake_for(await _take(self, events))

        under_way.add(asyncio.create_task(later()))
        return []

    Intake.take = acknowledge_first  # type: ignore[method-assign]
    return app


_known: dict[str, str] = {}  # Meta's id: the one under which it was written


async def _look_then_write(self: Intake, events: Sequence[Event]) -> list[Event]:
    new = []
    for event in events:
        written_as = _known.get(event.id, "")
        query = select(WhatsappInbound.id).where(WhatsappInbound.message_id == written_as)
        if await self._database.read(lambda session, query=query: session.scalar(query)) is None:  # type: ignore[misc]
            _known[event.id] = secrets.token_hex(24)
            new += await _take(self, [replace(event, id=_known[event.id])])
    return new
