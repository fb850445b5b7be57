"""The Flow's endpoint over the whole gateway: a phone's encrypted requests, each status with its meaning."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from pywa.types.flows import FlowRequest, FlowResponse
from sqlalchemy import update

from areaclienti.gateway.channels.whatsapp.flows import endpoint
from areaclienti.gateway.channels.whatsapp.flows.crypto import Envelope, FlowKeyError
from areaclienti.gateway.channels.whatsapp.flows.screens import SCREENS, flow_json, flow_texts
from areaclienti.gateway.channels.whatsapp.people import Sender, current_conversation, known_person
from areaclienti.gateway.db.models import Conversation, OneTimeLink, now
from areaclienti.gateway.texts import Purpose
from tests.unit.gateway.browser import Browser
from tests.unit.gateway.conftest import Start, build, stop_the_clock
from tests.unit.gateway.database import change, only_conversation
from tests.unit.gateway.doubles import Engine, Identity
from tests.unit.gateway.test_secrets import (
    AT_CODE,
    AT_NAME,
    AT_PASSWORD,
    AT_TAX_CODE,
    PASSWORD,
    TAX_CODE,
    TEXTS,
    assert_nowhere,
    folder,
    logs,
)
from tests.unit.gateway.whatsapp.flow_phone import PATH, FlowPhone

__all__ = ["folder", "logs"]

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SECRET = "the-app-s-secret-of-this-test"
USER = "IT.1234567890"
CASES: list[tuple[tuple[str, str], Purpose, str]] = [
    (AT_PASSWORD, "password", PASSWORD),
    (AT_TAX_CODE, "tax_code", TAX_CODE),
]


@pytest.fixture
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A gateway with WhatsApp and a Flow."""
    file = tmp_path_factory.mktemp("key") / "flow.pem"
    file.touch(0o600)
    file.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return {
        "whatsapp": "simulator", "whatsapp_graph_url": "http://127.0.0.1:9/v23.0", "whatsapp_phone_number_id": "1",
        "whatsapp_access_token": "token", "whatsapp_app_secret": SECRET, "whatsapp_verify_token": "verify",
        "whatsapp_intake_key": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        "whatsapp_flow_id": "42", "whatsapp_flow_private_key_file": file,
    }  # fmt: skip


@pytest.fixture
async def app(start: Start, settings: dict[str, Any]) -> FastAPI:
    return await start(**settings)


@pytest.fixture
async def phone(app: FastAPI) -> AsyncIterator[FlowPhone]:
    async with client(app) as http:
        yield FlowPhone(KEY.public_key(), SECRET, http)


def client(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="https://areaclienti.example")


async def written_to(app: FastAPI, at: tuple[str, str]) -> Conversation:
    """A conversation that a person on WhatsApp has come to that step in."""

    def begin(session: Any) -> Conversation:
        return current_conversation(session, known_person(session, Sender(USER, "393331234567")))

    conversation: Conversation = await app.state.services.database.write(begin)
    await change(app, step=at[0], expects=at[1], step_epoch=Conversation.step_epoch + 1)
    return conversation


async def token_for(app: FastAPI, at: tuple[str, str]) -> str:
    """The token of a Flow that was sent to somebody at that step."""
    link = await app.state.services.one_time.link_for(await written_to(app, at))
    assert link is not None
    return str(link.url.rsplit("/", 1)[1])


def opening(token: str) -> dict[str, Any]:
    return {"version": "4.0", "action": "INIT", "flow_token": token, "data": {}}


def giving(token: str, purpose: Purpose, value: Any) -> dict[str, Any]:
    """What the screen's button sends."""
    data = {purpose: value}
    return {"version": "4.0", "action": "data_exchange", "screen": SCREENS[purpose], "flow_token": token, "data": data}


OVER = (427, {"error_msg": flow_texts().over})


