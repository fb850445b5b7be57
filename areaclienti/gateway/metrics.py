"""What Prometheus reads of the gateway: its work since the start, its queues, the figures of the last 30 days."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.desk import DeskAgent, Handover
from areaclienti.gateway.db.models import Conversation, Turn, now
from areaclienti.gateway.db.whatsapp import WhatsappInbound, WhatsappOutgoing
from areaclienti.gateway.engine_client import TurnAnswer
from areaclienti.gateway.figures import Fact, Wanted, counted, quantile
from areaclienti.gateway.journeys import WALL_CLOCK
from areaclienti.gateway.retention import is_due
from areaclienti.metrics import OVERDUE_MINUTES, ServiceMetrics, answer, gauge, gauges

DAYS: Final = 30
FRESH_SECONDS: Final = 30.0  # figures are counted anew at most so often, however many ask
_WAITING: Final = ("queued", "offered", "callback")
_PRESENCES: Final = ("available", "paused", "offline")
_OUTBOX: Final = ("pending", "sending", "failed")
# what the assistant says to words that it can't make anything of, and to those that are about something else
_NOT_UNDERSTOOD: Final = {"utter_not_understood", "utter_handover_not_understood", "utter_what_now"}
_OUT_OF_SCOPE: Final = {"utter_out_of_scope"}
# figure → (metric, its label, what it says); all of conversations that began in the last DAYS days
_FIGURES: Final = {
    "reached": ("conversations", "stage", "Conversations that came at least so far"),
    "in_progress": ("registrations_in_progress", "step", "Registrations that go on, by the step where they stand"),
    "lost": ("registrations_lost", "step", "Registrations that stopped for good, by step"),
    "lost_with_person": ("registrations_lost_with_person", "step", "The same, where a person was asked for"),
    "reason": ("handovers", "reason", "Handovers, by why a person was asked for"),
    "outcome": ("handovers_ended", "outcome", "Handovers that ended, by how"),
    "rating": ("handovers_rated", "rating", "Handovers by what the customer said of them, 3 is the best"),
    "answered": ("handovers_answered", "answered", "Handovers that ended, by whether a person came"),
}
_TIMES: Final = {
    "wait": ("handover_wait_seconds", "How long customers waited for a person"),
    "callback_wait": ("handover_callback_wait_seconds", "How long customers waited to be called back"),
    "handling": ("handover_handling_seconds", "How long a person had a conversation"),
}

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Surroundings:
    """What the metrics tell of, beside the database: how long conversations are kept (docs/privacy.md), whether the
    desk is open at a moment (always where None), the other parts by name and whether they are ready.
    """

    data_folder: Path = Path()
    kept: timedelta = timedelta(days=30)
    unfinished_kept: timedelta = timedelta(hours=24)
    desk_is_open: Callable[[datetime], bool] | None = None
    parts: Mapping[str, Callable[[], Awaitable[bool]]] | None = None


class Metrics(ServiceMetrics):
    """The metrics of one gateway, and what it sees of the engine, which is never public."""

    def __init__(
        self,
        database: Database,
        key: str | None,
        around: Surroundings | None = None,
        clock: Callable[[], datetime] = now,
    ) -> None:
        """`key` is what Prometheus has to show; without one nobody reads them."""
        self._around = around or Surroundings()
        super().__init__(key, self._around.data_folder)
        self._database = database
        self._clock = clock
        self._figures: list[GaugeMetricFamily] = []
        self._counted_at: float | None = None
        self._turns = self.counter("turns", "Turns that the engine was asked for", "outcome")
        self._turn_seconds = self.histogram("turn_seconds", "How long a turn took")
        self._read_words = self.counter("messages_read", "Answered turns with words of a customer's", "outcome")
        self._engine = self.counter("engine_requests", "What the engine was asked", "call", "outcome")
        self._engine_seconds = self.histogram("engine_request_seconds", "How long the engine took", "call")
        self._identity = self.counter("identity_requests", "What the gateway asked identity", "outcome")
        self._identity_seconds = self.histogram("identity_request_seconds", "How long identity took")

    def turn(self, outcome: str, seconds: float) -> None:
        """A turn ended, `answered` or `failed`."""
        self._turns.labels(outcome).inc()
        self._turn_seconds.observe(seconds)

    def read_words(self, said: TurnAnswer) -> None:
        """The engine answered words of a customer's."""
        utterances = {message.utterance for message in said.messages}
        if utterances & _OUT_OF_SCOPE:
            outcome = "out_of_scope"
        else:
            outcome = "not_understood" if utterances & _NOT_UNDERSTOOD else "understood"
        self._read_words.labels(outcome).inc()

    def engine(self, call: str, outcome: str, seconds: float) -> None:
        """The engine was asked once; `call` and `outcome` are codes of its client."""
        self._engine.labels(call, outcome).inc()
        self._engine_seconds.labels(call).observe(seconds)

    def identity(self, outcome: str, seconds: float) -> None:
        """Identity was asked once; `outcome` is a code of its client."""
        self._identity.labels(outcome).inc()
        self._identity_seconds.observe(seconds)

    async def text(self) -> bytes:
        """All metrics in the text format of Prometheus. Raises what the database raises."""
        if self._counted_at is None or time.monotonic() - self._counted_at >= FRESH_SECONDS:
            self._figures = await self._database.read(self._counted)
            self._counted_at = time.monotonic()
        queues = await self._database.read(self._queues)
        return self.exposed([*queues, await self._parts(), *self._figures])

    async def _parts(self) -> GaugeMetricFamily:
        parts = self._around.parts or {}
        ready = await asyncio.gather(*(is_ready() for is_ready in parts.values()))
        found = {(name,): float(value) for name, value in zip(parts, ready, strict=True)}
        return gauges("part_ready", "Whether a part behind the gateway says that it is ready", ("part",), found)

    def _counted(self, session: Session) -> list[GaugeMetricFamily]:
        at = self._clock()
        today = at.astimezone(WALL_CLOCK).date()
        facts = counted(session, Wanted(today - timedelta(days=DAYS - 1), today), at)
        missed = is_due(at - timedelta(minutes=OVERDUE_MINUTES), self._around.kept, self._around.unfinished_kept)
        overdue = session.scalar(select(func.count()).select_from(Conversation).where(missed)) or 0
        says = f"What should have been erased {OVERDUE_MINUTES} minutes ago and is still there"
        return [*_figures(facts), gauge("erasing_overdue", says, overdue)]

    def _queues(self, session: Session) -> list[GaugeMetricFamily]:
        at = self._clock()

        def by(known: Iterable[str], column: object, *where: object) -> dict[tuple[str, ...], float]:
            query = select(column, func.count()).where(*where).group_by(column)  # type: ignore[call-overload]
            return dict.fromkeys(((value,) for value in known), 0.0) | {
                (value,): number for value, number in session.execute(query)
            }

        def pending(table: type[Turn] | type[WhatsappInbound]) -> int:
            return session.scalar(select(func.count()).select_from(table).where(table.state == "pending")) or 0

        since = session.scalar(select(func.min(Handover.queued_at)).where(Handover.state.in_(("queued", "offered"))))
        turn_since = session.scalar(select(func.min(Turn.created_at)).where(Turn.state == "pending"))
        is_open = self._around.desk_is_open
        return [
            gauges(
                "handovers_waiting", "Who waits for a person now", ("state",),
                by(_WAITING, Handover.state, Handover.state.in_(_WAITING)),
            ),
            gauges("agents", "Agents by presence", ("presence",), by(_PRESENCES, DeskAgent.presence, DeskAgent.active)),
            gauges(
                "whatsapp_outbox", "Messages to WhatsApp that are not out yet, or can't go", ("state",),
                by(_OUTBOX, WhatsappOutgoing.state, WhatsappOutgoing.state.in_(_OUTBOX)),
            ),
            gauge("handovers_oldest_wait_seconds", "How long the first in the queue has waited", _age(since, at)),
            gauge("desk_open", "Whether it is a time at which people answer", is_open is None or is_open(at)),
            gauge("turns_pending", "Turns that wait for the engine", pending(Turn)),
            gauge("turns_oldest_wait_seconds", "How long the first of them has waited", _age(turn_since, at)),
            gauge("whatsapp_inbound_pending", "Messages of WhatsApp to be processed", pending(WhatsappInbound)),
        ]  # fmt: skip


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """For whoever has the key; for everybody else there is no such page."""
    served: Metrics = request.app.state.services.metrics
    if not served.allows(request.headers.get("Authorization", "")):
        raise HTTPException(404)
    return answer(await served.text())


