"""Asks Meta's Graph API to send a message or to show that one is being written; retries nothing."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any

import httpx

from areaclienti.gateway.channels.whatsapp.verdicts import Verdict, verdict_on

TIMEOUT_SECONDS = 10.0
_CONNECT_SECONDS = 5.0
# A user id that Meta scopes to our business; whoever has none is known by his number.
# https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids
_USER_ID = re.compile(r"[A-Z]{2}\.|.*[^0-9]")


class Refused(Exception):
    """Meta's answer is an error: the message was not taken. `code` is its own, None where the answer has none."""

    def __init__(self, code: int | None, status: int, retry_after_seconds: float | None) -> None:
        super().__init__(f"{code} with HTTP status {status}")
        self.code = code
        self.verdict = verdict_on(code, status)
        self.retry_after_seconds = retry_after_seconds


class Unanswered(Exception):
    """No answer that can be read. `maybe_sent`: the message may have been taken all the same."""

    def __init__(self, reason: str, *, maybe_sent: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.maybe_sent = maybe_sent


@dataclass(frozen=True)
class Receiver:
    """Whom a message goes to: by the number where Meta shows it, else by the user id."""

    user_id: str
    wa_id: str | None

    def fields(self) -> dict[str, str]:
        """The fields of a request that name the receiver."""
        number = self.wa_id or (None if _USER_ID.match(self.user_id) else self.user_id)
        return {"to": number} if number else {"recipient": self.user_id}


class GraphClient:
    """Our number at the Graph API."""

    def __init__(
        self, url: str, phone_number_id: str, access_token: str, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._path = f"{url.rstrip('/')}/{phone_number_id}/messages"
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {access_token}"},
            timeout=httpx.Timeout(TIMEOUT_SECONDS, connect=_CONNECT_SECONDS),
            transport=transport,
            follow_redirects=False,
        )

    async def send(self, to: Receiver, message: dict[str, Any], callback_data: str) -> str:
        """Send a message object; returns Meta's id of the message. Raises Refused, Unanswered.

        Statuses of the message carry `callback_data` back, so that they tell of it also where its answer was lost.
        """
        envelope = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            **to.fields(),
            "biz_opaque_callback_data": callback_data,
        }
        answer = await self._post(envelope | message)
        try:
            return str(answer["messages"][0]["id"])
        except (LookupError, TypeError):
            raise Unanswered("no_message_id", maybe_sent=True) from None

    async def show_typing(self, message_id: str) -> None:
        """Mark a message of the customer as read, and show for 25 seconds, or until a message comes, that it is being
        answered. Raises Refused, Unanswered.
        """
        # https://developers.facebook.com/documentation/business-messaging/whatsapp/typing-indicators
        typing = {"status": "read", "message_id": message_id, "typing_indicator": {"type": "text"}}
        await self._post({"messaging_product": "whatsapp", **typing})

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def _post(self, body: dict[str, Any]) -> dict[str, Any]:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):  # in all: httpx counts each step of a request by itself
                response = await self._client.post(self._path, json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise Unanswered("unreachable", maybe_sent=False) from None
        except (httpx.HTTPError, TimeoutError):
            raise Unanswered("answer_lost", maybe_sent=True) from None
        answer = _object(response)
        if response.is_success and answer is not None and "error" not in answer:
            return answer
        code = _code(answer)
        if verdict_on(code, response.status_code) is Verdict.LATER:
            raise Unanswered(f"error_{code or response.status_code}", maybe_sent=True)
        if response.is_success and code is None:
            raise Unanswered("answer_unreadable", maybe_sent=True)
        raise Refused(code, response.status_code, _retry_after(response))


def _object(response: httpx.Response) -> dict[str, Any] | None:
    try:
        answer = response.json()
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _code(answer: dict[str, Any] | None) -> int | None:
    error = answer.get("error") if answer else None
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) else None


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds; Meta sends no dates."""
    value = response.headers.get("retry-after", "")
    return float(value) if re.fullmatch(r"[0-9]{1,6}", value) else None
