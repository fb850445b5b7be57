"""Tells whether Meta sent a body: its signature over the raw bytes."""

from __future__ import annotations

import hashlib
import hmac

SIGNATURE_HEADER = "X-Hub-Signature-256"


def is_signed(app_secret: str, body: bytes, header: str | None) -> bool:
    """Whether the header is `sha256=` and the hexadecimal HMAC-SHA256 of the body under the app's secret; in constant
    time. Source: https://developers.facebook.com/docs/graph-api/webhooks/getting-started#validate-payloads
    """
    expected = "sha256=" + hmac.digest(app_secret.encode(), body, hashlib.sha256).hex()
    return hmac.compare_digest(expected.encode(), (header or "").encode())