# --- the way through ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("at", "purpose", "value"), CASES)
async def test_a_value_given_in_the_flow_goes_to_the_vault_and_the_chat_goes_on(
    app: FastAPI,
    phone: FlowPhone,
    engine: Engine,
    identity: Identity,
    at: tuple[str, str],
    purpose: Purpose,
    value: str,
) -> None:
    token = await token_for(app, at)
    status, screen = await phone.ask(opening(token))
    assert (status, screen["screen"], screen["version"]) == (200, SCREENS[purpose], "4.0")
    assert screen["data"] == {"advice": flow_texts().screens[purpose].advice}
    status, end = await phone.ask(giving(token, purpose, value))
    assert (status, end["screen"]) == (200, "SUCCESS")
    params = end["data"]["extension_message_response"]["params"]
    assert params.keys() == {"flow_token", "reference"} and re.fullmatch(r"link-[0-9a-f]{32}", params["reference"])
    assert value not in json.dumps(end)
    note, reply = await ledger(app)
    assert note == ("customer", "secret", TEXTS.secret_notes[purpose])
    assert reply[0] == "bot"
    assert [(one["purpose"], one["value"]) for one in identity.deposits] == [(purpose, value)]
    assert identity.deposits[0]["client_address"] == f"wa:{USER}"
    assert (engine.turns[-1].intent, engine.turns[-1].entities) == ("give_secret", {purpose: "vlt_1"})


async def ledger(app: FastAPI) -> list[tuple[str, str, str]]:
    """What stands in the only conversation: author, kind, text."""
    await app.state.services.runner.settle()
    found = await app.state.services.ledger.read_after(await only_conversation(app), 0)
    return [(one.author, one.kind, one.text) for one in found.messages]


@pytest.mark.parametrize(("at", "purpose", "value"), CASES)
async def test_pywa_takes_every_request_and_answer_for_meta_s(
    app: FastAPI, phone: FlowPhone, identity: Identity, at: tuple[str, str], purpose: Purpose, value: str
) -> None:
    token = await token_for(app, at)
    asked = [opening(token), giving(token, purpose, "x"), giving(token, purpose, value)]
    told = [(await phone.ask(request))[1] for request in asked]
    parsed = [FlowRequest.from_dict(request, {}) for request in asked]
    assert told[0] == parsed[0].respond(SCREENS[purpose], told[0]["data"]).to_dict()
    refusal = {name: text for name, text in told[1]["data"].items() if name != "error_message"}
    spoken = told[1]["data"]["error_message"]
    assert told[1] == parsed[1].respond(SCREENS[purpose], refusal, error_message=spoken).to_dict()
    reference = told[2]["data"]["extension_message_response"]["params"]["reference"]
    assert (
        told[2]
        == FlowResponse(version="4.0", data={"reference": reference}, flow_token=token, close_flow=True).to_dict()
    )


async def test_screens_get_exactly_the_data_that_they_declare(app: FastAPI, phone: FlowPhone) -> None:
    for at, _, _ in CASES:
        token = await token_for(app, at)
        _, screen = await phone.ask(opening(token))
        (declared,) = [one["data"] for one in flow_json()["screens"] if one["id"] == screen["screen"]]
        assert screen["data"].keys() == declared.keys()


# --- Meta's own requests --------------------------------------------------------------------------------------------


async def test_a_ping_is_answered(app: FastAPI, phone: FlowPhone) -> None:
    assert await phone.ask({"version": "3.0", "action": "ping"}) == (200, {"data": {"status": "active"}})


@pytest.mark.parametrize("key", ["error", "error_message", "error_key"])
async def test_errors_that_the_phone_reports_are_acknowledged(
    app: FastAPI, phone: FlowPhone, identity: Identity, key: str
) -> None:
    token = await token_for(app, AT_PASSWORD)
    request = giving(token, "password", PASSWORD)
    request["data"][key] = "invalid-screen-transition"
    assert await phone.ask(request) == (200, {"data": {"acknowledged": True}})
    assert identity.deposits == []
    assert (await phone.ask(opening(token)))[0] == 200


async def test_going_back_shows_the_screen_of_what_is_due(app: FastAPI, phone: FlowPhone, identity: Identity) -> None:
    token = await token_for(app, AT_TAX_CODE)
    for request in (
        opening(token) | {"action": "BACK", "screen": "TAX_CODE"},
        giving(token, "password", PASSWORD),  # another screen than the one that is due
        giving(token, "tax_code", TAX_CODE) | {"action": "navigate"},
    ):
        status, screen = await phone.ask(request)
        assert (status, screen["screen"]) == (200, "TAX_CODE")
    assert identity.deposits == []


