"""Times of turns sent straight to the engine."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
import uuid
from collections.abc import Mapping
from typing import Any

import httpx

from benchmarks.conversation import QUESTIONS, TURNS
from benchmarks.figures import Times, times
from benchmarks.product import Product

CONVERSATIONS = 30
LONG_TURNS = 1000
EARLY, LATE = slice(9, 109), slice(-100, None)
AT_ONCE = 32
RATE_SECONDS = 10.0


class EngineTurns:
    """Sends turns as the gateway does, on kept connections."""

    def __init__(self, product: Product, client: httpx.AsyncClient) -> None:
        self._client = client
        self._url = f"{product.engine_url}/webhooks/turn/turns"
        self._headers = {"Authorization": f"Bearer {product.keys['engine_key']}"}

    async def one_by_one(self) -> Times:
        """Walk through registrations one after the other."""
        await self._conversation()  # the first one warms up
        return times([seconds for _ in range(CONVERSATIONS) for seconds in await self._conversation()])

    async def growth(self) -> float:
        """Return how much slower the last turns of a long conversation are than the 10th and those after it."""
        conversation = _new_id()
        await self._turn(conversation, {"text": "vorrei registrarmi"})
        questions = itertools.islice(itertools.cycle(QUESTIONS), LONG_TURNS)
        seconds = [await self._turn(conversation, {"text": question}) for question in questions]
        return statistics.median(seconds[LATE]) / statistics.median(seconds[EARLY])

    async def rate(self) -> float:
        """Return the turns a second of many conversations at once."""
        end = time.monotonic() + RATE_SECONDS
        done = await asyncio.gather(*(self._until(end) for _ in range(AT_ONCE)))
        return sum(done) / RATE_SECONDS

    async def _until(self, end: float) -> int:
        done = 0
        while True:
            conversation = _new_id()
            for turn in TURNS:
                await self._turn(conversation, turn)
                if time.monotonic() >= end:
                    return done
                done += 1

    async def _conversation(self) -> list[float]:
        conversation = _new_id()
        return [await self._turn(conversation, turn) for turn in TURNS]

    async def _turn(self, conversation: str, said: Mapping[str, Any]) -> float:
        body = {"conversation_id": conversation, "message_id": _new_id(), "channel": "web", "locale": "it", **said}
        began = time.perf_counter()
        answer = await self._client.post(self._url, json=body, headers=self._headers)
        seconds = time.perf_counter() - began
        answer.raise_for_status()
        if not answer.json()["messages"]:
            raise RuntimeError("the engine answered without a message")
        return seconds


def _new_id() -> str:
    return uuid.uuid4().hex
