"""A webhook receiver: checks each signature over the raw bytes, keeps what came, and answers as it is told."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route


async def eventually(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until the condition holds. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - of several tasks, without a common event
            await asyncio.sleep(0.01)


class Receiver:
    """`bodies` are the raw bytes in the order of arrival; `answers` are the statuses of the next ones, then 200."""

    def __init__(self, app_secret: str, verify_token: str) -> None:
        self._secret = app_secret.encode()
        self._verify_token = verify_token
        self.bodies: list[bytes] = []
        self.answers: list[int] = []
        self.app = Starlette(routes=[Route("/webhooks/whatsapp", self._take, methods=["GET", "POST"])])

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages that came in."""
        return [message for value in self.values() for message in value.get("messages", [])]

    @property
    def statuses(self) -> list[dict[str, Any]]:
        """The statuses that came in."""
        return [status for value in self.values() for status in value.get("statuses", [])]

    def values(self) -> list[dict[str, Any]]:
        """The `value` of each change."""
        entries = [entry for body in self.bodies for entry in json.loads(body)["entry"]]
        return [change["value"] for entry in entries for change in entry["changes"]]

    async def until(self, holds: Callable[[Receiver], bool], seconds: float = 60.0) -> None:
        """Wait until something holds; fails when it doesn't."""
        await eventually(lambda: holds(self), seconds)

    async def _take(self, request: Request) -> Response:
        if request.method == "GET":
            query = request.query_params
            assert query["hub.mode"] == "subscribe"
            assert query["hub.verify_token"] == self._verify_token
            return PlainTextResponse(query["hub.challenge"])
        body = await request.body()
        expected = hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        assert request.headers["x-hub-signature-256"] == f"sha256={expected}"
        self.bodies.append(body)
        return JSONResponse({}, self.answers.pop(0) if self.answers else 200)
