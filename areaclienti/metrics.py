"""What every service tells Prometheus alike: who may ask, requests by route and their times, its process, its disk."""

from __future__ import annotations

import hmac
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, Protocol, TypeVar

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
OVERDUE_MINUTES: Final = 10  # erasing sweeps once a minute: what is due for so long was missed
_PREFIX: Final = "areaclienti_"
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")  # others are whatever a caller makes up

Labels = TypeVar("Labels", bound=tuple[str, ...])


class Served(Protocol):
    """What the middleware needs of a service's metrics."""

    def request(self, method: str, route: str, status: int, seconds: float) -> None: ...


class ServiceMetrics:
    """The registry of one service's metrics. No label names a person, a conversation, an agent or an agency, and each
    has few values that are known beforehand.
    """

    def __init__(self, key: str | None, data_folder: Path) -> None:
        """`key` is what Prometheus has to show; without one nobody reads them. `data_folder`: whose disk is told of."""
        self._key = key
        self.registry = CollectorRegistry()
        self._read = _Read()
        ProcessCollector(namespace=_PREFIX.rstrip("_"), registry=self.registry)
        self.registry.register(self._read)
        self.registry.register(_Disk(data_folder))
        self._requests = self.counter("http_requests", "Requests by route and status", "method", "route", "status")
        self._request_seconds = self.histogram(
            "http_request_seconds", "How long requests took until their answer began", "method", "route"
        )

    def counter(self, name: str, says: str, *labels: str) -> Counter:
        """A new counter of this registry."""
        return Counter(_PREFIX + name, says, labels, registry=self.registry)

    def histogram(self, name: str, says: str, *labels: str) -> Histogram:
        """A new histogram of seconds."""
        return Histogram(_PREFIX + name, says, labels, buckets=SECONDS, registry=self.registry)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered, or failed; `route` is its template."""
        self._requests.labels(method, route, str(status)).inc()
        self._request_seconds.labels(method, route).observe(seconds)

    def allows(self, authorization: str) -> bool:
        """Whether the header holds the key."""
        given = authorization.removeprefix("Bearer ")
        return self._key is not None and hmac.compare_digest(given.encode(), self._key.encode())

    def exposed(self, found: Iterable[GaugeMetricFamily]) -> bytes:
        """All metrics in the text format of Prometheus, with what was just found in the database."""
        self._read.families = list(found)
        return generate_latest(self.registry)


def answer(text: bytes) -> Response:
    """The page for Prometheus."""
    return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4, headers={"Cache-Control": "no-store"})


def gauge(name: str, says: str, value: float) -> GaugeMetricFamily:
    """One number."""
    return GaugeMetricFamily(_PREFIX + name, says, value=value)


def gauges(name: str, says: str, labels: tuple[str, ...], rows: Mapping[Labels, float]) -> GaugeMetricFamily:
    """A number for each combination of labels."""
    family = GaugeMetricFamily(_PREFIX + name, says, labels=labels)
    for values, number in rows.items():
        family.add_metric(values, number)
    return family


class CountRequests:
    """Counts every request under its route's template, never under its path: a path can hold a secret."""

    def __init__(self, app: ASGIApp, served: Callable[[Scope], Served]) -> None:
        self._app = app
        self._served = served

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        status, seconds = 500, None  # nothing was answered

        async def send_noting(message: Message) -> None:
            nonlocal status, seconds
            if message["type"] == "http.response.start":
                status, seconds = message["status"], time.perf_counter() - begun  # a stream then goes on for hours
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        finally:
            route = str(getattr(scope.get("route"), "path", "none"))
            took = time.perf_counter() - begun if seconds is None else seconds
            method = scope["method"] if route != "none" and scope["method"] in _METHODS else "any"
            self._served(scope).request(method, route, status, took)


class _Read(Collector):
    """What was last read of the database."""

    def __init__(self) -> None:
        self.families: list[GaugeMetricFamily] = []

    def collect(self) -> Iterable[GaugeMetricFamily]:
        yield from self.families


class _Disk(Collector):
    """The disk that holds the data and the logs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[GaugeMetricFamily]:
        there = next(folder for folder in (self._folder, *self._folder.absolute().parents) if folder.exists())
        usage = shutil.disk_usage(there)
        yield gauge("disk_free_bytes", "What is free on the disk of the data", usage.free)
        yield gauge("disk_size_bytes", "How large the disk of the data is", usage.total)
