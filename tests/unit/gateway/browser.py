"""A browser, as far as the API sees one: cookies, CSRF token, Origin, an event stream with a cursor."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
from fastapi import FastAPI

ORIGIN = "http://localhost:8000"


@dataclass(frozen=True)
class Event:
    """One server-sent event."""

    name: str
    data: dict[str, Any]
    id: str | None


class Stream:
    """An open event stream, driven through ASGI so that it can be cut at any point."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self.body = b""
        self.ended = False
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._buffer = b""
        self.started = asyncio.Event()
        self.admit = asyncio.Event()  # a consumer that does not read clears this
        self.admit.set()

    async def send(self, message: Any) -> None:
        """The ASGI send of the stream."""
        await self.admit.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            self.started.set()
            return
        self.body += message.get("body", b"")
        self._buffer += message.get("body", b"")
        while b"\n\n" in self._buffer:
            block, self._buffer = self._buffer.split(b"\n\n", 1)
            self._events.put_nowait(_parse(block.decode()))
        self.ended = not message.get("more_body", False)

    async def next(self, name: str | None = None, seconds: float = 60.0) -> Event:
        """The next event, or the next of that name."""
        async with asyncio.timeout(seconds):
            while True:
                event = await self._events.get()
                if name in (None, event.name):
                    return event

    async def messages(self, count: int) -> list[dict[str, Any]]:
        """The next messages."""
        return [(await self.next("message")).data for _ in range(count)]

    async def bot_message(self) -> dict[str, Any]:
        """The next message that is not the customer's."""
        while True:
            message = (await self.next("message")).data
            if message["author"] != "customer":
                return message

    def queued(self) -> list[Event]:
        """What came and was not read yet."""
        return [self._events.get_nowait() for _ in range(self._events.qsize())]


def _parse(block: str) -> Event:
    fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
    return Event(fields.get("event", "message"), json.loads(fields["data"]), fields.get("id"))


class Browser:
    """One visitor of the web chat."""

    def __init__(self, app: FastAPI, origin: str = ORIGIN, address: str = "203.0.113.7") -> None:
        self.app = app
        self.origin = origin
        self.csrf: str | None = None
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 1234))
        self.http = httpx.AsyncClient(transport=transport, base_url=origin)

    async def request(self, method: str, path: str, body: Any = None, **headers: str | None) -> httpx.Response:
        """A request as our own page would make it; `Origin=None` leaves a header away."""
        every = {"Origin": self.origin, "X-CSRF-Token": self.csrf}
        every |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in every.items() if value is not None}
        return await self.http.request(method, path, json=body, headers=sent)

    async def open(self) -> dict[str, Any]:
        """Open or resume the session."""
        response = await self.request("POST", "/api/session", {})
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        self.csrf = body["csrf_token"]
        return body

    async def say(self, text: str, client_id: str | None = None) -> httpx.Response:
        """Send a text."""
        return await self.request("POST", "/api/messages", {"client_id": client_id or str(uuid4()), "text": text})

    async def choose(self, choice_id: str, client_id: str | None = None) -> httpx.Response:
        """Press a button."""
        body = {"client_id": client_id or str(uuid4()), "choice_id": choice_id}
        return await self.request("POST", "/api/messages", body)

    async def give(self, purpose: str, value: str, client_id: str | None = None) -> httpx.Response:
        """Use the protected card."""
        body = {"client_id": client_id or str(uuid4()), "purpose": purpose, "value": value}
        return await self.request("POST", "/api/secrets", body)

    @asynccontextmanager
    async def events(self, last_event_id: int | None = None, query: str = "") -> AsyncIterator[Stream]:
        """Follow the event stream while the block lasts."""
        stream = Stream()
        hung_up = asyncio.Event()
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.http.cookies.jar)
        headers = [(b"cookie", cookies.encode()), (b"host", b"localhost")]
        if last_event_id is not None:
            headers.append((b"last-event-id", str(last_event_id).encode()))
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET",
            "scheme": "http", "path": "/api/events", "raw_path": b"/api/events", "query_string": query.encode(),
            "root_path": "", "headers": headers, "client": ("203.0.113.7", 1), "server": ("localhost", 8000),
        }  # fmt: skip

        async def receive() -> dict[str, Any]:
            await hung_up.wait()
            return {"type": "http.disconnect"}

        task = asyncio.create_task(self.app(scope, receive, stream.send))
        task.add_done_callback(lambda _: setattr(stream, "ended", True))
        try:
            if stream.admit.is_set():
                await asyncio.wait_for(stream.started.wait(), 60)
            yield stream
        finally:
            hung_up.set()
            stream.admit.set()
            await asyncio.wait_for(task, 60)

    async def close(self) -> None:
        """Close the window."""
        await self.http.aclose()


async def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for something that tells nobody when it happens."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
