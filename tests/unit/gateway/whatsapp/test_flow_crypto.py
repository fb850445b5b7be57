"""The Flow's encryption agrees with pywa's, in both directions, and opens nothing that was changed on its way."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st
from pywa.utils import default_flow_request_decryptor, default_flow_response_encryptor

from areaclienti.gateway.channels.whatsapp.flows.crypto import FlowKey, FlowKeyError, NotDecryptable, load_flow_key
from tests.unit.gateway.whatsapp.flow_phone import FlowPhone

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

texts = st.text(max_size=200)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=10,
)
requests = st.dictionaries(texts, values, max_size=6)


@given(requests)
def test_what_a_phone_sends_is_opened_as_pywa_opens_it(request_: dict[str, Any]) -> None:
    body = FlowPhone(KEY.public_key()).sealed(request_)
    envelope = FlowKey(KEY).open(body)
    sent = json.loads(body)
    theirs, aes_key, iv = default_flow_request_decryptor(
        sent["encrypted_flow_data"], sent["encrypted_aes_key"], sent["initial_vector"], PEM, None
    )
    assert envelope.request == theirs == request_
    # and sealed with the same key and IV
    assert FlowPhone.opened(envelope.seal({"a": 1}), aes_key, iv) == {"a": 1}


@given(requests)
def test_pywa_s_answer_and_ours_are_the_same_to_the_phone(answer: dict[str, Any]) -> None:
    phone = FlowPhone(KEY.public_key())
    envelope = FlowKey(KEY).open(phone.sealed({"action": "ping"}))
    theirs = default_flow_response_encryptor(answer, phone.aes_key, phone.iv)
    assert phone.read(envelope.seal(answer)) == phone.read(theirs) == answer


def test_the_answer_s_iv_is_the_request_s_with_every_bit_turned() -> None:
    phone = FlowPhone(KEY.public_key())
    sealed = base64.b64decode(FlowKey(KEY).open(phone.sealed({})).seal({"data": {}}))
    turned = bytes(byte ^ 0xFF for byte in phone.iv)
    assert json.loads(AESGCM(phone.aes_key).decrypt(turned, sealed, None)) == {"data": {}}


@given(st.data())
def test_one_changed_bit_anywhere_is_refused(data: st.DataObject) -> None:
    sent = json.loads(FlowPhone(KEY.public_key()).sealed({"action": "INIT", "flow_token": "t"}))
    name = data.draw(st.sampled_from(sorted(sent)))
    raw = bytearray(base64.b64decode(sent[name]))
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[bit // 8] ^= 1 << bit % 8
    sent[name] = base64.b64encode(raw).decode()
    with pytest.raises(NotDecryptable):
        FlowKey(KEY).open(json.dumps(sent).encode())


@given(st.binary(max_size=300) | values.map(lambda value: json.dumps(value).encode()))
def test_nonsense_is_refused_and_never_an_error_of_ours(body: bytes) -> None:
    with pytest.raises(NotDecryptable):
        FlowKey(KEY).open(body)


@given(st.fixed_dictionaries({}, optional={
    name: st.none() | texts | st.binary(max_size=400).map(lambda raw: base64.b64encode(raw).decode()) | values
    for name in ("encrypted_aes_key", "initial_vector", "encrypted_flow_data")
}))  # fmt: skip
def test_so_is_nonsense_of_the_right_shape(sent: dict[str, Any]) -> None:
    with pytest.raises(NotDecryptable):
        FlowKey(KEY).open(json.dumps(sent).encode())


def test_deep_nesting_is_refused_too() -> None:
    with pytest.raises(NotDecryptable):
        FlowKey(KEY).open(b"[" * 16_000)


def sealed_otherwise(aes_bytes: int = 16, iv_bytes: int = 16, oaep: Any = SHA256, plain: bytes = b"{}") -> bytes:
    """A request that is sealed as nobody documents it."""
    aes_key, iv = secrets.token_bytes(aes_bytes), secrets.token_bytes(iv_bytes)
    parts = {
        "encrypted_aes_key": KEY.public_key().encrypt(aes_key, OAEP(MGF1(oaep()), oaep(), None)),
        "initial_vector": iv,
        "encrypted_flow_data": AESGCM(aes_key).encrypt(iv, plain, None),
    }
    return json.dumps({name: base64.b64encode(part).decode() for name, part in parts.items()}).encode()


def test_the_control_of_the_next_is_opened() -> None:
    assert FlowKey(KEY).open(sealed_otherwise()).request == {}


@pytest.mark.parametrize(
    "body",
    [
        sealed_otherwise(aes_bytes=32),
        sealed_otherwise(iv_bytes=12),
        sealed_otherwise(oaep=SHA1),
        sealed_otherwise(plain=b"[1]"),
        sealed_otherwise(plain=b"not json"),
        sealed_otherwise(plain=b"\xff\xfe"),
    ],
)
def test_what_is_sealed_otherwise_than_documented_is_refused(body: bytes) -> None:
    with pytest.raises(NotDecryptable):
        FlowKey(KEY).open(body)


def test_a_request_for_another_key_is_refused() -> None:
    with pytest.raises(NotDecryptable):
        FlowKey(KEY).open(FlowPhone(OTHER.public_key()).sealed({"action": "ping"}))


def test_nothing_of_a_request_shows_when_it_is_printed() -> None:
    envelope = FlowKey(KEY).open(FlowPhone(KEY.public_key()).sealed({"data": {"password": "Tramonto-Verde7"}}))
    assert "Tramonto" not in f"{envelope!r} {envelope}"


# --- the file -------------------------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "flow.pem"
    path.write_text(PEM)
    path.chmod(0o600)
    yield path


def test_the_key_of_a_file_opens_requests(file: Path) -> None:
    assert load_flow_key(file, None).open(FlowPhone(KEY.public_key()).sealed({"a": 1})).request == {"a": 1}


def test_a_key_with_a_passphrase_needs_it(file: Path) -> None:
    file.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"parola")))
    body = FlowPhone(KEY.public_key()).sealed({"a": 1})
    assert load_flow_key(file, "parola").open(body).request == {"a": 1}
    for wrong in (None, "altra"):
        with pytest.raises(FlowKeyError, match="passphrase"):
            load_flow_key(file, wrong)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o610, 0o601])
def test_a_key_that_others_may_read_is_not_used(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(FlowKeyError, match="chmod 600"):
        load_flow_key(file, None)


def test_a_key_that_is_no_rsa_key_of_2048_bits_is_not_used(file: Path) -> None:
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    for key in (small, ec.generate_private_key(ec.SECP256R1())):
        file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        with pytest.raises(FlowKeyError, match="no RSA key of 2048 bits"):
            load_flow_key(file, None)


def test_what_is_wrong_with_the_file_is_said_without_what_is_in_it(file: Path) -> None:
    file.write_text("una frase segreta")
    with pytest.raises(FlowKeyError, match="no PEM key") as wrong:
        load_flow_key(file, None)
    assert "segreta" not in str(wrong.value)
    os.unlink(file)
    with pytest.raises(FlowKeyError, match="can't be read"):
        load_flow_key(file, None)
