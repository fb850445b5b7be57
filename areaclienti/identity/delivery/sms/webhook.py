"""A plain webhook, for a gateway of the insurer's own: JSON out, an idempotency key, signed JSON receipts back.

Request: `POST url` `{"id", "to", "text", "expires_at"}` with `Idempotency-Key: id` and `Authorization: Bearer token`.
Any 2xx is accepted; its JSON may name the gateway's own `id`. Receipts: `{"id", "status": "queued|sent|delivered|
undelivered", "reason"?, "provider_id"?}` with `X-Signature-256: sha256=` and the hex HMAC-SHA256 of the raw body. This
contract is ours: docs/contracts.md.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

import httpx

from areaclienti.crypto import same
from areaclienti.identity.delivery.sms.provider import (
    Receipt,
    ReceiptRefused,
    Relayed,
    Sms,
    Status,
    json_of,
    reason_code,
    refusal,
    text_of,
)

_STATUSES: Mapping[str, Status] = {
    "queued": "queued",
    "sent": "sent",
    "delivered": "delivered",
    "undelivered": "undelivered",
}


class Webhook:
    name = "webhook"

    def __init__(self, url: str, token: str | None, receipts_secret: str | None) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._receipts_secret = receipts_secret

    def compose(self, sms: Sms) -> httpx.Request:
        body = {"id": sms.id, "to": sms.to, "text": sms.text, "expires_at": sms.expires_at.isoformat()}
        return httpx.Request("POST", self._url, json=body, headers=self._headers | {"Idempotency-Key": sms.id})

    def enquire(self, sms: Sms) -> None:
        """Its idempotency key answers that."""

    def interpret(self, answer: httpx.Response) -> str | None:
        if not answer.is_success:
            raise refusal(self.name, answer)
        return text_of(json_of(answer).get("id"))

    def read_receipts(self, relayed: Relayed) -> list[Receipt]:
        self._check_signature(relayed)
        fields = relayed.json_object()
        status, reason = _STATUSES.get(str(fields.get("status"))), fields.get("reason")
        outbox_id, provider_id = text_of(fields.get("id")), text_of(fields.get("provider_id"))
        if status is None or not (outbox_id or provider_id):
            return []
        return [Receipt(status, outbox_id, provider_id, reason_code(self.name, reason) if reason else None)]

    def _check_signature(self, relayed: Relayed) -> None:
        if self._receipts_secret is None:
            raise ReceiptRefused
        expected = hmac.new(self._receipts_secret.encode(), relayed.body, hashlib.sha256).hexdigest()
        if not same(relayed.headers.get("x-signature-256", "").lower(), f"sha256={expected}"):
            raise ReceiptRefused