# --- who may not come in --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "sha256=",
        "sha256=" + "0" * 64,
        "sha1=" + "0" * 40,
        "sha256=é",
        FlowPhone(KEY.public_key(), "another secret").signature(b"{}"),
    ],
)
async def test_a_bad_signature_is_432_and_opens_nothing(
    app: FastAPI, phone: FlowPhone, monkeypatch: pytest.MonkeyPatch, signature: str
) -> None:
    monkeypatch.setattr(endpoint.FlowKey, "open", lambda *_: pytest.fail("it was opened"))
    body = phone.sealed({"action": "ping"})
    answer = await app_post(app, body, {"X-Hub-Signature-256": signature.encode()} if signature else {})
    assert (answer.status_code, answer.content) == (432, b"")


async def app_post(app: FastAPI, body: bytes, headers: dict[str, bytes]) -> httpx.Response:
    async with client(app) as http:
        return await http.post(PATH, content=body, headers=[(name.encode(), text) for name, text in headers.items()])


async def test_a_changed_body_under_the_old_signature_is_432(app: FastAPI, phone: FlowPhone) -> None:
    body = phone.sealed({"action": "ping"})
    answer = await phone.post(body + b" ", X_Hub_Signature_256=phone.signature(body))
    assert answer.status_code == 432


@pytest.mark.parametrize("part", ["encrypted_flow_data", "encrypted_aes_key", "initial_vector"])
async def test_a_tampered_request_is_421(app: FastAPI, phone: FlowPhone, identity: Identity, part: str) -> None:
    token = await token_for(app, AT_PASSWORD)
    sent = json.loads(phone.sealed(giving(token, "password", PASSWORD)))
    last = sent[part].rstrip("=")[-5]
    cut = len(sent[part].rstrip("=")) - 5
    sent[part] = sent[part][:cut] + ("A" if last != "A" else "B") + sent[part][cut + 1 :]
    answer = await phone.post(json.dumps(sent).encode())
    assert (answer.status_code, answer.content) == (421, b"")
    assert identity.deposits == []


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"{}", b'{"encrypted_aes_key": 1}', b"\xff\xfe", b"[" * 9000]
)
async def test_what_is_no_encrypted_request_is_421(app: FastAPI, phone: FlowPhone, body: bytes) -> None:
    assert (await phone.post(body)).status_code == 421


async def test_a_request_for_the_key_before_this_one_is_421(app: FastAPI, phone: FlowPhone) -> None:
    former = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert (await phone.post(FlowPhone(former.public_key()).sealed({"action": "ping"}))).status_code == 421


async def test_a_large_body_is_refused_before_it_is_read(app: FastAPI, phone: FlowPhone) -> None:
    assert (await phone.post(b" " * (16 * 1024 + 1))).status_code == 413


@given(asked=st.dictionaries(
    st.sampled_from(["version", "action", "screen", "flow_token", "data", "x"]),
    st.none() | st.integers() | st.text(max_size=200) | st.sampled_from(["INIT", "data_exchange", "ping", "PASSWORD"])
    | st.dictionaries(st.sampled_from(["password", "error", "x"]), st.none() | st.text(max_size=40), max_size=3)
    | st.lists(st.integers(), max_size=3),
))  # fmt: skip
async def test_no_request_of_whoever_can_encrypt_is_an_error_of_ours(asked: dict[str, Any]) -> None:
    statuses = {await statuses_of(asked)}
    assert statuses <= {200, 427}


async def statuses_of(asked: dict[str, Any]) -> int:
    """Without a database there is no token that is known."""

    class Unknown:
        async def find(self, token: str) -> None:
            return None

    class Served:
        one_time = Unknown()

    answer = await endpoint._answer(Served(), Envelope(asked, b"", b""))  # type: ignore[arg-type]
    return answer.status


async def test_without_a_flow_there_is_no_endpoint(start: Start, settings: dict[str, Any]) -> None:
    settings.pop("whatsapp_flow_private_key_file")
    settings.pop("whatsapp_flow_id")
    assert (await app_post(await start(**settings), b"{}", {})).status_code == 404


def test_a_key_that_others_may_read_ends_the_start(
    engine: Engine, identity: Identity, url: str, settings: dict[str, Any]
) -> None:
    settings["whatsapp_flow_private_key_file"].chmod(0o644)
    with pytest.raises(FlowKeyError, match="chmod 600"):
        build(engine, identity, url, **settings)


