"""The ways through WhatsApp: page, Flow, secrets typed into the chat, and messages that wait while all stands still."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from areaclienti.domain.masking import mask_mobile
from areaclienti.gateway.channels.whatsapp.flows.crypto import load_flow_key
from areaclienti.gateway.channels.whatsapp.seal import Seal
from benchmarks.canary.rules import SECRETS
from benchmarks.canary.scan import Scanner
from benchmarks.canary.texter import Texter
from benchmarks.canary.ways import Walk, Way
from tests.unit.gateway.whatsapp.flow_phone import PATH as FLOW_PATH

WEBHOOK_PATH = "/webhooks/whatsapp"
_NOTICE_READ = "Ho preso visione"
_ALL_RIGHT = "È tutto giusto"


@contextlib.contextmanager
def _phone(walk: Walk, mobile: str | None) -> Iterator[Texter]:
    with Texter(walk.world.stack, mobile, walk.way, walk.world.folder / "received") as texter:
        yield texter


def _flow_key(walk: Walk) -> RSAPublicKey:
    """What Meta's phones encrypt for."""
    return load_flow_key(Path(walk.world.settings["whatsapp_flow_private_key_file"]), None).public_key


def _until_the_password(walk: Walk, texter: Texter, contact: str) -> None:
    texter.says("ciao")
    texter.chooses(walk.person.type)
    texter.says(walk.person.name)
    texter.says(contact)
    texter.at("password")


def _code_typed(walk: Walk, texter: Texter, contact: str, before: int) -> None:
    code = walk.newest_code(contact, before)
    texter.says(f"{(int(code) + 111_111) % 1_000_000:06d}")
    texter.says(f"il codice è {code[:3]} {code[3:]}")
    texter.at("done")


def by_page(walk: Walk) -> None:
    """Manual A from the greeting to the account: the password on the page of a button, refused once, tried again."""
    person, password = walk.person, walk.password()
    with _phone(walk, person.mobile) as texter:
        texter.says("ciao")
        texter.chooses(person.type)
        texter.says(person.name)
        texter.gets_the_page()
        texter.says(person.email)
        texter.at("password")
        assert texter.on_the_page("password", "debole") == 422
        assert texter.on_the_page("password", password) == 303
        texter.at("privacy_notice")
        assert texter.on_the_page("password", walk.password()) == 404
        before = walk.mail()
        texter.chooses(_NOTICE_READ)
        _code_typed(walk, texter, person.email, before)


def by_flow(walk: Walk) -> None:
    """Manual B with section C, from a number that isn't shown: password and partita IVA in the Flow."""
    person, password, key = walk.person, walk.password(), _flow_key(walk)
    with _phone(walk, None) as texter:
        _until_the_password(walk, texter, walk.census.email(walk.way))
        assert texter.in_the_flow(key, "password", "debole") == "PASSWORD"
        with _identity_ill(walk):
            assert texter.in_the_flow(key, "password", password) == "unavailable"
        assert texter.in_the_flow(key, "password", password) == "SUCCESS"
        texter.chooses(_NOTICE_READ)
        texter.at("recheck")
        texter.chooses(_ALL_RIGHT)
        texter.at("tax_code")
        assert texter.in_the_flow(key, "tax_code", walk.census.tax_code(walk.way)[:-1] + "?") == "TAX_CODE"
        assert texter.in_the_flow(key, "tax_code", person.tax_code) == "SUCCESS"
        texter.at("choose_contact")
        before = walk.mail()
        texter.chooses(mask_mobile(person.second_mobile)[:12])
        _code_typed(walk, texter, person.second_mobile, before)


def typed(walk: Walk) -> None:
    """Everything that is secret, written into the chat: where it is due, where it isn't, edited, beside facts."""
    person, password, key = walk.person, walk.password(), _flow_key(walk)
    with _phone(walk, person.mobile) as texter:
        texter.says(f"ciao, codice fiscale {walk.census.tax_code(walk.way, said='in the greeting')}")
        texter.says("ciao")
        texter.chooses(person.type)
        texter.says(f"la mia password è {walk.password('at the name')}")
        texter.says(person.name)
        texter.says(walk.census.email(walk.way))
        texter.at("password")
        texter.says(walk.password("alone, where it is due"))
        texter.says(f"la password è {walk.spoken_password('where it is due')}, va bene?")
        texter.corrects(walk.password("as a correction of a message"))
        texter.says(walk.census.tax_code(walk.way, said="at the password"))
        assert texter.in_the_flow(key, "password", password) == "SUCCESS"
        texter.says(password)
        texter.chooses(_NOTICE_READ)
        texter.chooses(_ALL_RIGHT)
        texter.at("tax_code")
        texter.says(f"{walk.census.tax_code(walk.way, said='another one, where it is due')}")
        if texter.step() == "tax_code":
            texter.says(" ".join((person.tax_code[:6].lower(), person.tax_code[6:11], person.tax_code[11:])))
        texter.at("choose_contact")
        before = walk.mail()
        texter.chooses(mask_mobile(person.second_mobile)[:12])
        _code_typed(walk, texter, person.second_mobile, before)
        texter.says(f"la password era {password}")


