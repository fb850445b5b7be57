"""Client of the identity service: one connection pool, a time-out, typed errors; a failure fails the turn."""

from __future__ import annotations

from functools import cache
from typing import Any

import httpx
from rasa_sdk import Tracker

from areaclienti.settings import ActionsSettings


class IdentityRefused(Exception):
    """Identity declined with a documented code (docs/contracts.md); `code` says which."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class IdentityUnavailable(Exception):
    """No documented answer. The turn fails, nothing of it is stored, and the customer can try the same again."""


@cache
def _client() -> httpx.AsyncClient:
    settings = ActionsSettings()
    return httpx.AsyncClient(
        base_url=settings.identity_url,
        headers={"Authorization": f"Bearer {settings.identity_actions_key.get_secret_value()}"},
        timeout=settings.identity_timeout_seconds,
    )


async def get(path: str) -> dict[str, Any]:
    """`GET path`. Raises IdentityRefused or IdentityUnavailable."""
    return await _send("GET", path, {}, None)


async def post(path: str, body: dict[str, Any], tracker: Tracker) -> dict[str, Any]:
    """`POST path` for the tracker's conversation, once per customer message however often the turn is sent.

    Raises IdentityRefused or IdentityUnavailable.
    """
    headers = {
        "X-Conversation": tracker.sender_id,
        "Idempotency-Key": f"{tracker.sender_id}:{tracker.latest_message.get('message_id')}",
    }
    return await _send("POST", path, headers, body)


async def _send(method: str, path: str, headers: dict[str, str], body: dict[str, Any] | None) -> dict[str, Any]:
    try:
        answer = await _client().request(method, path, headers=headers, json=body)
    except httpx.HTTPError as error:
        raise IdentityUnavailable(type(error).__name__) from None
    if answer.is_success:
        result: dict[str, Any] = answer.json()
        return result
    if answer.status_code in {404, 409, 422}:
        raise IdentityRefused(str(answer.json().get("code")))
    raise IdentityUnavailable(f"status {answer.status_code}")
