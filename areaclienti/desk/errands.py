"""What the desk has identity do by itself, again until it is done: decisions under way, e-mails to agencies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from areaclienti.desk.contacts import Ask, Contacts
from areaclienti.desk.hours import WorkingHours, utc_now
from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.desk import Handover
from areaclienti.gateway.identity_client import IdentityRefused, IdentityUnavailable
from areaclienti.logging import get_logger

log = get_logger()

NOTICES = "/v1/desk/agency-notices"
AT_ONCE = 100


class Errands:
    """Any number of gateways may run them on one database: identity does the same thing once."""

    def __init__(
        self,
        database: Database,
        contacts: Contacts,
        ask: Ask,
        hours: WorkingHours,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """`ask` asks identity; agencies read moments on the clock of `hours`."""
        self._database = database
        self._contacts = contacts
        self._ask = ask
        self._hours = hours
        self._clock = clock

    async def run(self, every_seconds: float) -> None:
        """Goes until cancelled."""
        while True:
            try:
                await self.go()
            except IdentityUnavailable:
                log.warning("desk_errands_wait", reason="identity_unavailable")
            except Exception:
                log.exception("desk_errands_failed")
            await asyncio.sleep(every_seconds)

    async def go(self) -> None:
        """All that is due. Raises IdentityUnavailable: the next time does what this one did not."""
        await self._contacts.go()
        for handover_id, agency_code, reason, since in await self._database.read(self._untold):
            asked = {
                "handover_id": handover_id, "agency_code": agency_code, "reason": reason,
                "since": since.astimezone(self._hours.zone).isoformat(),
            }  # fmt: skip
            try:
                told = await self._ask("POST", NOTICES, json=asked)
                if told["outcome"] == "no_address":
                    log.warning("agency_not_told", reason="no_address")
            except IdentityRefused as refused:
                log.error("agency_not_told", reason=refused.code)  # asking again would change nothing
            await self._database.write(partial(self._told, handover_id))

    def _told(self, handover_id: str, session: Session) -> None:
        session.execute(update(Handover).where(Handover.id == handover_id).values(agency_told_at=self._clock()))

    @staticmethod
    def _untold(session: Session) -> list[tuple[str, str | None, str, datetime]]:
        """Who is to be called back, once it is known whose customer that is; each handover once, also when it went
        back into the queue since.
        """
        waits = Handover.state == "callback", Handover.level.is_not(None), Handover.agency_told_at.is_(None)
        query = select(Handover.id, Handover.agency_code, Handover.reason, Handover.queued_at).where(*waits)
        rows = session.execute(query.order_by(Handover.queued_at, Handover.id).limit(AT_ONCE))
        return [(one.id, one.agency_code, one.reason, one.queued_at) for one in rows]
