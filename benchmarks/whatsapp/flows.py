"""WhatsApp Flow, seen from the phone: requests encrypted as Meta's client does, checked by pywa's own decryption."""

from __future__ import annotations

import base64
import json
import os
import secrets
import time
from dataclasses import dataclass
from typing import Any

import httpx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pywa.utils import default_flow_request_decryptor, default_flow_response_encryptor

from benchmarks.waiting import until
from benchmarks.whatsapp import webhooks
from benchmarks.whatsapp.phone import Phone
from tests.stack import Stack

PATH = "/webhooks/whatsapp/flow"
FLOW_ID = "1234567890123456"
TO_THE_PASSWORD = ("vorrei registrarmi", "persona", "mi chiamo Giulia Ferraris", "giulia.ferraris@posta.example")
ANSWER_SECONDS = 30.0


@dataclass(frozen=True)
class Sealed:
    """A request as it travels, and what opens its answer."""

    body: bytes
    aes_key: bytes
    iv: bytes


def new_key() -> rsa.RSAPrivateKey:
    """The pair whose public half Meta is given."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def as_pem(key: rsa.RSAPrivateKey, passphrase: str) -> str:
    """The private half as the gateway reads it."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase.encode()),
    ).decode()


def seal(data: dict[str, Any], key: rsa.RSAPublicKey) -> Sealed:
    """Encrypt a request: AES-128-GCM, 16-byte IV, the key wrapped with RSA-OAEP over SHA-256."""
    aes_key, iv = os.urandom(16), os.urandom(16)
    wrapped = key.encrypt(
        aes_key, padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
    )
    fields = {
        "encrypted_flow_data": AESGCM(aes_key).encrypt(iv, json.dumps(data).encode(), None),
        "encrypted_aes_key": wrapped,
        "initial_vector": iv,
    }
    body = json.dumps({name: base64.b64encode(value).decode() for name, value in fields.items()}).encode()
    return Sealed(body, aes_key, iv)


def tampered(sealed: Sealed) -> Sealed:
    """The same with one bit of the tag turned."""
    fields = json.loads(sealed.body)
    data = bytearray(base64.b64decode(fields["encrypted_flow_data"]))
    data[-1] ^= 1
    fields["encrypted_flow_data"] = base64.b64encode(data).decode()
    return Sealed(json.dumps(fields).encode(), sealed.aes_key, sealed.iv)


def opened(answer: str, sealed: Sealed) -> dict[str, Any]:
    """Decrypt an answer: the request's key, every byte of its IV turned over."""
    iv = bytes(byte ^ 0xFF for byte in sealed.iv)
    found: dict[str, Any] = json.loads(AESGCM(sealed.aes_key).decrypt(iv, base64.b64decode(answer), None))
    return found


def agrees_with_pywa(data: dict[str, Any], sealed: Sealed, answer: str, pem: str, passphrase: str) -> bool:
    """Whether pywa reads the request as we wrote it, and writes an answer that opens as the gateway's did."""
    fields = json.loads(sealed.body)
    read, aes_key, iv = default_flow_request_decryptor(
        fields["encrypted_flow_data"], fields["encrypted_aes_key"], fields["initial_vector"], pem, passphrase
    )
    response = opened(answer, sealed)
    same = opened(default_flow_response_encryptor(response, aes_key, iv), sealed) == response
    return read == data and same


@dataclass(frozen=True)
class Keys:
    """What the Flow is set up with: the pair, the private half as the gateway has it, the app's secret."""

    pair: rsa.RSAPrivateKey
    passphrase: str
    app_secret: str

    @property
    def pem(self) -> str:
        return as_pem(self.pair, self.passphrase)


async def walk(stack: Stack, keys: Keys) -> tuple[dict[str, object], float]:
    """A registration up to the password, and every answer that the Flow's endpoint gives there: what was wrong by name,
    and the seconds of the slowest answer. Nothing is wrong where the value is true.
    """
    async with (
        httpx.AsyncClient(base_url=stack.urls.simulator, timeout=30) as simulator,
        httpx.AsyncClient(base_url=stack.urls.gateway, timeout=30) as gateway,
    ):
        phone = await Phone.buy(simulator, "+393209876543")
        for said in TO_THE_PASSWORD:
            await phone.send(type="text", text=said)
            await _answered(phone)
        return await _exchanges(gateway, phone, await _flow_token(phone), keys)


