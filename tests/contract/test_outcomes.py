"""Every outcome of every endpoint of docs/contracts.md, by example, with the exact shape of its body."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests.unit.identity.databases import a_sqlite_copy
from tests.unit.identity.world import (
    ACTIONS_KEY,
    ELENA,
    GATEWAY_KEY,
    MARIO,
    MARIO_TAX_CODE,
    PASSWORD,
    World,
    running,
    settings_for,
)

CHALLENGE = {
    "challenge_id",
    "channel",
    "masked_destination",
    "expires_at",
    "life_minutes",
    "resend_after_seconds",
    "attempts_left",
    "only_if_on_file",
}
MATCH = {"registration_id", "outcome", "challenge", "retry_after_seconds"}
SIGN_IN = {"outcome", "session_token", "session_expires_at", "sign_in_id", "challenge", "retry_after_seconds"}


def body(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    return dict(answer.json())


def refusal(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"code", "message"}
    return str(answer.json()["code"])


async def a_registration(world: World, conversation: str = "conv-1", **claims: str) -> str:
    return str(body(await world.register(conversation, **claims))["registration_id"])


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


# --- keys and health ------------------------------------------------------------------------------------------------

ENDPOINTS = [
    ("POST", "/v1/vault/secrets", "G"),
    ("GET", "/v1/privacy-notice", "GA"),
    ("POST", "/v1/privacy-notice/acknowledgements", "A"),
    ("POST", "/v1/registrations", "A"),
    ("GET", "/v1/registrations/desk-summary", "G"),
    ("POST", "/v1/registrations/reg_x/recheck", "A"),
    ("POST", "/v1/registrations/reg_x/verification", "A"),
    ("POST", "/v1/registrations/reg_x/code", "A"),
    ("POST", "/v1/registrations/reg_x/identification", "A"),
    ("POST", "/v1/registrations/reg_x/chosen-contact", "A"),
    ("POST", "/v1/registrations/reg_x/new-contact", "A"),
    ("POST", "/v1/desk/new-contacts", "G"),
    ("POST", "/v1/desk/new-contacts/ncr_x/decision", "G"),
    ("POST", "/v1/desk/new-contacts/ncr_x/show", "G"),
    ("POST", "/v1/desk/agency-notices", "G"),
    ("POST", "/v1/sign-in", "G"),
    ("POST", "/v1/sign-in/sgn_x/verification", "G"),
    ("POST", "/v1/sign-in/sgn_x/code", "G"),
    ("GET", "/v1/customers/me", "G"),
    ("DELETE", "/v1/sessions/current", "G"),
    ("GET", "/v1/sessions", "G"),
    ("POST", "/v1/sessions/end-others", "G"),
    ("POST", "/v1/step-ups", "G"),
    ("POST", "/v1/step-ups/stp_x/verification", "G"),
    ("POST", "/v1/step-ups/stp_x/code", "G"),
    ("PUT", "/v1/account/password", "G"),
    ("POST", "/v1/account/deactivation", "G"),
    ("POST", "/v1/password-resets", "G"),
    ("POST", "/v1/password-resets/rst_x/verification", "G"),
    ("POST", "/v1/password-resets/rst_x/code", "G"),
    ("PUT", "/v1/password-resets/rst_x/password", "G"),
    ("GET", "/v1/mailbox/messages", "G"),
    ("POST", "/v1/receipts/sms/twilio", "G"),
]


_EXAMPLES = {
    "registration_id": "reg_x",
    "sign_in_id": "sgn_x",
    "step_up_id": "stp_x",
    "reset_id": "rst_x",
    "request_id": "ncr_x",
    "provider": "twilio",
}


@pytest.mark.parametrize(("method", "path", "scopes"), ENDPOINTS)
async def test_each_key_opens_its_own_endpoints_only(world: World, method: str, path: str, scopes: str) -> None:
    for key, scope in ((GATEWAY_KEY, "G"), (ACTIONS_KEY, "A")):
        answer = await world.http.request(method, path, headers={"Authorization": f"Bearer {key}"})
        assert (answer.status_code == 403) == (scope not in scopes)
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {GATEWAY_KEY}"}):
        answer = await world.http.request(method, path, headers=headers)
        assert refusal(answer, 401) == "unauthorised"
        assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_the_list_above_is_every_endpoint_there_is(world: World) -> None:
    described = {
        (method.upper(), re.sub(r"{(\w+)}", lambda named: _EXAMPLES[named[1]], path))
        for path, methods in (await world.http.get("/openapi.json")).json()["paths"].items()
        for method in methods
    }
    assert described == {(method, path) for method, path, _ in ENDPOINTS} | {
        ("GET", "/health/live"),
        ("GET", "/health/ready"),
    }


async def test_a_running_service_is_live_and_ready(world: World) -> None:
    assert body(await world.http.get("/health/live")) == {"live": True}
    assert body(await world.http.get("/health/ready")) == {"not_ready": []}


async def test_a_service_without_its_schema_is_not_ready(tmp_path: Any) -> None:
    settings = settings_for(f"sqlite+aiosqlite:///{tmp_path}/identity.db", identity_migrate_on_start=True)
    async with running(settings) as world:
        async with world.services.database.write() as session:
            await session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
        assert body(await world.http.get("/health/ready"), 503) == {"not_ready": ["schema"]}


async def test_nothing_may_be_cached(world: World) -> None:
    answer = await world.gateway("GET", "/v1/privacy-notice")
    assert answer.headers["Cache-Control"] == "no-store"


async def test_refusals_of_the_framework_have_the_contracts_shape(world: World) -> None:
    assert refusal(await world.http.get("/v1/nothing"), 404) == "not_found"
    assert refusal(await world.http.put("/v1/sign-in"), 405) == "method_not_allowed"
    headers = {"Authorization": f"Bearer {GATEWAY_KEY}", "Content-Type": "application/json"}
    too_long = await world.http.post("/v1/sign-in", content=b"[" * 70_000, headers=headers)
    assert refusal(too_long, 413) == "too_long"
    for content in (b"", b"{", b"\xff\xfe", b"[]", b'"x"'):
        answer = await world.http.post("/v1/sign-in", content=content, headers=headers)
        assert answer.status_code in (400, 422)
        assert set(answer.json()) == {"code", "message"}


@pytest.mark.parametrize(
    ("path", "secret"),
    [
        ("/v1/vault/secrets", {"conversation_id": "c", "purpose": "pin", "value": "Segretissimo1"}),
        ("/v1/sign-in", {"username": "Segretissimo1" * 40, "password": "Segretissimo1", "client_address": "x"}),
        ("/v1/sign-in", {"username": ["Segretissimo1"], "password": {"a": "Segretissimo1"}, "client_address": "x"}),
    ],
)
async def test_a_refused_body_is_not_repeated(world: World, path: str, secret: dict[str, Any]) -> None:
    answer = await world.gateway("POST", path, secret)
    assert refusal(answer, 422) == "invalid_input"
    assert "Segretissimo1" not in answer.text


# --- vault and notice -----------------------------------------------------------------------------------------------


async def test_vault_deposited(world: World) -> None:
    asked = {"conversation_id": "conv-1", "purpose": "password", "value": PASSWORD}
    deposit = body(await world.gateway("POST", "/v1/vault/secrets", asked), 201)
    assert set(deposit) == {"reference", "purpose", "expires_at"}
    assert deposit["reference"].startswith("vlt_")
    assert (deposit["purpose"], deposit["expires_at"]) == ("password", "2026-11-23T09:30:00Z")


async def test_vault_deposited_with_the_customers_address(world: World) -> None:
    asked = {"conversation_id": "conv-1", "purpose": "verification_code", "value": "123456"}
    for address in ("192.0.2.7", "2001:db8::/64", "393331234567", None):
        body(await world.gateway("POST", "/v1/vault/secrets", asked | {"client_address": address}), 201)
    too_long = await world.gateway("POST", "/v1/vault/secrets", asked | {"client_address": "x" * 65})
    assert body(too_long, 422)["code"] == "invalid_input"


async def test_vault_rejected(world: World) -> None:
    asked = {"conversation_id": "conv-1", "purpose": "password", "value": "Password1"}
    answer = body(await world.gateway("POST", "/v1/vault/secrets", asked), 422)
    assert set(answer) == {"code", "message", "failed_rules"}
    assert (answer["code"], answer["failed_rules"]) == ("secret_rejected", ["too_common"])


async def test_notice_read_acknowledged_and_changed(world: World) -> None:
    notice = body(await world.gateway("GET", "/v1/privacy-notice"))
    assert set(notice) == {"version", "sha256", "title", "text", "published_on"}
    asked = {
        "conversation_id": "conv-1",
        "channel": "web",
        "version": notice["version"],
        "sha256": notice["sha256"],
    }
    path = "/v1/privacy-notice/acknowledgements"
    first, second = body(await world.actions(path, asked)), body(await world.actions(path, asked))
    assert first == second
    assert set(first) == {"acknowledgement_id", "acknowledged_at"}
    assert refusal(await world.actions(path, asked | {"sha256": "0" * 64}), 409) == "notice_changed"


# --- registrations --------------------------------------------------------------------------------------------------


async def test_match_code_sent(world: World) -> None:
    match = body(await world.register())
    assert set(match) == MATCH
    assert (match["outcome"], match["retry_after_seconds"]) == ("code_sent", None)
    assert set(match["challenge"]) == CHALLENGE
    assert {key: match["challenge"][key] for key in CHALLENGE - {"challenge_id"}} == {
        "channel": "email",
        "masked_destination": "mar*****@po**.example",
        "expires_at": "2026-11-23T09:10:00Z",
        "life_minutes": 10,
        "resend_after_seconds": 30,
        "attempts_left": 5,
        "only_if_on_file": False,
    }


async def test_match_in_the_strict_setting(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    url = a_sqlite_copy(tmp_path, tmp_path_factory.getbasetemp())
    async with running(settings_for(url, strict_uniformity=True)) as world:
        for conversation, claims in (("conv-1", {}), ("conv-2", {"given_name": "Maria"})):
            match = body(await world.register(conversation, **claims))
            assert (match["outcome"], match["challenge"]["only_if_on_file"]) == ("code_sent", True)
            wrong_code = body(await world.verify(match["registration_id"], "000000", conversation))
            assert (wrong_code["outcome"], wrong_code["attempts_left"]) == ("wrong_code", 4)  # 1 in a million: right


async def test_match_not_recognised(world: World) -> None:
    match = body(await world.register(given_name="Maria"))
    assert set(match) == MATCH
    assert (match["outcome"], match["challenge"], match["retry_after_seconds"]) == ("not_recognised", None, None)


async def test_match_limit_reached(world: World) -> None:
    for number in range(4):
        await world.register(f"conv-{number}")
    match = body(await world.register("conv-4"))
    assert (match["outcome"], match["challenge"]) == ("limit_reached", None)
    assert match["retry_after_seconds"] > 0


@pytest.mark.parametrize(
    "claims",
    [
        {"given_name": ""},
        {"given_name": "<b>Mario</b>"},
        {"family_name": "Rossi\x00"},
        {"contact": "MRRSS45P37612P"},
        {"contact": "06 12345678"},
        {"customer_type": "azienda"},
        {"customer_type": "altro"},
    ],
)
async def test_match_invalid_input(world: World, claims: dict[str, str]) -> None:
    assert refusal(await world.register(**claims), 422) == "invalid_input"


async def test_match_with_references_that_cannot_be_used(world: World) -> None:
    asked = MARIO | {"conversation_id": "conv-1", "channel": "web", "password_reference": "vlt_x"}
    acknowledged = asked | {"acknowledgement_id": await world.acknowledge()}
    assert refusal(await world.actions("/v1/registrations", acknowledged), 409) == "password_reference_invalid"
    unacknowledged = asked | {
        "acknowledgement_id": "ack_x",
        "password_reference": await world.deposit("password", PASSWORD),
    }
    assert refusal(await world.actions("/v1/registrations", unacknowledged), 409) == "acknowledgement_invalid"


async def test_the_conversation_of_header_and_body_must_agree(world: World) -> None:
    asked = MARIO | {
        "conversation_id": "conv-1",
        "channel": "web",
        "password_reference": "vlt_x",
        "acknowledgement_id": "ack_x",
    }
    assert refusal(await world.actions("/v1/registrations", asked, "conv-2"), 422) == "invalid_input"


async def test_recheck_code_sent_and_not_recognised(world: World) -> None:
    registration_id = await a_registration(world, given_name="Maria")
    path = f"/v1/registrations/{registration_id}/recheck"
    assert body(await world.actions(path, MARIO | {"given_name": "Marta"}))["outcome"] == "not_recognised"
    match = body(await world.actions(path, MARIO))
    assert (set(match), match["outcome"], match["registration_id"]) == (MATCH, "code_sent", registration_id)


async def test_verification_account_created(world: World) -> None:
    registration_id = await a_registration(world)
    made = body(await world.verify(registration_id, await world.newest_code()))
    assert made == {
        "outcome": "account_created",
        "attempts_left": 4,
        "account": {"username_masked": "mar*****@po**.example", "has_mobile": True, "display_name": "Mario Rossi"},
    }


async def test_verification_wrong_spent_and_expired(world: World) -> None:
    registration_id = await a_registration(world)
    code = await world.newest_code()
    assert body(await world.verify(registration_id, wrong(code))) == {
        "outcome": "wrong_code",
        "attempts_left": 4,
        "account": None,
    }
    for _ in range(4):
        last = body(await world.verify(registration_id, wrong(code)))
    assert last == {"outcome": "code_spent", "attempts_left": 0, "account": None}
    other = await a_registration(world, "conv-2")
    code = await world.newest_code()
    world.clock.move(minutes=10)
    assert body(await world.verify(other, code, "conv-2"))["outcome"] == "code_expired"


async def test_verification_limit_reached(world: World) -> None:
    registrations = [(await a_registration(world, f"conv-{n}"), await world.newest_code()) for n in range(3)]
    for number, (registration_id, code) in enumerate(registrations[:2]):
        for _ in range(5):
            await world.verify(registration_id, wrong(code), f"conv-{number}")
    last_id, last_code = registrations[2]
    assert body(await world.verify(last_id, last_code, "conv-2"))["outcome"] == "limit_reached"


async def test_verification_refused(world: World) -> None:
    unmatched = await a_registration(world, given_name="Maria")
    assert refusal(await world.verify(unmatched, "123456"), 409) == "no_challenge"
    matched = await a_registration(world)
    path = f"/v1/registrations/{matched}/verification"
    assert refusal(await world.actions(path, {"code_reference": "vlt_x"}), 409) == "code_reference_invalid"


async def test_new_code_sent_too_soon_limit_reached_and_refused(world: World) -> None:
    registration_id = await a_registration(world)
    path = f"/v1/registrations/{registration_id}/code"
    early = body(await world.actions(path, {}))
    assert (set(early), early["outcome"], early["challenge"]) == (MATCH, "too_soon", None)
    assert 0 < early["retry_after_seconds"] <= 31
    for pause in (30, 60, 120):
        world.clock.move(seconds=pause)
        sent = body(await world.actions(path, {}))
        assert (sent["outcome"], set(sent["challenge"])) == ("code_sent", CHALLENGE)
    world.clock.move(seconds=120)
    full = body(await world.actions(path, {}))
    assert (full["outcome"], full["challenge"]) == ("limit_reached", None)
    assert full["retry_after_seconds"] > 0
    unmatched = await a_registration(world, "conv-2", given_name="Maria")
    answer = await world.actions(f"/v1/registrations/{unmatched}/code", {}, "conv-2")
    assert refusal(answer, 409) == "no_challenge"


async def test_identification_identified_not_identified_limit_reached_and_refused(world: World) -> None:
    registration_id = await a_registration(world, contact="altro@posta.example")
    path = f"/v1/registrations/{registration_id}/identification"
    assert refusal(await world.actions(path, {"tax_code_reference": "vlt_x"}), 409) == "tax_code_reference_invalid"
    found = body(await world.identify(registration_id, MARIO_TAX_CODE))
    assert found["outcome"] == "identified"
    assert all(set(contact) == {"id", "kind", "masked"} for contact in found["contacts"])
    assert all(contact["id"].startswith("cto_") for contact in found["contacts"])
    for expected in ("not_identified", "not_identified", "limit_reached"):
        answer = body(await world.identify(registration_id, "VRDLGU80A01F205T"))
        assert answer == {"outcome": expected, "contacts": []}


async def test_chosen_contact_code_sent_limit_reached_and_unknown(world: World) -> None:
    for number in range(4):
        await world.register(f"other-{number}", contact="320 7654450")
    registration_id = await a_registration(world, contact="altro@posta.example")
    contacts = body(await world.identify(registration_id, MARIO_TAX_CODE))["contacts"]
    path = f"/v1/registrations/{registration_id}/chosen-contact"
    assert body(await world.actions(path, {"contact_id": contacts[2]["id"]}))["outcome"] == "limit_reached"
    match = body(await world.actions(path, {"contact_id": contacts[1]["id"]}))
    assert (set(match), match["outcome"]) == (MATCH, "code_sent")
    assert match["challenge"]["masked_destination"] == "320 ****600"
    assert match["challenge"]["life_minutes"] == 5
    assert refusal(await world.actions(path, {"contact_id": "cto_x"}), 422) == "unknown_contact"


async def test_chosen_contact_not_recognised_when_it_was_taken_meanwhile(world: World) -> None:
    registration_id = await a_registration(world, "conv-2", contact="altro@posta.example")
    contacts = body(await world.identify(registration_id, MARIO_TAX_CODE, "conv-2"))["contacts"]
    await world.account_of_mario()
    path = f"/v1/registrations/{registration_id}/chosen-contact"
    match = body(await world.actions(path, {"contact_id": contacts[1]["id"]}, "conv-2"))
    assert (match["outcome"], match["challenge"]) == ("not_recognised", None)


@pytest.mark.parametrize(
    ("action", "asked"),
    [
        ("recheck", MARIO),
        ("verification", {"code_reference": "vlt_x"}),
        ("code", {}),
        ("identification", {"tax_code_reference": "vlt_x"}),
        ("chosen-contact", {"contact_id": "cto_x"}),
    ],
)
async def test_registration_unknown(world: World, action: str, asked: dict[str, str]) -> None:
    registration_id = await a_registration(world)
    foreign = await world.actions(f"/v1/registrations/{registration_id}/{action}", asked, "conv-2")
    absent = await world.actions(f"/v1/registrations/reg_x/{action}", asked)
    assert refusal(foreign, 404) == refusal(absent, 404) == "registration_unknown"


# --- sign-in --------------------------------------------------------------------------------------------------------


async def test_sign_in_rejected_and_wait(world: World) -> None:
    for _ in range(5):
        answer = body(await world.sign_in("nessuno@posta.example"))
        assert answer == dict.fromkeys(SIGN_IN) | {"outcome": "rejected"}
    answer = body(await world.sign_in("nessuno@posta.example"))
    assert answer == dict.fromkeys(SIGN_IN) | {"outcome": "wait", "retry_after_seconds": 2}


async def test_sign_in_no_mobile(world: World) -> None:
    await world.verify(await a_registration(world, **ELENA), await world.newest_code())
    assert body(await world.sign_in(ELENA["contact"])) == dict.fromkeys(SIGN_IN) | {"outcome": "no_mobile"}


async def test_sign_in_code_required_then_signed_in(world: World) -> None:
    await world.account_of_mario()
    pending = body(await world.sign_in(MARIO["contact"]))
    assert (set(pending), pending["outcome"], pending["session_token"]) == (SIGN_IN, "code_required", None)
    assert set(pending["challenge"]) == CHALLENGE
    path = f"/v1/sign-in/{pending['sign_in_id']}/verification"
    code = await world.newest_code()
    answer = body(await world.gateway("POST", path, {"code": wrong(code)}))
    assert (set(answer), answer["outcome"], answer["attempts_left"]) == (
        SIGN_IN | {"attempts_left"},
        "wrong_code",
        4,
    )
    answer = body(await world.gateway("POST", path, {"code": f"{code[:3]} {code[3:]}"}))
    assert (answer["outcome"], answer["session_expires_at"]) == ("signed_in", "2026-11-23T17:00:00Z")
    again = body(await world.sign_in(MARIO["contact"]))
    assert (again["outcome"], again["sign_in_id"], again["challenge"]) == ("signed_in", None, None)


async def test_first_access_code_expired_spent_malformed_and_unknown(world: World) -> None:
    await world.account_of_mario()
    pending = body(await world.sign_in(MARIO["contact"]))
    path = f"/v1/sign-in/{pending['sign_in_id']}/verification"
    code = await world.newest_code()
    assert refusal(await world.gateway("POST", path, {"code": "12345"}), 422) == "invalid_input"
    for _ in range(5):
        answer = body(await world.gateway("POST", path, {"code": wrong(code)}))
    assert (answer["outcome"], answer["attempts_left"]) == ("code_spent", 0)
    world.clock.move(seconds=60)
    await world.gateway("POST", f"/v1/sign-in/{pending['sign_in_id']}/code")
    code = await world.newest_code()
    world.clock.move(minutes=5)
    assert body(await world.gateway("POST", path, {"code": code}))["outcome"] == "code_expired"
    world.clock.move(minutes=15)
    assert refusal(await world.gateway("POST", path, {"code": code}), 404) == "sign_in_unknown"
    unknown = await world.gateway("POST", "/v1/sign-in/sgn_x/code")
    assert refusal(unknown, 404) == "sign_in_unknown"


async def test_first_access_new_code(world: World) -> None:
    await world.account_of_mario()
    pending = body(await world.sign_in(MARIO["contact"]))
    path = f"/v1/sign-in/{pending['sign_in_id']}/code"
    early = body(await world.gateway("POST", path))
    assert (set(early), early["outcome"]) == ({"outcome", "challenge", "retry_after_seconds"}, "too_soon")
    for pause in (30, 60, 120):
        world.clock.move(seconds=pause)
        sent = body(await world.gateway("POST", path))
        assert (sent["outcome"], set(sent["challenge"])) == ("code_sent", CHALLENGE)
    world.clock.move(seconds=120)
    assert body(await world.gateway("POST", path))["outcome"] == "limit_reached"


async def test_me_without_a_session(world: World) -> None:
    assert refusal(await world.gateway("GET", "/v1/customers/me"), 401) == "session_invalid"
    headers = {"X-Session-Token": "x"}
    assert refusal(await world.gateway("GET", "/v1/customers/me", **headers), 401) == "session_invalid"


# --- account --------------------------------------------------------------------------------------------------------

NEW_PASSWORD = "Lanterna7Verde"
STEP_UP = {"outcome", "step_up_id", "challenge", "retry_after_seconds"}
CONFIRMATION = {"outcome", "attempts_left", "session_token", "session_expires_at", "valid_until"}
PASSWORD_CHANGE = {"outcome", "attempts_left", "session_token", "session_expires_at"}


async def a_step_up(world: World, token: str, action: str) -> dict[str, Any]:
    return body(await world.gateway("POST", "/v1/step-ups", {"action": action}, **{"X-Session-Token": token}))


async def test_sessions(world: World) -> None:
    token = await world.session_of_mario()
    answer = body(await world.gateway("GET", "/v1/sessions", **{"X-Session-Token": token}))
    assert answer == {
        "sessions": [
            {
                "browser": None,
                "system": None,
                "signed_in_at": "2026-11-23T09:00:00Z",
                "last_seen_at": "2026-11-23T09:00:00Z",
                "current": True,
            }
        ]
    }


async def test_step_up_code_sent_wrong_confirmed_and_used(world: World) -> None:
    token = await world.session_of_mario()
    asked = await a_step_up(world, token, "end_other_sessions")
    assert (set(asked), asked["outcome"], set(asked["challenge"])) == (STEP_UP, "code_sent", CHALLENGE)
    path, session = f"/v1/step-ups/{asked['step_up_id']}", {"X-Session-Token": token}
    early = body(await world.gateway("POST", f"{path}/code", **session))
    assert (set(early), early["outcome"]) == ({"outcome", "challenge", "retry_after_seconds"}, "too_soon")
    code = await world.newest_code()
    answer = body(await world.gateway("POST", f"{path}/verification", {"code": wrong(code)}, **session))
    assert answer == dict.fromkeys(CONFIRMATION) | {"outcome": "wrong_code", "attempts_left": 4}
    answer = body(await world.gateway("POST", f"{path}/verification", {"code": code}, **session))
    assert (set(answer), answer["outcome"]) == (CONFIRMATION, "confirmed")
    assert (answer["session_expires_at"], answer["valid_until"]) == ("2026-11-23T17:00:00Z", "2026-11-23T09:05:00Z")
    session = {"X-Session-Token": answer["session_token"]}
    done = await world.gateway("POST", "/v1/sessions/end-others", {"step_up_id": asked["step_up_id"]}, **session)
    assert (done.status_code, done.content) == (204, b"")


async def test_step_up_no_mobile_limit_reached_and_unknown(world: World) -> None:
    token = await world.session_of_mario()
    session = {"X-Session-Token": token}
    for path in ("/v1/step-ups/stp_x/verification", "/v1/step-ups/stp_x/code"):
        assert refusal(await world.gateway("POST", path, {"code": "123456"}, **session), 404) == "step_up_unknown"
    outcomes = [(await a_step_up(world, token, "deactivate"))["outcome"] for _ in range(4)]
    assert outcomes == ["code_sent"] * 3 + ["limit_reached"]
    async with world.services.database.write() as work:
        await work.execute(text("DELETE FROM step_ups"))
        await work.execute(text("UPDATE contacts SET customer_id = 2 WHERE kind = 'mobile' AND customer_id = 1"))
    assert await a_step_up(world, token, "deactivate") == dict.fromkeys(STEP_UP) | {"outcome": "no_mobile"}


@pytest.mark.parametrize(
    ("method", "path", "asked"),
    [
        ("GET", "/v1/sessions", None),
        ("POST", "/v1/sessions/end-others", {"step_up_id": "stp_x"}),
        ("POST", "/v1/step-ups", {"action": "deactivate"}),
        ("POST", "/v1/step-ups/stp_x/verification", {"code": "123456"}),
        ("POST", "/v1/step-ups/stp_x/code", None),
        ("PUT", "/v1/account/password", {"step_up_id": "stp_x", "present_password": "x", "password": NEW_PASSWORD}),
        ("POST", "/v1/account/deactivation", {"step_up_id": "stp_x"}),
    ],
)
async def test_an_account_without_a_session(world: World, method: str, path: str, asked: Any) -> None:
    assert refusal(await world.gateway(method, path, asked), 401) == "session_invalid"
    assert refusal(await world.gateway(method, path, asked, **{"X-Session-Token": "x"}), 401) == "session_invalid"


async def test_secure_operations_without_a_step_up(world: World) -> None:
    session = {"X-Session-Token": await world.session_of_mario()}
    for path in ("/v1/sessions/end-others", "/v1/account/deactivation"):
        answer = await world.gateway("POST", path, {"step_up_id": "stp_x"}, **session)
        assert refusal(answer, 409) == "step_up_required"
    asked = {"step_up_id": "stp_x", "present_password": PASSWORD, "password": NEW_PASSWORD}
    assert refusal(await world.gateway("PUT", "/v1/account/password", asked, **session), 409) == "step_up_required"
    answer = await world.gateway("PUT", "/v1/account/password", asked | {"password": "Password1"}, **session)
    assert (answer.status_code, answer.json()["code"]) == (422, "secret_rejected")
    assert answer.json()["failed_rules"] == ["too_common"]


async def test_password_wrong_and_changed_and_deactivation(world: World) -> None:
    token = await world.session_of_mario()
    for action in ("change_password", "deactivate"):
        asked = await a_step_up(world, token, action)
        path = f"/v1/step-ups/{asked['step_up_id']}/verification"
        code = {"code": await world.newest_code()}
        token = body(await world.gateway("POST", path, code, **{"X-Session-Token": token}))["session_token"]
        confirmed = {"step_up_id": asked["step_up_id"]}
        if action == "change_password":
            change = confirmed | {"present_password": "Sbagliata1", "password": NEW_PASSWORD}
            answer = await world.gateway("PUT", "/v1/account/password", change, **{"X-Session-Token": token})
            assert body(answer) == dict.fromkeys(PASSWORD_CHANGE) | {"outcome": "wrong_password", "attempts_left": 4}
            change |= {"present_password": PASSWORD}
            answer = await world.gateway("PUT", "/v1/account/password", change, **{"X-Session-Token": token})
            assert (set(body(answer)), body(answer)["outcome"]) == (PASSWORD_CHANGE, "changed")
            token = body(answer)["session_token"]
    done = await world.gateway("POST", "/v1/account/deactivation", confirmed, **{"X-Session-Token": token})
    assert (done.status_code, done.content) == (204, b"")


# --- password reset -------------------------------------------------------------------------------------------------

RESET = {"outcome", "reset_id", "life_minutes", "resend_after_seconds", "retry_after_seconds"}


async def a_reset(world: World, username: str = MARIO["contact"]) -> dict[str, Any]:
    asked = {"username": username, "client_address": "192.0.2.1"}
    return body(await world.gateway("POST", "/v1/password-resets", asked))


async def test_password_reset_from_the_code_to_the_new_password(world: World) -> None:
    await world.account_of_mario()
    begun = await a_reset(world)
    reset_id = begun.pop("reset_id")
    assert begun == {
        "outcome": "code_sent",
        "life_minutes": 5,
        "resend_after_seconds": 30,
        "retry_after_seconds": None,
    }
    path = f"/v1/password-resets/{reset_id}"
    early = body(await world.gateway("POST", f"{path}/code"))
    assert early == dict.fromkeys(RESET) | {"outcome": "too_soon", "retry_after_seconds": 31}
    code = await world.newest_code()
    answer = body(await world.gateway("POST", f"{path}/verification", {"code": wrong(code)}))
    assert answer == {"outcome": "wrong_code", "attempts_left": 4}
    chosen = {"password": NEW_PASSWORD, "client_address": "192.0.2.1"}
    assert refusal(await world.gateway("PUT", f"{path}/password", chosen), 404) == "reset_unknown"
    assert body(await world.gateway("POST", f"{path}/verification", {"code": code})) == {
        "outcome": "confirmed",
        "attempts_left": 3,
    }
    answer = await world.gateway("PUT", f"{path}/password", chosen | {"password": "Mariorossi1"})
    assert (answer.status_code, answer.json()["failed_rules"]) == (422, ["too_common", "too_personal"])
    done = await world.gateway("PUT", f"{path}/password", chosen)
    assert (done.status_code, done.content) == (204, b"")
    assert refusal(await world.gateway("PUT", f"{path}/password", chosen), 404) == "reset_unknown"


async def test_password_reset_wait_limit_reached_spent_expired_and_unknown(world: World) -> None:
    begun = await a_reset(world, "nessuno@posta.example")
    path = f"/v1/password-resets/{begun['reset_id']}"
    for _ in range(5):
        answer = body(await world.gateway("POST", f"{path}/verification", {"code": "123456"}))
    assert answer == {"outcome": "code_spent", "attempts_left": 0}
    world.clock.move(seconds=30)
    guessed = body(await world.gateway("POST", f"{path}/code"))
    assert (guessed["outcome"], guessed["retry_after_seconds"] > 86_000) == ("limit_reached", True)
    waiting = await a_reset(world, "nessuno@posta.example")
    assert (waiting["outcome"], waiting["reset_id"], waiting["retry_after_seconds"] > 86_000) == ("wait", None, True)
    begun = await a_reset(world, "nessuna@posta.example")
    path = f"/v1/password-resets/{begun['reset_id']}"
    for pause in (30, 60, 120):
        world.clock.move(seconds=pause)
        assert body(await world.gateway("POST", f"{path}/code"))["outcome"] == "code_sent"
    world.clock.move(seconds=120)
    assert body(await world.gateway("POST", f"{path}/code"))["outcome"] == "limit_reached"
    world.clock.move(minutes=4)
    answer = body(await world.gateway("POST", f"{path}/verification", {"code": "123456"}))
    assert answer == {"outcome": "code_expired", "attempts_left": 5}
    world.clock.move(minutes=15)
    assert refusal(await world.gateway("POST", f"{path}/verification", {"code": "123456"}), 404) == "reset_unknown"
    for _ in range(7):
        await a_reset(world, "nessuna@posta.example")
    waiting = await a_reset(world, "altro@posta.example")
    assert (waiting["outcome"], waiting["reset_id"]) == ("wait", None)
    assert 0 < waiting["retry_after_seconds"] <= 3600
    for action in ("verification", "code"):
        answer = await world.gateway("POST", f"/v1/password-resets/rst_x/{action}", {"code": "123456"})
        assert refusal(answer, 404) == "reset_unknown"


# --- mailbox --------------------------------------------------------------------------------------------------------


async def test_mailbox_newest_first_and_after_an_id(world: World) -> None:
    await world.register("conv-1")
    await world.mail()
    await world.register("conv-2", contact="320 1234600")
    messages = await world.mail()
    assert [message["channel"] for message in messages] == ["sms", "email"]
    assert set(messages[0]) == {"id", "channel", "to", "subject", "text", "html", "sent_at"}
    later = body(await world.gateway("GET", f"/v1/mailbox/messages?after={messages[1]['id']}"))
    assert later == {"messages": messages[:1]}
    assert refusal(await world.gateway("GET", "/v1/mailbox/messages?after=x"), 422) == "invalid_input"


async def test_there_is_no_mailbox_with_live_delivery(tmp_path: Any) -> None:
    settings = settings_for(
        f"sqlite+aiosqlite:///{tmp_path}/identity.db",
        identity_migrate_on_start=True,
        delivery="live",
        smtp_url="smtps://127.0.0.1:1",
        sms_webhook_url="http://127.0.0.1:1",
    )
    async with running(settings) as world:
        assert refusal(await world.gateway("GET", "/v1/mailbox/messages"), 404) == "not_found"


async def test_no_answer_of_a_registration_shows_a_contact_in_full(world: World) -> None:
    registration_id = await a_registration(world, given_name="Maria")
    answers = [
        (await world.identify(registration_id, MARIO_TAX_CODE)).text,
        (await world.register("conv-2")).text,
        json.dumps((await world.sign_in(MARIO["contact"])).json()),
    ]
    assert not any("mario.rossi" in text or "1234600" in text for text in answers)
