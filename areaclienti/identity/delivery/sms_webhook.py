"""SMS through a provider's HTTP webhook: a JSON POST with the outbox id as idempotency key."""

from __future__ import annotations

import httpx

from areaclienti.identity.delivery.adapters import NotSent
from areaclienti.identity.delivery.messages import Message


class SmsWebhook:
    """Posts `{"id", "to", "text"}`; any 2xx means accepted, 408, 425, 429 and 5xx mean later, the rest means never."""

    def __init__(self, url: str, token: str | None, timeout_seconds: float) -> None:
        self._url = url
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.AsyncClient(timeout=timeout_seconds, headers=headers, follow_redirects=False)

    async def send(self, message: Message) -> None:
        try:
            answer = await self._client.post(
                self._url,
                json={"id": message.id, "to": message.recipient, "text": message.text},
                headers={"Idempotency-Key": message.id},
            )
        except httpx.HTTPError:
            raise NotSent("sms_unreachable") from None
        if answer.is_success:
            return
        later = answer.status_code in (408, 425, 429) or answer.is_server_error
        raise NotSent(f"sms_{answer.status_code}", for_good=not later, retry_after_seconds=_retry_after(answer))

    async def close(self) -> None:
        await self._client.aclose()


def _retry_after(answer: httpx.Response) -> float | None:
    value = answer.headers.get("Retry-After", "")
    return float(value) if value.isdigit() else None
