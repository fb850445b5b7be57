"""Vonage (Nexmo), SMS API.

Source: Vonage API Developer "SMS API", "Troubleshooting SMS", "Delivery receipts", "Signing Messages". Not tried
against the live service. Errors come as a status inside a 200.

Sending takes no idempotency key: a try whose answer is lost may be sent again. Its receipts tell, because our id is the
`client-ref`. Receipts are signed only if the account asks for it (dashboard: signature method "SHA-256 HMAC"), and
come as GET or POST, as the dashboard says.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

import httpx

from areaclienti.crypto import same
from areaclienti.identity.delivery.adapters import NotSent
from areaclienti.identity.delivery.sms.gsm import encoding_of
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

BASE_URL: Final = "https://rest.nexmo.com"
_SHORTEST_TTL_SECONDS = 20
_ACCEPTED = "0"
# "Troubleshooting SMS": 1 throttled, 5 internal error, 9 no credit left (somebody may top it up), 10 too many binds.
_LATER = ("1", "5", "9", "10")
_STATUSES: Mapping[str, Status] = {
    "accepted": "sent",
    "buffered": "sent",
    "delivered": "delivered",
    "expired": "undelivered",
    "failed": "undelivered",
    "rejected": "undelivered",
    "deleted": "undelivered",
}


class Vonage:
    name = "vonage"

    def __init__(
        self,
        api_key: str,
        api_secret: str,
        sender: str,
        receipts_url: str,
        signature_secret: str | None,
        base_url: str | None = None,
    ) -> None:
        self._api_key = api_key
        self._api_secret = api_secret
        self._sender = sender
        self._receipts_url = receipts_url
        self._signature_secret = signature_secret
        self._url = f"{(base_url or BASE_URL).rstrip('/')}/sms/json"

    def compose(self, sms: Sms) -> httpx.Request:
        fields = {
            "api_key": self._api_key,
            "api_secret": self._api_secret,
            "from": self._sender.removeprefix("+"),
            "to": sms.to.removeprefix("+"),
            "text": sms.text,
            "type": "text" if encoding_of(sms.text) == "gsm7" else "unicode",
            "ttl": str(1000 * max(sms.seconds_left, _SHORTEST_TTL_SECONDS)),
            "client-ref": sms.id,
            "status-report-req": "1",
            "callback": self._receipts_url,
        }
        return httpx.Request("POST", self._url, data=fields)

    def enquire(self, sms: Sms) -> None:
        """Vonage can't be asked for an id of ours."""

    def interpret(self, answer: httpx.Response) -> str | None:
        if not answer.is_success:
            raise refusal(self.name, answer)
        messages = json_of(answer).get("messages")
        first = messages[0] if isinstance(messages, list) and messages and isinstance(messages[0], dict) else {}
        status = text_of(first.get("status"))
        if status == _ACCEPTED:
            return text_of(first.get("message-id"))
        if status is None:
            raise NotSent(reason_code(self.name, "nonsense"), provider_fails=True, maybe_accepted=True)
        later = status in _LATER
        raise NotSent(reason_code(self.name, status), for_good=not later, provider_fails=later)

    def read_receipts(self, relayed: Relayed) -> list[Receipt]:
        fields = relayed.fields()
        if self._signature_secret is None or not same(
            fields.pop("sig", "").lower(), signature(self._signature_secret, fields)
        ):
            raise ReceiptRefused
        status = _STATUSES.get(fields.get("status", ""))
        outbox_id, provider_id = text_of(fields.get("client-ref")), text_of(fields.get("messageId"))
        if status is None or not (outbox_id or provider_id):
            return []
        reason = reason_code(self.name, fields.get("err-code") or fields["status"]) if status == "undelivered" else None
        return [Receipt(status, outbox_id, provider_id, reason)]


def signature(secret: str, fields: Mapping[str, str]) -> str:
    """The `sig` of a call, hex: HMAC-SHA256 over `&name=value` of all other parameters in the order of their names.

    "Signing Messages": `&` and `=` inside a value count as `_`. MD5 and SHA-1 are not accepted.
    """
    signed = "".join(f"&{name}={value.replace('&', '_').replace('=', '_')}" for name, value in sorted(fields.items()))
    return hmac.new(secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
