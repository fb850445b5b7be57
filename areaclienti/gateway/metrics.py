"""What Prometheus reads of the gateway: its work since the start, its queues, the figures of the last 30 days."""

from __future__ import annotations

import hmac
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client import Counter as Counted
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.desk import DeskAgent, Handover
from areaclienti.gateway.db.models import Turn, now
from areaclienti.gateway.db.whatsapp import WhatsappInbound, WhatsappOutgoing
from areaclienti.gateway.figures import Fact, Wanted, counted, quantile
from areaclienti.gateway.journeys import WALL_CLOCK

DAYS: Final = 30
FRESH_SECONDS: Final = 30.0  # figures are counted anew at most so often, however many ask
_WAITING: Final = ("queued", "offered", "callback")
_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
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


class Metrics:
    """The metrics of one gateway. No label names a person, a conversation, an agent or an agency."""

    def __init__(self, database: Database, key: str | None, clock: Callable[[], datetime] = now) -> None:
        """`key` is what Prometheus has to show; without one nobody reads them."""
        self._database = database
        self._key = key
        self._clock = clock
        self._registry = CollectorRegistry()
        self._snapshot = _Snapshot()
        self._registry.register(self._snapshot)
        self._counted_at: float | None = None
        self.turns = Counted(
            "areaclienti_turns", "Turns that the engine was asked for", ["outcome"], registry=self._registry
        )
        self.turn_seconds = Histogram(
            "areaclienti_turn_seconds", "How long a turn took", buckets=_SECONDS, registry=self._registry
        )
        self.requests = Counted(
            "areaclienti_http_requests",
            "Requests by route and status",
            ["method", "route", "status"],
            registry=self._registry,
        )

    def turn(self, outcome: str, seconds: float) -> None:
        """A turn ended, `answered` or `failed`."""
        self.turns.labels(outcome).inc()
        self.turn_seconds.observe(seconds)

    def allows(self, authorization: str) -> bool:
        """Whether the header holds the key."""
        given = authorization.removeprefix("Bearer ")
        return self._key is not None and hmac.compare_digest(given.encode(), self._key.encode())

    async def text(self) -> bytes:
        """All metrics in the text format of Prometheus. Raises what the database raises."""
        if self._counted_at is None or time.monotonic() - self._counted_at >= FRESH_SECONDS:
            today = self._clock().astimezone(WALL_CLOCK).date()
            wanted = Wanted(today - timedelta(days=DAYS - 1), today)
            self._snapshot.facts = await self._database.read(lambda session: counted(session, wanted, self._clock()))
            self._counted_at = time.monotonic()
        self._snapshot.queues = await self._database.read(self._queues)
        return generate_latest(self._registry)

    def _queues(self, session: Session) -> list[GaugeMetricFamily]:
        at = self._clock()

        def by(name: str, help_: str, label: str, rows: Iterable[tuple[str, int]]) -> GaugeMetricFamily:
            family = GaugeMetricFamily(f"areaclienti_{name}", help_, labels=[label])
            for value, number in rows:
                family.add_metric([value], number)
            return family

        def count_by(column: object, *where: object) -> list[tuple[str, int]]:
            query = select(column, func.count()).where(*where).group_by(column)  # type: ignore[call-overload]
            return [(value, number) for value, number in session.execute(query)]

        waiting = dict.fromkeys(_WAITING, 0) | dict(count_by(Handover.state, Handover.state.in_(_WAITING)))
        oldest = select(func.min(Handover.queued_at)).where(Handover.state.in_(("queued", "offered")))
        since = session.scalar(oldest)
        there = count_by(DeskAgent.presence, DeskAgent.active)
        turns = select(func.count()).select_from(Turn).where(Turn.state == "pending")
        families = [
            by("handovers_waiting", "Who waits for a person now", "state", waiting.items()),
            by("agents", "Agents by presence", "presence", there),
            by(
                "whatsapp_outbox", "Messages to WhatsApp that are not out yet, or can't go", "state",
                count_by(WhatsappOutgoing.state, WhatsappOutgoing.state.in_(("pending", "sending", "failed"))),
            ),
        ]  # fmt: skip
        inbound = select(func.count()).select_from(WhatsappInbound).where(WhatsappInbound.state == "pending")
        for name, help_, value in (
            ("handovers_oldest_wait_seconds", "How long the first in the queue has waited", _age(since, at)),
            ("turns_pending", "Turns that wait for the engine", session.scalar(turns) or 0),
            ("whatsapp_inbound_pending", "Messages of WhatsApp to be processed", session.scalar(inbound) or 0),
        ):
            families.append(GaugeMetricFamily(f"areaclienti_{name}", help_, value=value))
        return families


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """For whoever has the key; for everybody else there is no such page."""
    served: Metrics = request.app.state.services.metrics
    if not served.allows(request.headers.get("Authorization", "")):
        raise HTTPException(404)
    return Response(await served.text(), media_type=CONTENT_TYPE_PLAIN_0_0_4, headers={"Cache-Control": "no-store"})


class CountRequests:
    """Counts every request under its route's template, never under its path: a path can hold a secret."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500  # nothing was answered

        async def send_noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        finally:
            route = str(getattr(scope.get("route"), "path", "none"))
            served: Metrics = scope["app"].state.services.metrics
            served.requests.labels(scope["method"] if route != "none" else "any", route, str(status)).inc()


class _Snapshot(Collector):
    """Figures and queues as they were last read."""

    def __init__(self) -> None:
        self.facts: Counter[Fact] = Counter()
        self.queues: list[GaugeMetricFamily] = []

    def collect(self) -> Iterable[GaugeMetricFamily]:
        yield from self.queues
        for figure, (name, label, says) in _FIGURES.items():
            family = GaugeMetricFamily(
                f"areaclienti_{name}", f"{says}; begun in the last {DAYS} days", labels=["channel", "branch", label]
            )
            for labels, count in sorted(self._summed(figure).items()):
                family.add_metric(labels, count)
            yield family
        for figure, (name, says) in _TIMES.items():
            yield self._times(figure, f"areaclienti_{name}", f"{says}; begun in the last {DAYS} days")

    def _summed(self, figure: str) -> Counter[tuple[str, str, str]]:
        found: Counter[tuple[str, str, str]] = Counter()
        for fact, count in self.facts.items():
            if fact.figure == figure:
                found[fact.channel, fact.branch, fact.bucket] += count
        return found

    def _times(self, figure: str, name: str, says: str) -> GaugeMetricFamily:
        family = GaugeMetricFamily(name, says, labels=["channel", "statistic"])
        by_channel: dict[str, Counter[int]] = {}
        for (channel, _, bucket), count in self._summed(figure).items():
            by_channel.setdefault(channel, Counter())[int(bucket)] += count
        for channel, times in sorted(by_channel.items()):
            family.add_metric([channel, "count"], times.total())
            for statistic, per_hundred in (("median", 50), ("p90", 90)):
                if (seconds := quantile(times, per_hundred)) is not None:
                    family.add_metric([channel, statistic], seconds)
        return family


def _age(since: datetime | None, at: datetime) -> float:
    return max(0.0, (at - since).total_seconds()) if since is not None else 0.0