async def _exchanges(
    gateway: httpx.AsyncClient, phone: Phone, token: str, keys: Keys
) -> tuple[dict[str, object], float]:
    seconds: list[float] = []
    password = f"Primula-{secrets.randbelow(10**6)}-Vela"

    async def ask(**fields: Any) -> tuple[int, dict[str, Any] | None, bool]:
        data = {"version": "3.0", "flow_token": token, **fields}
        sealed = seal(data, keys.pair.public_key())
        began = time.perf_counter()
        answer = await post(gateway, sealed, keys.app_secret)
        seconds.append(time.perf_counter() - began)
        if not answer.text:
            return answer.status_code, None, False
        agrees = agrees_with_pywa(data, sealed, answer.text, keys.pem, keys.passphrase)
        return answer.status_code, opened(answer.text, sealed), agrees

    def typed(value: str) -> dict[str, Any]:
        return {"action": "data_exchange", "screen": "PASSWORD", "data": {"password": value}}

    ping = await ask(action="ping")
    first = await ask(action="INIT")
    sealed = seal({"version": "3.0", "action": "INIT", "flow_token": token}, keys.pair.public_key())
    changed = await post(gateway, tampered(sealed), keys.app_secret)
    unsigned = await post(gateway, sealed, "another secret")
    unknown = await ask(action="INIT", flow_token=secrets.token_urlsafe(32))
    weak = await ask(**typed("primula"))
    given = await ask(**typed(password))
    spent = await ask(**typed(password))
    await _answered(phone)
    in_the_chat = json.dumps(phone.messages, ensure_ascii=False)
    answers = (ping, first, unknown, weak, given, spent)
    right: dict[str, object] = {
        "ping": ping[:2] == (200, {"data": {"status": "active"}}),
        "opened": _screen(first) == "PASSWORD",
        "tampered_tag_421": changed.status_code == 421,
        "bad_signature_432": unsigned.status_code == 432,
        "unknown_token_427": unknown[0] == 427,
        "weak_password_keeps_the_screen": _screen(weak) == "PASSWORD",
        "given": _screen(given) == "SUCCESS",
        "spent_token_427": spent[0] == 427,
        "the_chat_goes_on": "privacy" in in_the_chat.lower(),
        "nothing_of_the_password_comes_back": password not in json.dumps([each[1] for each in answers]) + in_the_chat,
        "agrees_with_pywa_both_ways": all(agrees for _, _, agrees in answers),
    }
    return right, max(seconds)


def _screen(answer: tuple[int, dict[str, Any] | None, bool]) -> object:
    return (answer[1] or {}).get("screen") if answer[0] == 200 else None


async def _answered(phone: Phone) -> None:
    """Wait until something new stands on the phone. Raises TimeoutError."""

    async def has_news() -> bool:
        return bool(await phone.look())

    if not await until(has_news, ANSWER_SECONDS):
        raise TimeoutError("no answer came to the phone")


async def _flow_token(phone: Phone) -> str:
    """The token of the Flow's button, which may come after the answer's first message. Raises TimeoutError."""

    async def came() -> bool:
        await phone.look()
        return bool(_tokens(phone))

    if not await until(came, ANSWER_SECONDS):
        raise TimeoutError("no Flow came to the phone")
    return _tokens(phone)[-1]


def _tokens(phone: Phone) -> list[str]:
    sent = [message["payload"].get("interactive", {}) for message in phone.messages]
    return [each["action"]["parameters"]["flow_token"] for each in sent if each.get("type") == "flow"]


async def post(client: httpx.AsyncClient, sealed: Sealed, app_secret: str) -> httpx.Response:
    """Send a request as Meta's servers do."""
    return await client.post(PATH, content=sealed.body, headers=webhooks.signed(sealed.body, app_secret))
