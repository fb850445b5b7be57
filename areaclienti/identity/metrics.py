"""What Prometheus reads of identity: recognitions, codes, locks, what is sent and what waits, its back ends."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final, Protocol

from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from areaclienti.identity.audit import Event
from areaclienti.identity.clock import Clock
from areaclienti.identity.db.engine import Database
from areaclienti.identity.db.models import (
    IdempotencyRecord,
    NewContact,
    OutboxMessage,
    ReceiptCount,
    Registration,
    UseOfContact,
    VaultEntry,
)
from areaclienti.metrics import OVERDUE_MINUTES, ServiceMetrics, gauge, gauges
from areaclienti.settings import IdentitySettings

CHANNELS: Final = ("email", "sms")
FRESH_SECONDS: Final = 10.0  # the database is asked at most so often, however many ask
_WAITING: Final = ("pending", "claimed")
# what use cases count with `Work.count`: its name there → (metric, what it says, labels)
COUNTED: Final = {
    "codes": ("identity_codes", "Verification codes that were asked for", ("channel", "outcome")),
    "code_checks": ("identity_code_checks", "Verification codes that were entered", ("channel", "outcome")),
    "delivery_attempts": ("identity_delivery_attempts", "Tries to send a message", ("channel", "outcome")),
    "messages": ("identity_messages", "Messages that left the outbox", ("channel", "outcome")),
}
# events of the audit whose reason is an outcome, one of few: event → (metric, what it says)
_OUTCOMES: Final = {
    "match": ("identity_matches", "Data that were compared with the registry"),
    "identification": ("identity_identifications", "Tax codes that were compared with the registry"),
    "sign_in": ("identity_sign_ins", "Sign-ins"),
    "password_reset": ("identity_password_resets", "Steps of passwords that were forgotten"),
}
# what a limit stopped, and the wait that follows failures: the locks that customers meet
_LOCKED: Final = ("limit_reached", "wait", "notices_stopped", "codes_stopped")
_LOCKABLE: Final = ("match", "identification", "sign_in", "password_reset", "step_up", "code_refused", "sms_budget")


class Lane(Protocol):
    """A way out of the outbox."""

    @property
    def channel(self) -> str: ...

    @property
    def is_held(self) -> bool: ...


class Metrics(ServiceMetrics):
    """The metrics of one identity process."""

    def __init__(self, database: Database, key: str | None, settings: IdentitySettings, clock: Clock) -> None:
        """`key` is what Prometheus has to show; without one nobody reads them."""
        super().__init__(key, settings.var_dir)
        self.lanes: Sequence[Lane] = ()
        self._database = database
        self._clock = clock
        self._found: list[GaugeMetricFamily] = []
        self._found_at: float | None = None
        self._counted = {what: self.counter(name, says, *labels) for what, (name, says, labels) in COUNTED.items()}
        self._outcomes = {event: self.counter(name, says, "outcome") for event, (name, says) in _OUTCOMES.items()}
        self._accounts = self.counter("identity_accounts", "Accounts that were made", "contact")
        self._locks = self.counter("identity_locks", "What a limit stopped", "what")
        self._back_ends = self.counter(
            "identity_back_end_requests", "What systems behind ports were asked", "system", "outcome"
        )
        self._back_end_seconds = self.histogram(
            "identity_back_end_seconds", "How long they took, further tries included", "system"
        )

    def committed(self, counts: Iterable[tuple[str, ...]], events: Iterable[Event]) -> None:
        """A transaction was committed in which this happened."""
        for what, *labels in counts:
            self._counted[what].labels(*labels).inc()
        for event in events:
            reason = event.reason or "none"
            if event.event in self._outcomes:
                self._outcomes[event.event].labels(reason).inc()
            if event.event == "account_created":
                self._accounts.labels(reason).inc()
            if event.event in _LOCKABLE and reason in _LOCKED:
                self._locks.labels(event.event).inc()

    def back_end(self, system: str, outcome: str, seconds: float) -> None:
        """A system behind a port was asked; `system` and `outcome` are codes of its client."""
        self._back_ends.labels(system, outcome).inc()
        self._back_end_seconds.labels(system).observe(seconds)

    async def text(self) -> bytes:
        """All metrics in the text format of Prometheus. Raises what the database raises."""
        if self._found_at is None or time.monotonic() - self._found_at >= FRESH_SECONDS:
            async with self._database.read() as session:
                self._found = [*await self._outbox(session), await self._receipts(session), *await self._rest(session)]
            self._found_at = time.monotonic()
        held = {(lane.channel,): float(lane.is_held) for lane in self.lanes}
        says = "Whether messages wait because the provider fails"
        return self.exposed([*self._found, gauges("identity_provider_held", says, ("channel",), held)])

    async def _outbox(self, session: AsyncSession) -> list[GaugeMetricFamily]:
        queue = (OutboxMessage.channel, OutboxMessage.status, func.count(), func.min(OutboxMessage.created_at))
        rows = await session.execute(select(*queue).where(OutboxMessage.status.in_(_WAITING)).group_by(*queue[:2]))
        waiting = {(channel, status): 0.0 for channel in CHANNELS for status in _WAITING}
        oldest = {(channel,): 0.0 for channel in CHANNELS}
        for channel, status, count, since in rows:
            waiting[channel, status] = count
            oldest[channel,] = max(oldest[channel,], (self._clock() - since).total_seconds())
        return [
            gauges("identity_outbox", "Messages that are not out yet", ("channel", "state"), waiting),
            gauges("identity_outbox_oldest_seconds", "How long the oldest of them has waited", ("channel",), oldest),
        ]

    async def _receipts(self, session: AsyncSession) -> GaugeMetricFamily:
        rows = await session.execute(select(ReceiptCount.provider, ReceiptCount.outcome, ReceiptCount.count))
        found = {(provider, outcome): float(count) for provider, outcome, count in rows}
        says = "Receipts of SMS since the first, by what they say"
        return gauges("identity_receipts", says, ("provider", "outcome"), found)

    async def _rest(self, session: AsyncSession) -> list[GaugeMetricFamily]:
        now = self._clock()
        late = now - timedelta(minutes=OVERDUE_MINUTES)
        counts = {
            "owners": select(func.count()).select_from(UseOfContact).where(UseOfContact.due_at <= now),
            "handing_over": select(func.count()).select_from(NewContact).where(NewContact.take_over_due_at <= now),
        }
        waiting = {(what,): float(await session.scalar(query) or 0) for what, query in counts.items()}
        overdue = 0
        for table, is_over in (
            (Registration, and_(Registration.status == "open", Registration.expires_at <= late)),
            (VaultEntry, VaultEntry.expires_at <= late),
            (IdempotencyRecord, IdempotencyRecord.created_at <= late - timedelta(hours=24)),
            (NewContact, and_(NewContact.state == "requested", NewContact.expires_at <= late)),
        ):
            overdue += await session.scalar(select(func.count()).select_from(table).where(is_over)) or 0
        says = f"What should have been erased {OVERDUE_MINUTES} minutes ago and is still there"
        return [
            gauges("identity_waiting", "What is due in the background", ("what",), waiting),
            gauge("erasing_overdue", says, overdue),
        ]
