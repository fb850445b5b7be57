"""What is asked of an SMS provider: compose a request, read its answer, read its receipts. No input or output here."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol
from urllib.parse import parse_qsl

import httpx

from areaclienti.crypto import same
from areaclienti.identity.delivery.adapters import NotSent

_MOST_DIGITS = 5  # Twilio's codes have five

Status = Literal["queued", "sent", "undelivered", "delivered"]


@dataclass(frozen=True)
class Sms:
    """One text for one Italian mobile (`+39…`). `id` is the outbox id, the same at every try; `tries` counts from 1.

    `seconds_left` is what is left of the life of its code: whoever can is asked not to deliver it later.
    """

    id: str
    to: str
    text: str
    expires_at: datetime
    seconds_left: int
    tries: int = 1


@dataclass(frozen=True)
class Relayed:
    """A provider's call of the receipts' address, as it came: nobody has interpreted it yet.

    `path_token` is what stands after the provider's name in the path, `query` the raw query string without its "?".
    Header names are in lower case.
    """

    path_token: str | None
    query: str
    headers: Mapping[str, str]
    body: bytes

    def fields(self) -> dict[str, str]:
        """The parameters of query and body (form or JSON object) together; the body's count where both have one."""
        found = dict(parse_qsl(self.query, keep_blank_values=True))
        if self.headers.get("content-type", "").startswith("application/json"):
            return found | {key: str(value) for key, value in self.json_object().items() if value is not None}
        return found | self.form()

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object; empty when it is none."""
        try:
            body = json.loads(self.body)
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}


@dataclass(frozen=True)
class Receipt:
    """What became of a message. `outbox_id` is ours, `provider_id` the provider's; at least one of them is there."""

    status: Status
    outbox_id: str | None
    provider_id: str | None
    reason: str | None = None


@dataclass(frozen=True)
class Question:
    """Asks a provider whether it has a message. `has_it` reads the answer; `NotSent` when that says nothing."""

    request: httpx.Request
    has_it: Callable[[httpx.Response], bool]


class ReceiptRefused(Exception):
    """The call does not come from the provider: its signature or its token is wrong or missing."""


class Provider(Protocol):
    """One provider's requests and answers. Raises nothing but what is said."""

    name: str

    def compose(self, sms: Sms) -> httpx.Request:
        """The request that sends it."""
        ...

    def enquire(self, sms: Sms) -> Question | None:
        """How to ask whether the provider already has the message; None where it can't be asked so."""
        ...

    def interpret(self, answer: httpx.Response) -> str | None:
        """The provider's id for the accepted message, if it gave one. Raises `NotSent` when it was not accepted."""
        ...

    def read_receipts(self, relayed: Relayed) -> list[Receipt]:
        """What the call reports: nothing, if it is none that says something. Raises `ReceiptRefused`."""
        ...


def refusal(provider: str, answer: httpx.Response, code: object = None) -> NotSent:
    """The `NotSent` of an HTTP answer that is no success; `code` is the provider's own, where it tells more.

    408, 425, 429 and 5xx mean later. 409 does too: an idempotency key whose first request is not over yet
    (draft-ietf-httpapi-idempotency-key-header §2.6). The rest means never.
    """
    status = answer.status_code
    later = status in (408, 409, 425, 429) or answer.is_server_error
    return NotSent(
        reason_code(provider, status if code is None else code),
        for_good=not later,
        provider_fails=later and status != 409,
        maybe_accepted=answer.is_server_error,
    )


def reason_code(provider: str, code: object) -> str:
    """`provider_code`, of the characters and the length that an audit's reason may have; never a value.

    What has more digits than any error code may be a telephone number: it becomes `other`.
    """
    plain = re.sub(r"[^a-z0-9]+", "_", str(code).lower()).strip("_")[:24] or "unknown"
    return f"{provider}_{plain if len(re.sub(r'[^0-9]', '', plain)) <= _MOST_DIGITS else 'other'}"


def json_of(answer: httpx.Response) -> dict[str, Any]:
    """The JSON object of an answer; empty when it is none."""
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def text_of(value: object, longest: int = 64) -> str | None:
    """A non-empty id of a JSON answer as text; None for whatever is not one."""
    return str(value) if isinstance(value, str | int) and 0 < len(str(value)) <= longest else None


def check_path_token(relayed: Relayed, secret: str | None) -> None:
    """For a provider that signs nothing: its receipts are proven by a secret in the path. Raises `ReceiptRefused`."""
    if secret is None or relayed.path_token is None or not same(relayed.path_token, secret):
        raise ReceiptRefused
