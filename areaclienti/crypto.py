"""Every use of a key in one place: sealing at rest, HMACs, digests and random tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12


def sha256_hex(value: str) -> str:
    """SHA-256 of the UTF-8 text: for values that are already random (tokens, references) or public (the notice)."""
    return hashlib.sha256(value.encode()).hexdigest()


def new_token() -> str:
    """256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def new_id(prefix: str) -> str:
    """An opaque id of 128 random bits, `prefix_…`."""
    return f"{prefix}_{secrets.token_urlsafe(16)}"


def new_code() -> str:
    """A verification code: six random digits (manual 9a; NIST SP 800-63B-4 §3.1.3.2)."""
    return f"{secrets.randbelow(10**6):06d}"


class Sealer:
    """Encrypts what must be read again, with AES-256-GCM; what it belongs to is bound as associated data."""

    def __init__(self, key: str) -> None:
        self._cipher = AESGCM(_derive(key, b"areaclienti sealing v1"))

    def seal(self, value: str, belongs_to: str) -> str:
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, value.encode(), belongs_to.encode())
        return base64.urlsafe_b64encode(sealed).decode()

    def open(self, sealed: str, belongs_to: str) -> str:
        """Raises `ValueError` when the text was changed, moved to another owner or sealed under another key."""
        raw = base64.urlsafe_b64decode(sealed)
        try:
            return self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], belongs_to.encode()).decode()
        except InvalidTag:
            raise ValueError("sealed text does not belong here") from None


class Mac:
    """HMAC-SHA256 under a key that is not in the database, over parts that cannot run into each other."""

    def __init__(self, key: str) -> None:
        self._key = _derive(key, b"areaclienti code mac v1")

    def hex(self, *parts: str) -> str:
        message = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()


def same(left: str, right: str) -> bool:
    """Equality in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())


def _derive(key: str, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(key.encode())
