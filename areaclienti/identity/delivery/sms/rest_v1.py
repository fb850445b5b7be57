"""The REST interface v1.0 that Skebby and Aruba share, host and message types apart.

Source: "Skebby Rest API" (developers.skebby.it) and "Aruba SMS API" (smsdevelopers.aruba.it), sections Authentication
API, Send an SMS message, Get SMS message state. Not tried against the live services; no source at hand confirms the
shape of the delivery call and `validity_period_min`.

There is no idempotency key, but our id is given as `order_id`, and a message's state can be asked for by it: before a
further try the provider is asked whether it has the message already. Nothing is signed: receipts are proven by a secret
in the path.
"""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from areaclienti.identity.delivery.adapters import NotSent
from areaclienti.identity.delivery.sms.gsm import encoding_of
from areaclienti.identity.delivery.sms.provider import (
    Question,
    Receipt,
    Relayed,
    Sms,
    Status,
    check_path_token,
    json_of,
    reason_code,
    refusal,
    text_of,
)

# Appendix "SMS message states"; what is not listed is a failure for good (INVALIDDST, UNKNRCPT, BLACKLISTED, …).
_STATUSES: Mapping[str, Status] = {
    "SCHEDULED": "queued",
    "WAITING": "queued",
    "SENT": "sent",
    "WAIT4DLVR": "sent",
    "DLVRD": "delivered",
}


class RestV1:
    """One account: `user_key` and the access token that doesn't expire (`GET token` with the panel's password)."""

    def __init__(
        self,
        name: str,
        base_url: str,
        user_key: str,
        access_token: str,
        message_type: str,
        sender: str,
        path_token: str | None,
    ) -> None:
        self.name = name
        self._url = f"{base_url.rstrip('/')}/sms"
        self._headers = {"user_key": user_key, "Access_token": access_token}
        self._message_type = message_type
        self._sender = sender
        self._path_token = path_token

    def compose(self, sms: Sms) -> httpx.Request:
        body = {
            "message_type": self._message_type,
            "message": sms.text,
            "recipient": [sms.to],
            "sender": self._sender,
            "order_id": sms.id,
            "encoding": "gsm" if encoding_of(sms.text) == "gsm7" else "ucs2",
            "validity_period_min": max(1, sms.seconds_left // 60),
        }
        return httpx.Request("POST", self._url, json=body, headers=self._headers)

    def enquire(self, sms: Sms) -> Question:
        return Question(httpx.Request("GET", f"{self._url}/{sms.id}", headers=self._headers), self._has_it)

    def _has_it(self, answer: httpx.Response) -> bool:
        if answer.is_success:
            return True
        if answer.status_code == 404:
            return False
        raise refusal(self.name, answer)

    def interpret(self, answer: httpx.Response) -> str | None:
        body = json_of(answer)
        if not answer.is_success:
            raise refusal(self.name, answer)
        if body.get("result") != "OK":
            raise NotSent(reason_code(self.name, body.get("result") or "nonsense"), for_good=True)
        if body.get("total_sent") == 0:
            raise NotSent(reason_code(self.name, "not_sent"), for_good=True)
        return text_of(body.get("order_id"))

    def read_receipts(self, relayed: Relayed) -> list[Receipt]:
        check_path_token(relayed, self._path_token)
        fields = relayed.fields()
        state, order_id = fields.get("status", ""), text_of(fields.get("order_id"))
        if not state or order_id is None:
            return []
        status = _STATUSES.get(state, "undelivered")
        reason = reason_code(self.name, state) if status == "undelivered" else None
        return [Receipt(status, order_id, order_id, reason)]
