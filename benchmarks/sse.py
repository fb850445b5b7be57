"""Reads server-sent events from a response as it comes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `id` is the cursor that it moves to, if it moves it."""

    name: str
    data: dict[str, Any]
    id: int | None


async def events(response: httpx.Response) -> AsyncIterator[Event]:
    """The events of a stream, each as soon as it is whole. Raises httpx's errors when the line breaks."""
    response.raise_for_status()
    name, data, cursor = "message", "", None
    async for line in response.aiter_lines():
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            data += value
        elif field == "id":
            cursor = int(value)
        elif not line and data:
            yield Event(name, json.loads(data), cursor)
            name, data, cursor = "message", "", None
