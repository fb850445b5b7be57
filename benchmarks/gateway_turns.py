"""Times of turns as a browser sees them: from the POST of a message to the assistant's answer on the event stream."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx

from benchmarks.conversation import TEXTS
from benchmarks.figures import Times, times
from benchmarks.product import Product

CONVERSATIONS = 15
AT_ONCE = 32
RATE_SECONDS = 10.0
ANSWER_SECONDS = 30.0


class Browser:
    """One customer's browser: a cookie, a CSRF token and an open event stream."""

    def __init__(self, client: httpx.AsyncClient, events: AsyncIterator[dict[str, Any]], csrf: str) -> None:
        self._client = client
        self._events = events
        self._csrf = csrf

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, product: Product) -> AsyncIterator[Browser]:
        """Begin a conversation and wait for the assistant's greeting."""
        origin = {"Origin": product.gateway_url}
        async with httpx.AsyncClient(base_url=product.gateway_url, headers=origin, timeout=ANSWER_SECONDS) as client:
            session = await client.post("/api/session", json={})
            session.raise_for_status()
            async with client.stream("GET", "/api/events", params={"after": 0}) as stream:
                browser = cls(client, _messages(stream), session.json()["csrf_token"])
                await browser._answer_after(0)
                yield browser

    async def say(self, text: str) -> float:
        """Send a text; return the seconds until the assistant's answer came."""
        body = {"client_id": uuid.uuid4().hex, "text": text}
        began = time.perf_counter()
        posted = await self._client.post("/api/messages", json=body, headers={"X-CSRF-Token": self._csrf})
        posted.raise_for_status()
        await self._answer_after(posted.json()["seq"])
        return time.perf_counter() - began

    async def _answer_after(self, seq: int) -> None:
        async with asyncio.timeout(ANSWER_SECONDS):
            async for message in self._events:
                if message["kind"] == "failure":
                    raise RuntimeError("the gateway reported a failed turn")
                if message["author"] == "bot" and message["seq"] > seq:
                    return
        raise RuntimeError("the event stream ended")


async def one_by_one(product: Product) -> Times:
    """Walk through conversations one after the other."""
    seconds: list[float] = []
    for number in range(CONVERSATIONS + 1):
        async with Browser.open(product) as browser:
            said = [await browser.say(text) for text in TEXTS]
        seconds += said if number else []  # the first one warms up
    return times(seconds)


async def rate(product: Product) -> tuple[float, Times]:
    """Return the turns a second of many conversations at once, and the times of those turns."""
    async with contextlib.AsyncExitStack() as open_ones:
        browsers = [await open_ones.enter_async_context(Browser.open(product)) for _ in range(AT_ONCE)]
        end = time.monotonic() + RATE_SECONDS
        seconds = list(itertools.chain(*await asyncio.gather(*(_until(browser, end) for browser in browsers))))
    return len(seconds) / RATE_SECONDS, times(seconds)


async def _until(browser: Browser, end: float) -> list[float]:
    seconds: list[float] = []
    for text in itertools.cycle(TEXTS):
        taken = await browser.say(text)
        if time.monotonic() >= end:
            return seconds
        seconds.append(taken)
    return seconds


async def _messages(stream: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    stream.raise_for_status()
    event = ""
    async for line in stream.aiter_lines():
        if line.startswith("event:"):
            event = line.removeprefix("event:").strip()
        elif line.startswith("data:") and event == "message":
            yield json.loads(line.removeprefix("data:"))
