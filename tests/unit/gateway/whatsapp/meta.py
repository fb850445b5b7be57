"""Meta as the webhook sees it: payloads of the documented shapes with invented people, signed and delivered."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from itertools import count
from typing import Any

import httpx
from cryptography.fernet import Fernet
from fastapi import FastAPI

APP_SECRET = "app-secret-for-tests"
VERIFY_TOKEN = "verify-token-for-tests"
INTAKE_KEY = Fernet.generate_key().decode()
PHONE_NUMBER_ID = "100000000000001"
BUSINESS_NUMBER = "390200000000"
USER_ID = "IT.13491208655302741918"
WA_ID = "393201234600"
SETTINGS: dict[str, Any] = {
    "whatsapp": "simulator",
    "whatsapp_graph_url": "http://127.0.0.1:8002/v23.0",
    "whatsapp_phone_number_id": PHONE_NUMBER_ID,
    "whatsapp_access_token": "access-token-for-tests",
    "whatsapp_app_secret": APP_SECRET,
    "whatsapp_verify_token": VERIFY_TOKEN,
    "whatsapp_intake_key": INTAKE_KEY,
}
_numbers = count(1)


def message(sort: str = "text", *, wamid: str | None = None, at: int = 1_780_000_000, **fields: Any) -> dict[str, Any]:
    """A message of WA_ID; `fields` are put over it, None takes one away."""
    whole = {
        "from": WA_ID,
        "from_user_id": USER_ID,
        "id": wamid or f"wamid.HBgMMzkzMjAxMjM0NjAwFQIAEhgU{next(_numbers):08d}",
        "timestamp": str(at),
        "type": sort,
    }
    return {name: value for name, value in (whole | fields).items() if value is not None}


def text(body: str, **fields: Any) -> dict[str, Any]:
    """A text message."""
    return message("text", text={"body": body}, **fields)


def pressed(choice_id: str, title: str, sort: str = "button_reply", **fields: Any) -> dict[str, Any]:
    """A button or a row of a list that was taken."""
    offered_by = {"from": BUSINESS_NUMBER, "id": "wamid.HBgL"}
    interactive = {"type": sort, sort: {"id": choice_id, "title": title}}
    return message("interactive", interactive=interactive, context=offered_by, **fields)


def status(wamid: str, state: str, **fields: Any) -> dict[str, Any]:
    """What became of a message of ours."""
    return {"id": wamid, "status": state, "timestamp": "1780000100", "recipient_id": WA_ID, **fields}


def value(
    messages: Sequence[Any] = (), statuses: Sequence[Any] = (), contacts: Sequence[Any] | None = None, **fields: Any
) -> dict[str, Any]:
    """The value of a change of the field `messages`."""
    known = [{"profile": {"name": "Mario Rossi"}, "wa_id": WA_ID, "user_id": USER_ID}]
    whole = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": BUSINESS_NUMBER, "phone_number_id": PHONE_NUMBER_ID},
        "contacts": known if contacts is None else list(contacts),
        "messages": list(messages),
        "statuses": list(statuses),
    }
    return {name: found for name, found in (whole | fields).items() if found}


def change(*args: Any, field: str = "messages", **fields: Any) -> dict[str, Any]:
    """A change of a field."""
    return {"value": value(*args, **fields), "field": field}


def payload(*changes: dict[str, Any]) -> dict[str, Any]:
    """A payload with one entry of these changes."""
    return {"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": list(changes)}]}


def of(*messages: dict[str, Any]) -> dict[str, Any]:
    """A payload with these messages."""
    return payload(change(messages))


def signature(body: bytes, secret: str = APP_SECRET) -> str:
    """The header that Meta sends with the body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Meta:
    """Delivers payloads to a gateway."""

    def __init__(self, app: FastAPI) -> None:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("198.51.100.9", 1234))
        self.http = httpx.AsyncClient(transport=transport, base_url="https://gateway.example")
        self.app = app

    async def deliver(self, sent: Any) -> httpx.Response:
        """A signed delivery."""
        return await self.deliver_bytes(json.dumps(sent).encode())

    async def deliver_bytes(self, body: bytes, signed_with: str | None = APP_SECRET) -> httpx.Response:
        """Bytes, signed or not."""
        headers = {"X-Hub-Signature-256": signature(body, signed_with)} if signed_with is not None else {}
        return await self.http.post("/webhooks/whatsapp", content=body, headers=headers)

    async def say(self, *messages: dict[str, Any]) -> None:
        """Deliver messages, and wait until they are processed and answered."""
        await self.say_from(None, *messages)

    async def say_from(self, contacts: Sequence[Any] | None, *messages: dict[str, Any]) -> None:
        """The same with these contacts beside the messages."""
        response = await self.deliver(payload(change(messages, contacts=contacts)))
        assert (response.status_code, response.json()) == (200, {}), response.text
        await self.settle()

    async def settle(self) -> None:
        """Wait until nothing is worked on."""
        await self.app.state.whatsapp.processing.settle()
        await self.app.state.services.runner.settle()
        await self.app.state.whatsapp.sending.settle()

    async def close(self) -> None:
        """Hang up."""
        await self.http.aclose()
