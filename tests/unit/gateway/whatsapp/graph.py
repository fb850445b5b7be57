"""A Graph API of the tests: takes what Meta's documents allow, and fails as it is told."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.unit.gateway.whatsapp import limits

Answer = int | str  # an error's code; "5xx", "lost", "unreachable", "nonsense"


@dataclass
class Graph:
    """`answers`: what the next messages meet, in order; then all are taken. `gate`: messages wait for it."""

    taken: list[dict[str, Any]] = field(default_factory=list)  # each one that reached the customer, in order
    requests: list[dict[str, Any]] = field(default_factory=list)
    typing: list[str] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    gate: asyncio.Event | None = None
    headers: dict[str, str] = field(default_factory=dict)
    on_taken: Callable[[dict[str, Any]], None] = lambda _: None

    @property
    def transport(self) -> httpx.MockTransport:
        """The way to it."""
        return httpx.MockTransport(self._answer)

    @property
    def said(self) -> list[str]:
        """What was read above the buttons."""
        return [limits.body_of(message) if message["type"] != "template" else "template" for message in self.taken]

    @property
    def copies(self) -> Counter[str]:
        """How often each message of the outbox reached the customer."""
        return Counter(message["biz_opaque_callback_data"] for message in self.taken)

    def wamid_of(self, number: int) -> str:
        """The id that a taken message was given."""
        return f"wamid.OUT{number:06d}"

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer access-token-for-tests"
        assert request.url.path == "/v23.0/100000000000001/messages"
        body = json.loads(request.content)
        assert body["messaging_product"] == "whatsapp"
        if "typing_indicator" in body:
            assert (body["status"], body["typing_indicator"]) == ("read", {"type": "text"})
            self.typing.append(body["message_id"])
            return httpx.Response(200, json={"success": True})
        self.requests.append(body)
        if self.gate is not None:
            await self.gate.wait()
        answer = self.answers.pop(0) if self.answers else None
        match answer:
            case int():
                return self._error(answer)
            case "unreachable":
                raise httpx.ConnectError("refused")
            case "5xx":
                return httpx.Response(502, text="<html>bad gateway</html>")
        self._take(body)
        if answer == "lost":
            raise httpx.ReadError("reset")
        if answer == "nonsense":
            return httpx.Response(200, json={"success": True})
        wamid = self.wamid_of(len(self.taken) - 1)
        return httpx.Response(200, json={"messaging_product": "whatsapp", "messages": [{"id": wamid}]})

    def _take(self, body: dict[str, Any]) -> None:
        assert ("to" in body) != ("recipient" in body)
        if body["type"] != "template":
            limits.check({"type": body["type"], body["type"]: body[body["type"]]})
        self.taken.append(body)
        self.on_taken(body)

    def _error(self, code: int) -> httpx.Response:
        status = {190: 401, 368: 403, 131031: 403, 131000: 500, 131016: 503}.get(code, 400)
        error = {
            "message": f"(#{code}) Something about the message",
            "type": "OAuthException",
            "code": code,
            "error_data": {"messaging_product": "whatsapp", "details": "…"},
            "fbtrace_id": "A",
        }
        return httpx.Response(status, json={"error": error}, headers=self.headers)
