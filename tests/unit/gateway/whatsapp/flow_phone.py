"""A phone with a Flow open: encrypts as Meta documents it for phones, apart from the product's own code."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256

PATH = "/webhooks/whatsapp/flow"


class FlowPhone:
    """Seals requests for the number's public key and reads the answers; `secret` is the app's, that Meta signs with."""

    def __init__(self, public_key: RSAPublicKey, secret: str = "", http: httpx.AsyncClient | None = None) -> None:
        self._public_key = public_key
        self._secret = secret
        self._http = http
        self.aes_key = secrets.token_bytes(16)
        self.iv = secrets.token_bytes(16)

    def sealed(self, request: dict[str, Any]) -> bytes:
        """The body of a request, under a fresh key."""
        self.aes_key, self.iv = secrets.token_bytes(16), secrets.token_bytes(16)
        encryptor = Cipher(algorithms.AES(self.aes_key), modes.GCM(self.iv)).encryptor()
        data = encryptor.update(json.dumps(request).encode()) + encryptor.finalize() + encryptor.tag
        wrapped = self._public_key.encrypt(self.aes_key, OAEP(MGF1(SHA256()), SHA256(), None))
        parts = {"encrypted_flow_data": data, "encrypted_aes_key": wrapped, "initial_vector": self.iv}
        return json.dumps({name: base64.b64encode(part).decode() for name, part in parts.items()}).encode()

    def read(self, answer: str) -> Any:
        """What the answer to the last request says."""
        return self.opened(answer, self.aes_key, self.iv)

    @staticmethod
    def opened(answer: str, aes_key: bytes, iv: bytes) -> Any:
        """What an answer says to who knows the request's key and IV. Raises InvalidTag."""
        raw = base64.b64decode(answer)
        turned = bytes(255 - byte for byte in iv)
        decryptor = Cipher(algorithms.AES(aes_key), modes.GCM(turned, raw[-16:])).decryptor()
        return json.loads(decryptor.update(raw[:-16]) + decryptor.finalize())

    def signature(self, body: bytes) -> str:
        """What Meta puts into X-Hub-Signature-256."""
        return "sha256=" + hmac.new(self._secret.encode(), body, hashlib.sha256).hexdigest()

    async def post(self, body: bytes, **headers: str) -> httpx.Response:
        """Deliver a body, signed unless a header says otherwise."""
        assert self._http is not None
        sent = {"X-Hub-Signature-256": self.signature(body), "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await self._http.post(PATH, content=body, headers=sent)

    async def ask(self, request: dict[str, Any]) -> tuple[int, Any]:
        """Status and content of the answer."""
        answer = await self.post(self.sealed(request))
        return answer.status_code, self.read(answer.text) if answer.text else None