def waiting(walk: Walk) -> None:
    """Secrets that wait while the engine stands still, then kill -9 of the gateway: on the disk they are sealed."""
    person, typed_in = walk.person, [walk.password("while it waits"), walk.spoken_password("while it waits")]
    tax_code = walk.census.tax_code(walk.way, said="while it waits")
    stack, key = walk.world.stack, _flow_key(walk)
    with _phone(walk, person.mobile) as texter:
        _until_the_password(walk, texter, person.email)
        with _standing_still(stack.pid("engine")):
            assert texter.sends({"type": "text", "text": "perché serve la password?"})
            for text in (*typed_in, f"il mio codice fiscale è {tax_code}"):
                assert texter.sends({"type": "text", "text": text})
            _must_be_sealed(walk, texter, [*typed_in, tax_code])
            _kill_gateway(walk)
        stack.wait_until_ready()
        texter.settled()
        texter.at("password")
        assert texter.in_the_flow(key, "password", walk.password()) == "SUCCESS"
        before = walk.mail()
        texter.chooses(_NOTICE_READ)
        code = walk.newest_code(person.email, before)
        with _identity_ill(walk):
            assert texter.sends({"type": "text", "text": code})
            _must_be_sealed(walk, texter, [code])
        texter.settled()
        texter.at("done")


def misused(walk: Walk) -> None:
    """Secrets in requests that are not Meta's, in shapes that nobody knows, and in Flows that are broken or over."""
    person, password, key = walk.person, walk.password(), _flow_key(walk)
    with _phone(walk, person.mobile) as texter:
        _until_the_password(walk, texter, person.email)
        body = json.dumps({"entry": [{"changes": [{"value": {"messages": [{"text": {"body": password}}]}}]}]}).encode()
        for path in (WEBHOOK_PATH, FLOW_PATH):
            signature = {"X-Hub-Signature-256": f"sha256={password}"}
            assert texter.posts(path, body, **signature) in (401, 432)
            assert texter.posts(f"{path}?password={password}", body) in (401, 432)
            assert texter.posts(path, body + password.encode() * 2_000, **signature) in (401, 413, 432)
        request = {"version": "4.0", "action": "data_exchange", "screen": "PASSWORD", "data": {"password": password}}
        for change in (
            {"flow_token": "unused"},
            {"flow_token": password},
            {"flow_token": "unused", "screen": password},
            {"flow_token": "unused", "data": {"error": password, "error_message": password}},
            {"flow_token": "unused", "action": password, "version": password},
        ):
            assert texter.asks_the_flow(key, request | change)["status"] in (200, 427)
        signature = {"X-Hub-Signature-256": f"sha256={password}"}
        assert texter.asks_the_flow(key, request, **signature)["status"] == 432
        assert texter.in_the_flow(key, "password", password) == "SUCCESS"
        assert texter.sends({"type": "nfm_reply", "response": {"password": password}})
        assert texter.sends({"type": "image", "caption": f"la password è {password}"})
        assert texter.sends({"type": "unsupported"})
        texter.settled()
        texter.at("privacy_notice")


def _must_be_sealed(walk: Walk, texter: Texter, secrets: list[str]) -> None:
    """They wait, nothing readable of them is on the disk, and what is sealed there are they. Raises AssertionError."""
    waits = "SELECT sealed FROM whatsapp_inbound WHERE user_id = ? AND state = 'pending' AND sealed IS NOT NULL"
    texter.until(lambda: len(texter.rows(waits, texter.user_id)) >= len(secrets), "it does not wait")
    own = [canary for canary in walk.census.canaries.values() if canary.value in secrets and canary.kind in SECRETS]
    var = walk.world.folder / "var"
    files = [*var.glob("gateway.db*"), *(var / "log").iterdir()]
    found = Scanner(own).scan(b"\0".join(file.read_bytes() for file in files))
    assert not found, f"{len(found)} readable while they wait"
    seal = Seal(walk.world.stack.keys["whatsapp_intake_key"])
    opened = json.dumps([seal.open(bytes(sealed)) for (sealed,) in texter.rows(waits, texter.user_id)])
    missing = [secret for secret in secrets if json.dumps(secret)[1:-1] not in opened]
    assert not missing, f"{len(missing)} of {len(secrets)} are not what waits"


@contextlib.contextmanager
def _standing_still(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def _identity_ill(walk: Walk) -> Iterator[None]:
    """The vault's connections end without an answer."""
    walk.world.identity.fault = lambda _, asked: b"" if asked.startswith("/v1/vault") else None
    try:
        yield
    finally:
        walk.world.identity.fault = None


def _kill_gateway(walk: Walk) -> None:
    os.kill(walk.world.stack.pid("gateway"), signal.SIGKILL)


WHATSAPP_WAYS: tuple[Way, ...] = (
    Way("whatsapp, by page", by_page),
    Way("whatsapp, by Flow, partita IVA", by_flow, "azienda", ()),
    Way("whatsapp, typed", typed, typed=("mobile",)),
    Way("whatsapp, waiting sealed", waiting),
    Way("whatsapp, misused", misused),
)
