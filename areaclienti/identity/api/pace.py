"""Gives answers about customers no sooner than a fixed time, so that the time tells nothing."""

from __future__ import annotations

from asyncio import get_running_loop, sleep
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def not_sooner_than(seconds: float) -> AsyncIterator[None]:
    """Waits at the end until `seconds` have passed since the beginning, also when an exception leaves."""
    loop = get_running_loop()
    ends_at = loop.time() + seconds
    try:
        yield
    finally:
        await sleep(max(0.0, ends_at - loop.time()))
