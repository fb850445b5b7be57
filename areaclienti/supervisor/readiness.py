"""Waits until a service says that it is ready."""

from __future__ import annotations

import asyncio

import httpx

PROBE_EVERY_SECONDS = 0.1
PROBE_TIMEOUT_SECONDS = 2.0


async def wait_until_ready(client: httpx.AsyncClient, url: str) -> None:
    """Return as soon as `url` answers 200. Never gives up: the caller sets the time limit or cancels."""
    while not await is_ready(client, url):  # noqa: ASYNC110 - another process has no event to wait for
        await asyncio.sleep(PROBE_EVERY_SECONDS)


async def is_ready(client: httpx.AsyncClient, url: str) -> bool:
    try:
        response = await client.get(url, timeout=PROBE_TIMEOUT_SECONDS)
    except httpx.HTTPError:
        return False
    return response.status_code == httpx.codes.OK
