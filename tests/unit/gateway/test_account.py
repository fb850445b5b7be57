"""The APIs of the customer area and of the forgotten password: identity decides, ids and tokens stay in cookies."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI

from tests.unit.gateway.browser import Browser
from tests.unit.gateway.conftest import Start, stop_the_clock
from tests.unit.gateway.doubles import Identity
from tests.unit.gateway.test_signin import TOKEN, sign_in, sign_in_page, signed_in, state

NEXT = "the-token-after-a-step-up"
CONFIRMED = {
    "outcome": "confirmed",
    "attempts_left": 4,
    "session_token": NEXT,
    "session_expires_at": "2099-01-01T00:00:00Z",
    "valid_until": "2099-01-01T00:00:00Z",
}
CODE_SENT = {"outcome": "code_sent", "step_up_id": "stp_1", "challenge": {"masked_destination": "320 ****600"}}


@pytest.fixture
async def page(app: FastAPI, identity: Identity) -> Browser:
    """Somebody is signed in."""
    page = await sign_in_page(app)
    identity.sign_in = signed_in()
    await sign_in(page)
    return page


async def step_up(page: Browser, identity: Identity, action: str = "deactivate") -> dict[str, Any]:
    identity.answers["/v1/step-ups"] = CODE_SENT
    identity.answers["/v1/step-ups/stp_1/verification"] = CONFIRMED
    identity.sessions.add(NEXT)
    asked = await page.request("POST", "/api/step-up", {"action": action})
    assert asked.json()["outcome"] == "code_sent" and "stp_1" not in asked.text
    answer = await page.request("POST", "/api/step-up/verification", {"code": "482913"})
    assert NEXT not in answer.text
    page.csrf = answer.json()["csrf_token"]
    return dict(answer.json())


async def test_a_step_up_replaces_the_session_cookie_and_the_csrf_token(page: Browser, identity: Identity) -> None:
    before = page.csrf
    answer = await step_up(page, identity)
    assert (answer["outcome"], answer["csrf_token"] != before) == ("confirmed", True)
    assert page.http.cookies["ac_customer"] == NEXT
    stale = await page.request("POST", "/api/account/deactivation", X_CSRF_Token=before)
    assert stale.json()["code"] == "bad_csrf"


@pytest.mark.parametrize(
    ("path", "body", "asked"),
    [
        ("/api/account/end-other-sessions", None, ("POST", "/v1/sessions/end-others", {"step_up_id": "stp_1"})),
        ("/api/account/deactivation", None, ("POST", "/v1/account/deactivation", {"step_up_id": "stp_1"})),
    ],
)
async def test_a_secure_operation_goes_to_identity_with_what_was_confirmed(
    page: Browser, identity: Identity, path: str, body: Any, asked: tuple[str, str, Any]
) -> None:
    await step_up(page, identity)
    assert (await page.request("POST", path, body)).status_code == 204
    assert identity.asked[-1] == asked
    assert "ac_step_up" not in page.http.cookies


async def test_a_changed_password_brings_another_session_token(page: Browser, identity: Identity) -> None:
    await step_up(page, identity, "change_password")
    identity.answers["/v1/account/password"] = {"outcome": "changed", "attempts_left": 4, "session_token": TOKEN}
    passwords = {"present_password": "Tramonto-Verde7", "password": "Lanterna7Verde"}
    answer = await page.request("POST", "/api/account/password", passwords)
    assert (answer.json()["outcome"], TOKEN in answer.text) == ("changed", False)
    assert page.http.cookies["ac_customer"] == TOKEN
    assert identity.asked[-1] == ("PUT", "/v1/account/password", passwords | {"step_up_id": "stp_1"})


async def test_a_refused_password_is_said_with_its_rules_and_not_repeated(page: Browser, identity: Identity) -> None:
    await step_up(page, identity, "change_password")
    rejected = {"status": 422, "code": "secret_rejected", "message": "x", "failed_rules": ["too_personal"]}
    identity.answers["/v1/account/password"] = rejected
    answer = await page.request(
        "POST", "/api/account/password", {"present_password": "Tramonto-Verde7", "password": "Mariorossi7"}
    )
    assert (answer.status_code, answer.json()["failed_rules"]) == (422, ["too_personal"])
    assert "Mariorossi7" not in answer.text


async def test_after_a_deactivation_the_browser_keeps_nothing(page: Browser, identity: Identity) -> None:
    await step_up(page, identity)
    await page.request("POST", "/api/account/deactivation")
    assert dict(page.http.cookies) == {}
    assert await state(page) == "signed_out"


async def test_without_a_step_up_there_is_no_secure_operation(page: Browser, identity: Identity) -> None:
    for planted in (None, "../../v1/sessions"):
        if planted:
            page.http.cookies.set("ac_step_up", planted)
        for path in ("/api/account/end-other-sessions", "/api/account/deactivation", "/api/step-up/code"):
            answer = await page.request("POST", path)
            assert (answer.status_code, answer.json()["code"]) == (409, "step_up_expired")
    assert identity.asked == []


async def test_a_step_up_that_identity_does_not_accept_is_over(page: Browser, identity: Identity) -> None:
    await step_up(page, identity)
    identity.answers["/v1/account/deactivation"] = {"status": 409, "code": "step_up_required", "message": "x"}
    answer = await page.request("POST", "/api/account/deactivation")
    assert (answer.status_code, answer.json()["code"]) == (409, "step_up_expired")


async def test_who_is_signed_out_meanwhile_is_told_so(page: Browser, identity: Identity) -> None:
    identity.sessions.clear()
    assert (await page.http.get("/api/sessions")).json()["code"] == "no_session"
    answer = await page.request("POST", "/api/step-up", {"action": "deactivate"})
    assert (answer.status_code, answer.json()["code"]) == (401, "no_session")


async def test_signing_in_again_ends_the_session_that_the_browser_had(page: Browser, identity: Identity) -> None:
    identity.sign_in = signed_in() | {"session_token": "another"}
    identity.sessions.add("another")
    await sign_in(page)
    assert TOKEN not in identity.sessions
    assert page.http.cookies["ac_customer"] == "another"


async def test_a_forgotten_password_from_the_username_to_the_new_one(app: FastAPI, identity: Identity) -> None:
    page = await sign_in_page(app)
    identity.answers = {
        "/v1/password-resets": {"outcome": "code_sent", "reset_id": "rst_1", "life_minutes": 5},
        "/v1/password-resets/rst_1/verification": {"outcome": "confirmed", "attempts_left": 4},
    }
    begun = await page.request("POST", "/api/password-reset", {"username": "mario.rossi@example.com"})
    assert (begun.json()["life_minutes"], "rst_1" in begun.text) == (5, False)
    assert (await page.request("POST", "/api/password-reset/verification", {"code": "482913"})).json() == {
        "outcome": "confirmed", "attempts_left": 4,
        "life_minutes": None, "resend_after_seconds": None, "retry_after_seconds": None,
    }  # fmt: skip
    assert (
        await page.request("POST", "/api/password-reset/password", {"password": "Lanterna7Verde"})
    ).status_code == 204
    assert identity.asked == [
        ("POST", "/v1/password-resets", {"username": "mario.rossi@example.com", "client_address": "203.0.113.7"}),
        ("POST", "/v1/password-resets/rst_1/verification", {"code": "482913"}),
        ("PUT", "/v1/password-resets/rst_1/password", {"password": "Lanterna7Verde", "client_address": "203.0.113.7"}),
    ]
    again = await page.request("POST", "/api/password-reset/verification", {"code": "482913"})
    assert (again.status_code, again.json()["code"]) == (409, "reset_expired")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/step-up", {"action": "deactivate"}),
        ("/api/step-up/verification", {"code": "482913"}),
        ("/api/step-up/code", {}),
        ("/api/account/password", {"present_password": "x", "password": "y"}),
        ("/api/account/end-other-sessions", {}),
        ("/api/account/deactivation", {}),
        ("/api/password-reset", {"username": "mario.rossi@example.com"}),
        ("/api/password-reset/verification", {"code": "482913"}),
        ("/api/password-reset/code", {}),
        ("/api/password-reset/password", {"password": "y"}),
    ],
)
async def test_writing_needs_the_pages_csrf_token_and_origin(
    page: Browser, app: FastAPI, identity: Identity, path: str, body: Any
) -> None:
    other = await sign_in_page(app)
    assert (await page.request("POST", path, body, Origin="https://evil.example")).json()["code"] == "bad_origin"
    for token in (None, "", other.csrf):
        assert (await page.request("POST", path, body, X_CSRF_Token=token)).json()["code"] == "bad_csrf"
    assert identity.asked == []


async def test_one_address_cannot_ask_for_codes_without_end(start: Start, identity: Identity) -> None:
    app = await start()
    stop_the_clock(app)
    page = await sign_in_page(app)
    identity.answers["/v1/password-resets"] = {"outcome": "code_sent", "reset_id": "rst_1"}
    asked = {"username": "mario.rossi@example.com"}
    statuses = [(await page.request("POST", "/api/password-reset", asked)).status_code for _ in range(12)]
    assert statuses == [200] * 10 + [429] * 2


WINDOWS_CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
    "Mobile/15E148 Safari/604.1"
)


@pytest.mark.parametrize(
    ("described", "browser", "system"),
    [
        (WINDOWS_CHROME, "Chrome", "Windows"),
        (f"{WINDOWS_CHROME} Edg/130.0.0.0", "Edge", "Windows"),
        (IPHONE, "Safari", "iPhone o iPad"),
        ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0", "Firefox", "Linux"),
        (WINDOWS_CHROME.replace("Windows NT 10.0; Win64; x64", "Linux; Android 14; SM-S911B"), "Chrome", "Android"),
        ("", None, None),
        ("<script>alert(1)</script>" * 400, None, None),
    ],
)
async def test_a_device_is_told_by_families_without_versions_or_models(
    page: Browser, identity: Identity, described: str, browser: str | None, system: str | None
) -> None:
    page.http.headers["User-Agent"] = described
    await sign_in(page)
    assert identity.devices[-1] == {"browser": browser, "system": system}
