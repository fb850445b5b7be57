"""Encryption of a Flow's endpoint: opens what a phone sends to our key, and seals the answer to the same phone.

https://developers.facebook.com/docs/whatsapp/flows/guides/implementingyourflowendpoint#request-decryption-and-encryption
"""

from __future__ import annotations

import base64
import json
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

RSA_BITS = 2048  # what Meta takes: cloud-api/reference/whatsapp-business-encryption
AES_BYTES = 16
IV_BYTES = 16
TAG_BYTES = 16


class FlowKeyError(Exception):
    """The private key can't be used; the text says why and what to do, never what is in the file."""


class NotDecryptable(Exception):
    """The request was not encrypted for our key, or was changed on its way."""


@dataclass(frozen=True)
class Envelope:
    """A request that was opened, and what its answer is sealed with. Nothing of it may be logged."""

    request: Mapping[str, Any] = field(repr=False)
    _aes_key: bytes = field(repr=False)
    _iv: bytes = field(repr=False)

    def seal(self, answer: Mapping[str, Any]) -> str:
        """The body of the answer, in base64: the request's key, and its IV with every bit turned."""
        turned = bytes(byte ^ 0xFF for byte in self._iv)
        plain = json.dumps(answer, ensure_ascii=False).encode()
        return base64.b64encode(AESGCM(self._aes_key).encrypt(turned, plain, None)).decode()


class FlowKey:
    """Our private RSA key, whose public half is uploaded to Meta for the number."""

    def __init__(self, key: RSAPrivateKey) -> None:
        self._key = key

    @property
    def public_key(self) -> RSAPublicKey:
        """What Meta's phones encrypt for."""
        return self._key.public_key()

    def public_pem(self) -> str:
        """The public key as it is uploaded."""
        return self.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def open(self, body: bytes) -> Envelope:
        """What a request's body holds. Raises NotDecryptable for whatever can't be read as Meta documents it."""
        try:
            sealed = json.loads(body)
            wrapped, iv, data = (base64.b64decode(sealed[name], validate=True) for name in _PARTS)
            aes_key = self._key.decrypt(wrapped, OAEP(mgf=MGF1(SHA256()), algorithm=SHA256(), label=None))
            if len(aes_key) != AES_BYTES or len(iv) != IV_BYTES or len(data) < TAG_BYTES:
                raise NotDecryptable
            request = json.loads(AESGCM(aes_key).decrypt(iv, data, None))
        except (ValueError, KeyError, TypeError, RecursionError, InvalidTag):
            raise NotDecryptable from None
        if not isinstance(request, dict):
            raise NotDecryptable
        return Envelope(request, aes_key, iv)


_PARTS = ("encrypted_aes_key", "initial_vector", "encrypted_flow_data")


def load_flow_key(path: Path, passphrase: str | None) -> FlowKey:
    """The key of a PEM file that nobody but its owner may read. Raises FlowKeyError."""
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise FlowKeyError(f"Others may read the Flow's private key {path}: chmod 600 it.")
        content = path.read_bytes()
    except OSError as error:
        raise FlowKeyError(f"The Flow's private key {path} can't be read: {error.strerror}.") from None
    try:
        key = load_pem_private_key(content, passphrase.encode() if passphrase else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: a passphrase too many, or none
        raise FlowKeyError(f"The Flow's private key {path} is no PEM key, or its passphrase is another.") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size != RSA_BITS:
        raise FlowKeyError(f"The Flow's private key {path} is no RSA key of {RSA_BITS} bits.")
    return FlowKey(key)


def new_key(passphrase: str | None) -> bytes:
    """A fresh private key as PEM, encrypted where there is a passphrase."""
    key = generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    encryption = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
