"""Tells whether Chatwoot sent a body, and lately: its signature over the moment and the raw bytes."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

TIMESTAMP_HEADER = "X-Chatwoot-Timestamp"
SIGNATURE_HEADER = "X-Chatwoot-Signature"
DELIVERY_HEADER = "X-Chatwoot-Delivery"
WINDOW = timedelta(minutes=5)  # each try is signed anew, so an older one is a replay; clocks differ a little
_LONGEST_TIMESTAMP = 12


def is_signed(secret: str, body: bytes, timestamp: str | None, signature: str | None, at: datetime) -> bool:
    """Whether the signature is `sha256=` and the hexadecimal HMAC-SHA256 of `"{timestamp}.{body}"` under the webhook's
    secret, compared in constant time, and the timestamp (Unix seconds) not more than five minutes from `at`.
    Source: chatwoot/chatwoot, lib/webhooks/trigger.rb
    """
    moment = timestamp or ""
    signed = moment.encode("utf-8", "replace") + b"." + body
    expected = "sha256=" + hmac.digest(secret.encode(), signed, hashlib.sha256).hex()
    is_right = hmac.compare_digest(expected.encode(), (signature or "").encode("utf-8", "replace"))
    if not is_right or not (moment.isascii() and moment.isdigit() and len(moment) <= _LONGEST_TIMESTAMP):
        return False
    return abs(at.timestamp() - int(moment)) <= WINDOW.total_seconds()
