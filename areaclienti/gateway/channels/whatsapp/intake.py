"""Writes what came in durably, each event once, before Meta is answered; requests that come together share a commit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, delete, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from areaclienti.gateway.channels.whatsapp.inbound import OF_PEOPLE, Event
from areaclienti.gateway.channels.whatsapp.seal import Seal
from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.models import now
from areaclienti.gateway.db.whatsapp import WhatsappInbound
from areaclienti.logging import get_logger

log = get_logger()

# Meta repeats what was not answered for 7 days:
# https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
REMEMBERED = timedelta(days=8)
ROWS_AT_ONCE = 500
_STATES = {"odd": "odd", "elsewhere": "ignored", "failure": "ignored"}
_Row = dict[str, Any]
_Waiting = tuple[list[_Row], asyncio.Future[set[str]]]


class NotStored(Exception):
    """Nothing was stored: the sender has to come again."""


class Intake:
    """Takes events in. Any number of gateways may do so on one database: the unique id decides."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    async def take(self, events: Sequence[Event]) -> list[Event]:
        """Those that were not known yet, once they are stored durably. Raises NotStored: none of them is."""
        if not events:
            return []
        received: asyncio.Future[set[str]] = asyncio.get_running_loop().create_future()
        self._idle.clear()
        self._waiting.append(([self._row(event) for event in events], received))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write(), name="whatsapp-intake")
        new_ids = await received
        new = list({event.id: event for event in events if event.id in new_ids}.values())
        for event in new:
            _tell(event)
        return new

    async def pause(self, seconds: float) -> None:
        """Wait until nobody waits for an acknowledgement, so long at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()

    async def forget_old(self) -> int:
        """Delete what only told repeated deliveries, once none can come any more."""
        is_old = (WhatsappInbound.received_at < now() - REMEMBERED) & (WhatsappInbound.state != "pending")
        forgotten = delete(WhatsappInbound).where(is_old)

        def work(session: Session) -> int:
            return cast(CursorResult[Any], session.execute(forgotten)).rowcount

        return await self._database.write(work)

    async def _write(self) -> None:
        """Write until nobody waits: while one commit is under way the next one gathers."""
        try:
            while self._waiting:
                waiting, self._waiting = self._waiting, []
                await self._write_together(waiting)
        finally:
            self._writer = None
            self._idle.set()

    async def _write_together(self, waiting: list[_Waiting]) -> None:
        rows = [row for its_rows, _ in waiting for row in its_rows]
        try:
            new_ids = await self._database.write(lambda session: _insert(session, rows), urgent=True)
        except BaseException as error:
            for _, received in waiting:
                if not received.done():
                    received.set_exception(NotStored(type(error).__name__))
            if not isinstance(error, Exception):
                raise
            return
        for its_rows, received in waiting:
            mine = {row["message_id"] for row in its_rows} & new_ids
            new_ids -= mine  # of two requests with the same event the first one brings it on
            if not received.done():  # whoever sent it may have gone
                received.set_result(mine)

    def _row(self, event: Event) -> _Row:
        state = _STATES.get(event.kind, "pending")
        content: dict[str, Any] = {"wamid": event.wamid} | event.content
        if event.sender is not None:
            content["sender"] = asdict(event.sender)
        is_kept = state in ("pending", "odd")
        return {
            "message_id": event.id,
            "user_id": event.sender.key if event.sender is not None and event.kind in OF_PEOPLE else None,
            "kind": event.kind,
            "sent_at": event.sent_at,
            "received_at": now(),
            "sealed": self._seal.close(content) if is_kept else None,
            "state": state,
        }


def _insert(session: Session, rows: list[_Row]) -> set[str]:
    """Insert those that are not there; the unique index decides, so that nothing can come in between."""
    is_server = session.get_bind().dialect.name == "postgresql"
    insert = postgresql.insert if is_server else sqlite.insert
    if is_server:  # of two gateways with the same rows in another order each would wait for the other
        session.execute(text("SELECT pg_advisory_xact_lock(715503)"))
    new: set[str] = set()
    for start in range(0, len(rows), ROWS_AT_ONCE):
        part = insert(WhatsappInbound).values(rows[start : start + ROWS_AT_ONCE])
        kept = part.on_conflict_do_nothing(index_elements=["message_id"]).returning(WhatsappInbound.message_id)
        new.update(session.scalars(kept))
    return new


def _tell(event: Event) -> None:
    """What operators count: shapes that nobody knows, and what Meta could not do."""
    if event.kind == "odd":
        log.warning("whatsapp_odd_event", message_id=event.id)
    elif event.kind == "failure":
        for code in event.content["codes"] or [None]:
            log.error("whatsapp_failure_reported", code=code)
