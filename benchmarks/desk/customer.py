"""A customer's web chat: writes through any gateway until it is taken, follows the stream, and keeps what it showed."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from benchmarks.sse import events

PATIENCE_SECONDS = 120.0
_RETRY_SECONDS = 0.2
_REFUSED_FOR_GOOD = (400, 403, 404, 409, 413, 422)


class NotTaken(Exception):
    """A message was refused, or nobody took it for so long."""


@dataclass(frozen=True)
class Taken:
    """A message that was accepted: its place, and when that was known (the loop's clock)."""

    seq: int
    at: float


class Customer:
    """One browser. `seen` are the lines that the page showed, in the order in which they came; none is left out."""

    def __init__(self, urls: Sequence[str], origin: str, chance: random.Random) -> None:
        """`urls`: gateways that serve one database, one of them taken by chance for each request."""
        self.seen: list[dict[str, Any]] = []
        self.state: dict[str, Any] = {}
        self.csrf = ""
        self._urls = urls
        self._chance = chance
        limits = httpx.Limits(max_keepalive_connections=4, keepalive_expiry=2)
        self._http = httpx.AsyncClient(headers={"Origin": origin}, timeout=30, limits=limits)
        self._news = asyncio.Condition()
        self._reading: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin the conversation and wait for the assistant's question."""
        answer = await self._insist("/api/session", {})
        self.csrf = answer.json()["csrf_token"]
        self._reading = asyncio.create_task(self._read())
        await self.until(lambda: self.step == "customer_type")

    @property
    def step(self) -> str | None:
        return self.state.get("step")

    @property
    def owner(self) -> str | None:
        return self.state.get("owner")

    @property
    def last_seq(self) -> int:
        return int(self.seen[-1]["seq"]) if self.seen else 0

    async def say(self, text: str) -> Taken:
        """Write a text. Raises NotTaken."""
        return await self._send("/api/messages", {"text": text})

    async def choose(self, title: str) -> Taken:
        """Take the newest choice of that title. Raises NotTaken, LookupError."""
        for line in reversed(self.seen):
            for choice in line["choices"]:
                if choice["title"] == title:
                    return await self._send("/api/messages", {"choice_id": choice["id"]})
        raise LookupError(title)

    async def give(self, purpose: str, value: str) -> Taken:
        """Fill the protected field. Raises NotTaken."""
        return await self._send("/api/secrets", {"purpose": purpose, "value": value})

    async def until(self, condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until the page shows it. Raises TimeoutError."""
        async with self._news:
            await asyncio.wait_for(self._news.wait_for(condition), seconds)

    async def answered(self, after: int, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until the assistant has said something behind that place, and where it stands now."""
        await self.until(lambda: self._is_answered(after), seconds)

    async def close(self) -> None:
        """Leave; the conversation stays."""
        if self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading
        await self._http.aclose()

    def _is_answered(self, after: int) -> bool:
        said = any(line["seq"] > after and line["author"] == "bot" for line in self.seen)
        return said and self.state.get("shown_upto") == self.last_seq

    async def _send(self, path: str, body: dict[str, Any]) -> Taken:
        answer = await self._insist(path, {"client_id": uuid4().hex, **body})
        return Taken(answer.json()["seq"], asyncio.get_running_loop().time())

    async def _insist(self, path: str, body: dict[str, Any]) -> httpx.Response:
        """The same again, with the same client id, until it is answered."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < give_up:
            with contextlib.suppress(httpx.TransportError):
                url = f"{self._chance.choice(self._urls)}{path}"
                answer = await self._http.post(url, json=body, headers={"X-CSRF-Token": self.csrf})
                if answer.is_success:
                    return answer
                if answer.status_code in _REFUSED_FOR_GOOD:
                    raise NotTaken(f"{answer.status_code} {answer.json().get('code')}")
            await asyncio.sleep(_RETRY_SECONDS)
        raise NotTaken("nobody answered")

    async def _read(self) -> None:
        while True:
            with contextlib.suppress(httpx.HTTPError):
                await self._read_stream()
            await asyncio.sleep(_RETRY_SECONDS)

    async def _read_stream(self) -> None:
        url = f"{self._chance.choice(self._urls)}/api/events"
        quiet = httpx.Timeout(10, read=40)  # the stream's heartbeat comes every 15 s
        async with self._http.stream("GET", url, params={"after": self.last_seq}, timeout=quiet) as stream:
            async for event in events(stream):
                async with self._news:
                    if event.name == "message":
                        self.seen.append({**event.data, "shown_at": asyncio.get_running_loop().time()})
                    elif event.name == "state":
                        self.state = {**event.data, "shown_upto": self.last_seq}
                    self._news.notify_all()