# --- the token ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("at", "purpose", "value"), CASES)
async def test_a_request_that_is_sent_again_is_427_and_gives_nothing_twice(
    app: FastAPI, phone: FlowPhone, identity: Identity, at: tuple[str, str], purpose: Purpose, value: str
) -> None:
    body = phone.sealed(giving(await token_for(app, at), purpose, value))
    assert (await phone.post(body)).status_code == 200
    for _ in range(3):  # recorded and replayed, byte by byte
        answer = await phone.post(body)
        assert (answer.status_code, phone.read(answer.text)) == OVER
    await app.state.services.runner.settle()
    assert len(identity.deposits) == 1


async def test_what_is_no_token_of_ours_is_427(app: FastAPI, phone: FlowPhone) -> None:
    await token_for(app, AT_PASSWORD)
    for token in ("unused", "", "A" * 43, "A" * 101, None, 7, ["a"]):
        assert await phone.ask(opening(token)) == OVER  # type: ignore[arg-type]


async def test_tokens_that_are_over_are_427(app: FastAPI, phone: FlowPhone) -> None:
    database = app.state.services.database
    replaced = await token_for(app, AT_PASSWORD)
    present = await token_for(app, AT_PASSWORD)
    assert await phone.ask(opening(replaced)) == OVER
    assert (await phone.ask(opening(present)))[0] == 200
    past = update(OneTimeLink).values(expires_at=now() - timedelta(seconds=1))
    await database.write(lambda session: session.execute(past))
    assert await phone.ask(opening(present)) == OVER


@pytest.mark.parametrize(
    "change_of",
    [
        {"step": AT_NAME[0], "expects": AT_NAME[1], "step_epoch": Conversation.step_epoch + 1},
        {"owner": "human", "epoch": Conversation.epoch + 1},
        {"closed_at": now()},
    ],
)
async def test_a_token_dies_with_the_step_that_it_was_made_for(
    app: FastAPI, phone: FlowPhone, identity: Identity, change_of: dict[str, Any]
) -> None:
    token = await token_for(app, AT_PASSWORD)
    await change(app, **change_of)
    assert await phone.ask(giving(token, "password", PASSWORD)) == OVER
    assert identity.deposits == []


async def test_a_link_for_a_verification_code_opens_no_flow(app: FastAPI, phone: FlowPhone) -> None:
    assert await phone.ask(opening(await token_for(app, AT_CODE))) == OVER


async def test_a_link_of_another_channel_opens_no_flow(app: FastAPI, phone: FlowPhone) -> None:
    browser = Browser(app)
    await browser.open()
    await app.state.services.runner.settle()
    await change(app, step=AT_PASSWORD[0], expects=AT_PASSWORD[1])
    url = (await browser.request("POST", "/api/secrets/link", {})).json()["url"]
    assert await phone.ask(opening(url.rsplit("/", 1)[1])) == OVER
    await browser.close()


async def test_a_link_that_was_used_on_the_page_opens_no_flow(app: FastAPI, phone: FlowPhone) -> None:
    token = await token_for(app, AT_PASSWORD)
    async with app.state.services.one_time.used(token) as used:
        assert used is not None
    assert await phone.ask(giving(token, "password", PASSWORD)) == OVER


# --- refused, and then taken ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("corta", ["Usa almeno 8 caratteri.", "Aggiungi una lettera maiuscola.", "Aggiungi un numero."]),
        ("Password1", ["È una password molto diffusa"]),
        ("", ["Scrivi la password"]),
        ("   ", ["Scrivi la password"]),
        (None, ["Scrivi la password"]),
        (["Tramonto-Verde7"], ["Scrivi la password"]),
        ("Aa1" + "x" * 998, ["È troppo lunga"]),
        ("Aa1" + "x" * 200, ["È troppo lunga"]),
    ],
)
async def test_a_password_against_the_rules_comes_back_with_the_reasons(
    app: FastAPI, phone: FlowPhone, identity: Identity, value: Any, said: list[str]
) -> None:
    token = await token_for(app, AT_PASSWORD)
    status, screen = await phone.ask(giving(token, "password", value))
    assert (status, screen["screen"]) == (200, "PASSWORD")
    assert screen["data"]["advice"] == screen["data"]["error_message"]
    assert all(text in screen["data"]["advice"] for text in said)
    assert identity.deposits == []
    # and the token is still good
    assert (await phone.ask(giving(token, "password", PASSWORD)))[1]["screen"] == "SUCCESS"


