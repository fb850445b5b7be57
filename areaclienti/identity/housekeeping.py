"""Erases what is not needed any more, as the privacy notice promises."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from datetime import timedelta

from sqlalchemy import delete, or_, update

from areaclienti.identity import retention
from areaclienti.identity.db.engine import Database
from areaclienti.identity.db.models import (
    ClientAddress,
    IdempotencyRecord,
    LimitEvent,
    PasswordReset,
    Registration,
    SignIn,
    SignInSession,
    StepUp,
    Throttle,
    UseOfContact,
    VaultEntry,
)
from areaclienti.identity.work import Work
from areaclienti.logging import get_logger

_PERIOD_SECONDS = 60.0
_DAY = timedelta(hours=24)
_TWO_DAYS = timedelta(days=2)
_THROTTLE_KEPT = timedelta(days=31)  # as long as an address is remembered as the customer's

log = get_logger()


async def run(
    works: Callable[[], AbstractAsyncContextManager[Work]], database: Database, stopping: asyncio.Event
) -> None:
    """Sweeps once a minute until `stopping` is set; once a day what was deleted is taken out of an embedded file."""
    forgets_at = 0.0
    while not stopping.is_set():
        try:
            async with works() as work:
                await sweep(work)
            if time.monotonic() >= forgets_at:
                await database.forget_deleted(rewrite=True)
                forgets_at = time.monotonic() + _DAY.total_seconds()
        except Exception:
            log.exception("housekeeping_failed")
        with suppress(TimeoutError):
            async with asyncio.timeout(_PERIOD_SECONDS):
                await stopping.wait()


async def sweep(work: Work) -> None:
    """Deletes expired secrets, sessions and answers, and what an unfinished registration had typed."""
    now, session = work.now, work.session
    await session.execute(
        update(Registration)
        .where(Registration.status == "open", Registration.expires_at <= now)
        .values(status="expired", password_hash=None, claims_sealed=None)
    )
    await session.execute(delete(VaultEntry).where(VaultEntry.expires_at <= now))
    await session.execute(delete(IdempotencyRecord).where(IdempotencyRecord.created_at <= now - _DAY))
    await session.execute(delete(LimitEvent).where(LimitEvent.at <= now - _TWO_DAYS))
    await session.execute(delete(ClientAddress).where(ClientAddress.seen_at <= now - _TWO_DAYS))
    await session.execute(delete(UseOfContact).where(UseOfContact.due_at <= now - _DAY))
    await session.execute(delete(Throttle).where(Throttle.updated_at <= now - _THROTTLE_KEPT))
    idle_since = now - timedelta(seconds=work.settings.session_idle_seconds)
    await session.execute(
        delete(SignInSession).where(or_(SignInSession.expires_at <= now, SignInSession.last_seen_at <= idle_since))
    )
    await retention.end_what_is_over(work)
    # Kept for a day after their end: the audit's entries of that time can still be followed.
    for table in (SignIn, StepUp, PasswordReset):
        await session.execute(delete(table).where(table.expires_at <= now - _DAY))
