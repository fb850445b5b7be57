"""Encrypts what came in while it waits: a text may be a password, so nothing readable touches the disk."""

from __future__ import annotations

import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken


class Unreadable(Exception):
    """It was sealed with another key, or changed."""


class Seal:
    """Seals JSON objects with the intake key. Raises ValueError for a key that is not 32 bytes in URL-safe base64."""

    def __init__(self, key: str) -> None:
        try:
            self._cipher = Fernet(key)
        except ValueError:
            raise ValueError("AREACLIENTI_WHATSAPP_INTAKE_KEY is not 32 bytes in URL-safe base64") from None

    def close(self, content: dict[str, Any]) -> bytes:
        """The object, so that nobody else can read or change it."""
        return self._cipher.encrypt(json.dumps(content).encode("ascii"))

    def open(self, sealed: bytes) -> dict[str, Any]:
        """The object. Raises Unreadable."""
        try:
            content: dict[str, Any] = json.loads(self._cipher.decrypt(sealed))
        except InvalidToken:
            raise Unreadable from None
        return content