def _figures(facts: Counter[Fact]) -> Iterable[GaugeMetricFamily]:
    for figure, (name, label, says) in _FIGURES.items():
        yield gauges(
            name, f"{says}; begun in the last {DAYS} days", ("channel", "branch", label), _summed(facts, figure)
        )
    for figure, (name, says) in _TIMES.items():
        yield gauges(name, f"{says}; begun in the last {DAYS} days", ("channel", "statistic"), _times(facts, figure))


def _summed(facts: Counter[Fact], figure: str) -> dict[tuple[str, ...], float]:
    found: Counter[tuple[str, ...]] = Counter()
    for fact, count in facts.items():
        if fact.figure == figure:
            found[fact.channel, fact.branch, fact.bucket] += count
    return {labels: found[labels] for labels in sorted(found)}


def _times(facts: Counter[Fact], figure: str) -> dict[tuple[str, ...], float]:
    by_channel: dict[str, Counter[int]] = {}
    for fact, count in facts.items():
        if fact.figure == figure:
            by_channel.setdefault(fact.channel, Counter())[int(fact.bucket)] += count
    found: dict[tuple[str, ...], float] = {}
    for channel, times in sorted(by_channel.items()):
        found[channel, "count"] = times.total()
        for statistic, per_hundred in (("median", 50), ("p90", 90)):
            if (seconds := quantile(times, per_hundred)) is not None:
                found[channel, statistic] = seconds
    return found


def _age(since: datetime | None, at: datetime) -> float:
    return max(0.0, (at - since).total_seconds()) if since is not None else 0.0
