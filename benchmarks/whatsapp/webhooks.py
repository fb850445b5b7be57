"""Webhooks as Meta sends them: invented people and messages, signed; made apart from the code that reads them."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PATH = "/webhooks/whatsapp"
_numbers = itertools.count(3_200_000_000)


@dataclass(frozen=True)
class Writer:
    """Who writes: Meta's stable id, and the number where it is visible."""

    user_id: str
    wa_id: str | None

    @property
    def contact(self) -> dict[str, Any]:
        number = {"wa_id": self.wa_id} if self.wa_id else {}
        return {"profile": {"name": "Cliente di prova"}, "user_id": self.user_id, **number}


def writer(*, visible: bool = True) -> Writer:
    """Somebody who never wrote before."""
    return Writer(f"IT.{secrets.randbelow(10**16):016d}", f"39{next(_numbers)}" if visible else None)


def text_message(who: Writer, text: str, *, at: int | None = None) -> dict[str, Any]:
    """A message of one text; `at` in seconds since 1970."""
    number = {"from": who.wa_id} if who.wa_id else {}
    return {
        **number,
        "from_user_id": who.user_id,
        "id": f"wamid.{secrets.token_urlsafe(36)}",
        "timestamp": str(at or int(time.time())),
        "type": "text",
        "text": {"body": text},
    }


def reaction(who: Writer, to: str) -> dict[str, Any]:
    """A thumb for an earlier message."""
    return text_message(who, "") | {"type": "reaction", "reaction": {"message_id": to, "emoji": "👍"}}


def status(who: Writer, state: str) -> dict[str, Any]:
    """What became of a message that we never sent."""
    return {
        "id": f"wamid.{secrets.token_urlsafe(36)}",
        "status": state,
        "timestamp": str(int(time.time())),
        "recipient_id": who.wa_id,
        "recipient_user_id": who.user_id,
    }


def batch(
    phone_number_id: str,
    who: Writer,
    messages: Sequence[Mapping[str, Any]] = (),
    statuses: Sequence[Mapping[str, Any]] = (),
) -> bytes:
    """The body of one webhook: a change for each message and each status, so that readers of the first one show."""
    metadata = {"display_phone_number": "390000000000", "phone_number_id": phone_number_id}
    value: dict[str, Any] = {"messaging_product": "whatsapp", "metadata": metadata}
    values = [value | {"contacts": [who.contact], "messages": [message]} for message in messages]
    values += [value | {"statuses": [one]} for one in statuses]
    changes = [{"field": "messages", "value": each} for each in values]
    entry = [{"id": "102290129340398", "changes": changes}]
    return json.dumps({"object": "whatsapp_business_account", "entry": entry}, ensure_ascii=False).encode()


def signed(body: bytes, app_secret: str) -> dict[str, str]:
    """The headers that Meta's servers send with the body."""
    digest = hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={digest}"}
