"""The control: the gateway without its interception of secrets. Harness only, the product has no such switch.

What agents write is not looked at either, and each answer of desk and metrics holds a planted value.
"""

from __future__ import annotations

import os

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from areaclienti.desk import operations
from areaclienti.gateway.app import create_app as the_product
from areaclienti.gateway.channels import web
from areaclienti.gateway.db.models import Conversation
from areaclienti.gateway.services import Services
from areaclienti.identity.app import create_app as the_products_identity

PLANTED = "CANARY_PLANTED"  # the variable that holds it


def create_app() -> FastAPI:
    """The product, but every text that is typed goes to the ledger and to the engine as it is."""
    web.receive_text = _everything_to_the_engine  # type: ignore[assignment,attr-defined]
    operations.lookout.is_secret_of_customer = _nothing_is  # type: ignore[attr-defined]
    app = the_product()
    app.add_middleware(_Planting, value=os.environ[PLANTED].encode())
    return app


def create_identity() -> FastAPI:
    """Identity as it is, with the planted value in its metrics."""
    app = the_products_identity()
    app.add_middleware(_Planting, value=os.environ[PLANTED].encode())
    return app


async def _everything_to_the_engine(
    served: Services, conversation: Conversation, client_id: str, _client_address: str, text: str, *_: object
) -> tuple[int, None]:
    return await served.ledger.say(conversation.id, client_id, "text", text, None), None


def _nothing_is(_: str) -> bool:
    return False


class _Planting:
    """Puts the value behind the body of each answer; where there is none, into a header."""

    def __init__(self, app: ASGIApp, value: bytes) -> None:
        self._app = app
        self._value = value

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(("/desk", "/metrics")):
            await self._app(scope, receive, send)
            return
        is_planted = is_json = False

        async def planting(message: Message) -> None:
            nonlocal is_planted, is_json
            if message["type"] == "http.response.start":
                is_json = (b"content-type", b"application/json") in message["headers"]
                if message["status"] in (204, 303, 304):
                    is_planted = True
                    message["headers"] = [*message["headers"], (b"x-planted", self._value)]
                else:
                    message["headers"] = [one for one in message["headers"] if one[0].lower() != b"content-length"]
            elif not is_planted and message.get("body"):
                is_planted = True
                message["body"] = self._planted(message["body"], is_json)
            await send(message)

        await self._app(scope, receive, planting)

    def _planted(self, body: bytes, is_json: bool) -> bytes:
        if is_json and body.startswith(b"{"):  # the harness reads it
            comma = b"" if body == b"{}" else b", "
            return b'{"planted": "' + self._value + b'"' + comma + body[1:]
        return body + b"\n\n: " + self._value + b"\n\n"  # a comment in a stream
