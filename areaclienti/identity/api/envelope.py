"""What is around every answer: a longest body, nothing to be cached, and one log line without values."""

from __future__ import annotations

import time

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from areaclienti.identity.api.errors import route_of
from areaclienti.logging import get_logger

_LONGEST_BODY = 64 * 1024

log = get_logger()


def install(app: FastAPI) -> None:
    app.add_middleware(_Envelope)


class _Envelope:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def wrapped(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["Cache-Control"] = "no-store"
            await send(message)

        try:
            await self._app(scope, _limited(receive), wrapped)
        finally:
            request = Request(scope)
            if not scope["path"].startswith("/health/"):
                elapsed = round((time.perf_counter() - started) * 1000, 1)
                log.info("answered", method=request.method, route=route_of(request), status=status, duration_ms=elapsed)


def _limited(receive: Receive) -> Receive:
    # The framework's own limit answers in plain text, outside the contract's shape of errors.
    received = 0

    async def limited() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > _LONGEST_BODY:
            raise HTTPException(413)
        return message

    return limited
