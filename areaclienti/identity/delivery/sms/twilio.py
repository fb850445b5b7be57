"""Twilio, Programmable Messaging API 2010-04-01.

Source: Twilio Docs "Messages resource", "Track the Message Status of Outbound Messages", "Secure webhooks",
"90007: Invalid validity period value". Not tried against the live service.

Creating a message takes no idempotency key, and a message can't be looked up by an id of ours: a try whose answer is
lost may be sent again. Its receipts tell, because our id stands in the query of the status callback's address.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import parse_qsl, urlencode

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

BASE_URL: Final = "https://api.twilio.com"
_OUR_ID = "message"
_LONGEST_VALIDITY_SECONDS = 36_000
_STATUSES: Mapping[str, Status] = {
    "accepted": "queued",
    "queued": "queued",
    "scheduled": "queued",
    "sending": "queued",
    "sent": "sent",
    "delivered": "delivered",
    "read": "delivered",
    "undelivered": "undelivered",
    "failed": "undelivered",
    "canceled": "undelivered",
}


class Twilio:
    name = "twilio"

    def __init__(
        self, account_sid: str, auth_token: str, sender: str, receipts_url: str, base_url: str | None = None
    ) -> None:
        self._account_sid = account_sid
        self._auth_token = auth_token
        self._sender = sender
        self._receipts_url = receipts_url
        self._url = f"{(base_url or BASE_URL).rstrip('/')}/2010-04-01/Accounts/{account_sid}/Messages.json"

    def compose(self, sms: Sms) -> httpx.Request:
        fields = {
            "To": sms.to,
            "From": self._sender,
            "Body": sms.text,
            "ValidityPeriod": str(min(sms.seconds_left, _LONGEST_VALIDITY_SECONDS)),
            "StatusCallback": f"{self._receipts_url}?{urlencode({_OUR_ID: sms.id})}",
        }
        basic = base64.b64encode(f"{self._account_sid}:{self._auth_token}".encode()).decode()
        return httpx.Request("POST", self._url, data=fields, headers={"Authorization": f"Basic {basic}"})

    def enquire(self, sms: Sms) -> None:
        """Twilio can't be asked for an id of ours."""

    def interpret(self, answer: httpx.Response) -> str | None:
        body = json_of(answer)
        if not answer.is_success:
            raise refusal(self.name, answer, text_of(body.get("code")))
        return text_of(body.get("sid"))

    def read_receipts(self, relayed: Relayed) -> list[Receipt]:
        form = parse_qsl(relayed.body.decode("utf-8", "replace"), keep_blank_values=True)
        url = f"{self._receipts_url}?{relayed.query}" if relayed.query else self._receipts_url
        if not same(relayed.headers.get("x-twilio-signature", ""), signature(self._auth_token, url, form)):
            raise ReceiptRefused
        fields = dict(form)
        status = _STATUSES.get(fields.get("MessageStatus", ""))
        outbox_id = dict(parse_qsl(relayed.query)).get(_OUR_ID)
        provider_id = text_of(fields.get("MessageSid"))
        if status is None or not (outbox_id or provider_id):
            return []
        code = fields.get("ErrorCode") or fields["MessageStatus"]
        reason = reason_code(self.name, code) if status == "undelivered" else None
        return [Receipt(status, outbox_id, provider_id, reason)]


def signature(auth_token: str, url: str, form: Iterable[tuple[str, str]]) -> str:
    """X-Twilio-Signature of a form post: base64 of HMAC-SHA1 over the address and the sorted parameters.

    Twilio Docs "Secure webhooks"; of a parameter that comes twice each different value counts once, as in Twilio's own
    validators.
    """
    signed = url + "".join(f"{name}{value}" for name, value in sorted(set(form)))
    return base64.b64encode(hmac.new(auth_token.encode(), signed.encode(), hashlib.sha1).digest()).decode()