async def test_a_wrong_tax_code_comes_back_too(app: FastAPI, phone: FlowPhone) -> None:
    token = await token_for(app, AT_TAX_CODE)
    _, screen = await phone.ask(giving(token, "tax_code", "RSSMRA80A01H501X"))
    assert (screen["screen"], screen["data"]["advice"]) == (
        "TAX_CODE",
        f"{flow_texts().screens['tax_code'].refused} {TEXTS.secret_faults['not_a_tax_code']}",
    )
    assert (await phone.ask(giving(token, "tax_code", TAX_CODE)))[1]["screen"] == "SUCCESS"


async def test_while_identity_is_down_the_screen_says_so_and_the_token_stays_good(
    app: FastAPI, phone: FlowPhone, identity: Identity
) -> None:
    token = await token_for(app, AT_PASSWORD)
    identity.down = True
    status, screen = await phone.ask(giving(token, "password", PASSWORD))
    assert (status, screen["screen"], screen["data"]["advice"]) == (200, "PASSWORD", flow_texts().unavailable)
    identity.down = False
    assert (await phone.ask(giving(token, "password", PASSWORD)))[1]["screen"] == "SUCCESS"


async def test_while_identity_is_slow_as_well(
    app: FastAPI, phone: FlowPhone, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await token_for(app, AT_PASSWORD)
    deposit = app.state.services.identity.deposit

    async def slow(*arguments: Any) -> Any:
        await asyncio.sleep(30)
        return await deposit(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(endpoint, "ANSWER_WITHIN_SECONDS", 0.05)
        patch.setattr(type(app.state.services.identity), "deposit", lambda _, *arguments: slow(*arguments))
        _, screen = await phone.ask(giving(token, "password", PASSWORD))
        assert screen["data"]["advice"] == flow_texts().unavailable
    assert (await phone.ask(giving(token, "password", PASSWORD)))[1]["screen"] == "SUCCESS"


async def test_who_tries_too_often_is_told_to_wait(start: Start, settings: dict[str, Any]) -> None:
    app = await start(**settings, rate_limit_scale=1)
    stop_the_clock(app)
    async with client(app) as http:
        phone = FlowPhone(KEY.public_key(), SECRET, http)
        token = await token_for(app, AT_PASSWORD)
        told = [(await phone.ask(giving(token, "password", "corta")))[1]["data"]["advice"] for _ in range(21)]
    assert all("Usa almeno 8 caratteri" in text for text in told[:20])
    assert told[20] == flow_texts().too_fast.format(seconds=1)


# --- where nothing may stand ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("at", "purpose", "value"), CASES)
async def test_nothing_of_a_request_is_written_or_logged(
    app: FastAPI,
    phone: FlowPhone,
    engine: Engine,
    identity: Identity,
    folder: Path,
    logs: Any,
    at: tuple[str, str],
    purpose: Purpose,
    value: str,
) -> None:
    # one conversation for each: what the bot says after the first value carries a link of its own, in place of another
    token = await token_for(app, at)
    bodies = [phone.sealed(giving(token, purpose, value)) for _ in range(2)]
    wrong = f"{value}-altro segreto"
    identity.down = True
    await phone.post(bodies[0])
    identity.down = False
    await phone.ask(giving(token, purpose, wrong[:40]) | {"data": {purpose: value, "error": value}})
    await phone.ask(giving(token, purpose, value) | {"screen": value})
    await phone.post(bodies[0][:-9] + b'AAAAAAA"}')
    await phone.post(bodies[0], X_Hub_Signature_256="sha256=" + value)
    await phone.post(bodies[0])
    await phone.post(bodies[1])
    await app.state.services.runner.settle()
    assert [one["purpose"] for one in identity.deposits] == [purpose]
    for secret in (value, token, SECRET, json.loads(bodies[0])["encrypted_aes_key"]):
        assert_nowhere(secret, folder, logs, engine)
    assert "flow_signature_refused" in logs.getvalue() and "flow_not_decryptable" in logs.getvalue()


def test_every_purpose_with_a_screen_is_one_of_the_vault() -> None:
    assert SCREENS.keys() < set(get_args(Purpose))
