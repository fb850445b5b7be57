"""The web chat as a channel for scenarios: the gateway's public API, with the answers read from its event stream."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any
from uuid import uuid4

import httpx

from tests.scenarios.channel import EACH_ITS_OWN, Message, Reply

ANSWER_SECONDS = 60.0
# The gateway writes all messages of a turn at once, and a `state` follows every reading of the ledger.
FROM_US = {"bot", "system"}


class WebChannel:
    """One browser's conversation."""

    name = "web"

    def __init__(self, gateway_url: str) -> None:
        self._http = httpx.AsyncClient(
            base_url=gateway_url,
            headers={"Origin": gateway_url},
            timeout=ANSWER_SECONDS,
            limits=EACH_ITS_OWN,
            verify=False,
        )
        self._csrf = ""
        self._last: tuple[str, dict[str, Any]] | None = None
        self._last_seq = 0  # of what was answered
        self._events: list[tuple[str, dict[str, Any]]] = []
        self._news = asyncio.Condition()
        self._reading: asyncio.Task[None] | None = None

    async def open(self) -> Reply:
        await self._begin_session()
        self._reading = asyncio.create_task(self._read())
        return await self._answer_after(None, 0)

    async def text(self, text: str) -> Reply:
        return await self._post("/api/messages", {"text": text})

    async def choose(self, title: str) -> Reply:
        offered = self._offered()
        if title not in offered:
            raise LookupError(f"no choice {title!r} among {sorted(offered)}")
        return await self._post("/api/messages", {"choice_id": offered[title]})

    async def secret(self, purpose: str, value: str) -> Reply:
        return await self._post("/api/secrets", {"purpose": purpose, "value": value})

    async def again(self) -> Reply:
        assert self._last, "nothing was sent yet"
        path, body = self._last
        answer = await self._send(path, body)
        seq = answer.json().get("seq")
        now = (await self._begin_session())["last_seq"]
        assert now == self._last_seq, f"sending the same again wrote {now - self._last_seq} more lines"
        return Reply(seq=seq, state=self._state())

    async def reload(self) -> Reply:
        await self._stop_reading()
        self._events.clear()
        session = await self._begin_session()
        assert session["last_seq"] == self._last_seq, "the conversation is another one after the reload"
        self._reading = asyncio.create_task(self._read())
        async with self._news:
            await asyncio.wait_for(self._news.wait_for(self._has_caught_up), ANSWER_SECONDS)
        assert self._state() == session["state"], "the stream and the session tell two states"
        return Reply(state=session["state"])

    async def come_back(self) -> Reply:
        await self._stop_reading()
        await self._begin_session()
        self._reading = asyncio.create_task(self._read())
        return await self._answer_after(None, self._last_seq)

    def found_by(self) -> tuple[str, str]:
        return "csrf", self._csrf

    async def close(self) -> None:
        await self._stop_reading()
        await self._http.aclose()

    # ---- sending ----

    async def _begin_session(self) -> dict[str, Any]:
        answer = await self._http.post("/api/session", json={})
        answer.raise_for_status()
        session: dict[str, Any] = answer.json()
        self._csrf = session["csrf_token"]
        return session

    async def _send(self, path: str, body: dict[str, Any]) -> httpx.Response:
        return await self._http.post(path, json=body, headers={"X-CSRF-Token": self._csrf})

    async def _post(self, path: str, body: dict[str, Any]) -> Reply:
        body = {"client_id": str(uuid4()), **body}
        answer = await self._send(path, body)
        if answer.status_code != httpx.codes.ACCEPTED:
            return Reply(state=self._state(), refused={"status": answer.status_code, **answer.json()})
        self._last = (path, body)
        seq = answer.json()["seq"]
        assert seq == self._last_seq + 1, f"lines {self._last_seq + 1} to {seq - 1} came unasked"
        return await self._answer_after(seq, seq)

    # ---- reading ----

    async def _read(self) -> None:
        while True:
            with contextlib.suppress(httpx.TransportError):
                await self._read_stream()
            await asyncio.sleep(0.1)

    async def _read_stream(self) -> None:
        seen = max((data["seq"] for name, data in self._events if name == "message"), default=0)
        async with self._http.stream("GET", "/api/events", params={"after": seen}, timeout=None) as stream:
            name, lines = "", []
            async for line in stream.aiter_lines():
                if line.startswith("event:"):
                    name = line.removeprefix("event:").strip()
                elif line.startswith("data:"):
                    lines.append(line.removeprefix("data:").strip())
                elif not line and lines:
                    await self._took(name, json.loads("\n".join(lines)))
                    name, lines = "", []

    async def _took(self, name: str, data: dict[str, Any]) -> None:
        async with self._news:
            self._events.append((name, data))
            self._news.notify_all()

    async def _stop_reading(self) -> None:
        if self._reading:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading

    async def _answer_after(self, seq: int | None, after: int) -> Reply:
        async with self._news:
            try:
                await asyncio.wait_for(self._news.wait_for(lambda: self._is_answered(after)), ANSWER_SECONDS)
            except TimeoutError:
                raise AssertionError(f"silence: no answer within {ANSWER_SECONDS:g} s") from None
            lines = [data for name, data in self._events if name == "message" and data["seq"] > after]
            self._last_seq = max(line["seq"] for line in lines)
            return Reply(seq, [_message(line) for line in lines if line["author"] in FROM_US], self._state())

    def _is_answered(self, after: int) -> bool:
        answered = False
        for name, data in self._events:
            if name == "message" and data["seq"] > after and data["author"] in FROM_US:
                answered = True
            elif name == "state" and answered:
                return True
        return False

    def _has_caught_up(self) -> bool:
        seen = max((data["seq"] for name, data in self._events if name == "message"), default=0)
        return seen >= self._last_seq and self._events[-1][0] != "message"

    def _state(self) -> dict[str, Any]:
        return next(data for name, data in reversed(self._events) if name == "state")

    def _offered(self) -> dict[str, str]:
        """Title → id of the choices that the widget shows: those of the newest answer that has any."""
        for name, data in reversed(self._events):
            if name == "message" and data["choices"]:
                return {choice["title"]: choice["id"] for choice in data["choices"]}
        return {}


def _message(line: dict[str, Any]) -> Message:
    titles = tuple(choice["title"] for choice in line["choices"])
    return Message(line["seq"], line["author"], line["kind"], line["text"], titles)
