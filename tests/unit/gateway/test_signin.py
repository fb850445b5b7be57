"""The sign-in page's API: identity decides, tokens stay in cookies that scripts can't read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.unit.gateway.browser import Browser
from tests.unit.gateway.conftest import Start, stop_the_clock
from tests.unit.gateway.doubles import Identity

TOKEN = "customer-session-token"
CREDENTIALS = {"username": "mario.rossi@example.com", "password": "Tramonto-Verde7"}
CHALLENGE = {"challenge_id": "chl_1", "channel": "sms", "masked_destination": "320 ****600", "attempts_left": 5}


def answer(outcome: str, **more: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(("session_token", "session_expires_at", "sign_in_id", "challenge", "retry_after_seconds"))
    return {"outcome": outcome, **nothing, **more}


def signed_in() -> dict[str, Any]:
    until = datetime.now(UTC) + timedelta(minutes=30)
    return answer("signed_in", session_token=TOKEN, session_expires_at=until.isoformat())


@pytest.fixture
async def page(app: FastAPI) -> Browser:
    return await sign_in_page(app)


async def sign_in_page(app: FastAPI) -> Browser:
    browser = Browser(app)
    opened = await browser.http.get("/api/sign-in")
    assert opened.json()["state"] == "signed_out"
    browser.csrf = opened.json()["csrf_token"]
    return browser


async def sign_in(page: Browser) -> httpx.Response:
    answer = await page.request("POST", "/api/sign-in", CREDENTIALS)
    page.csrf = answer.json().get("csrf_token", page.csrf)  # a new one with every new session
    return answer


async def state(page: Browser) -> str:
    reached: str = (await page.http.get("/api/sign-in")).json()["state"]
    return reached


async def test_who_signs_in_sees_their_data_and_no_token(page: Browser, identity: Identity) -> None:
    identity.sign_in = signed_in()
    before = page.csrf
    response = await sign_in(page)
    assert response.json() == {
        "outcome": "signed_in", "challenge": None, "retry_after_seconds": None, "attempts_left": None,
        "csrf_token": page.csrf,
    }  # fmt: skip
    assert page.csrf != before
    cookie = next(value for value in response.headers.get_list("set-cookie") if TOKEN in value)
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie
    assert 1_700 < int(cookie.split("Max-Age=")[1].split(";")[0]) <= 1_800
    assert await state(page) == "signed_in"
    assert (await page.http.get("/api/me")).json()["display_name"] == "Mario Rossi"
    assert identity.signed_in_from == ["203.0.113.7"]


async def test_the_first_access_needs_the_code_sent_to_the_mobile(page: Browser, identity: Identity) -> None:  # 9a
    identity.sign_in = answer("code_required", sign_in_id="sgn_1", challenge=CHALLENGE)
    response = await sign_in(page)
    assert response.json()["challenge"]["masked_destination"] == "320 ****600"
    assert "sgn_1" not in response.text
    assert await state(page) == "code_required"
    identity.sign_in = answer("wrong_code", attempts_left=4)
    wrong = await page.request("POST", "/api/sign-in/verification", {"code": "111111"})
    assert (wrong.json()["outcome"], wrong.json()["attempts_left"]) == ("wrong_code", 4)
    soon = await page.request("POST", "/api/sign-in/code", {})
    assert (soon.json()["outcome"], soon.json()["retry_after_seconds"]) == ("too_soon", 30)
    identity.sign_in = signed_in()
    assert (await page.request("POST", "/api/sign-in/verification", {"code": "482913"})).json()[
        "outcome"
    ] == "signed_in"
    assert identity.seen_codes == [("sgn_1", "111111"), ("sgn_1", "482913")]
    assert await state(page) == "signed_in"


async def test_a_rejected_sign_in_sets_no_session(page: Browser, identity: Identity) -> None:
    identity.sign_in = answer("rejected")
    response = await sign_in(page)
    assert response.json()["outcome"] == "rejected" and "set-cookie" not in response.headers
    assert (await page.http.get("/api/me")).status_code == 401


async def test_signing_out_ends_the_session_here_and_at_identity(page: Browser, identity: Identity) -> None:
    identity.sign_in = signed_in()
    await sign_in(page)
    assert (await page.request("DELETE", "/api/sign-in")).status_code == 204
    assert identity.sessions == set()
    assert (await page.http.get("/api/me")).json()["code"] == "no_session"
    assert await state(page) == "signed_out"


async def test_signing_out_of_a_session_that_ended_already_is_fine(page: Browser, identity: Identity) -> None:
    identity.sign_in = signed_in()
    await sign_in(page)
    identity.sessions.clear()
    assert (await page.http.get("/api/me")).status_code == 401
    assert (await page.request("DELETE", "/api/sign-in")).status_code == 204


@pytest.mark.parametrize("pending", ["sgn_9", "../../v1/mailbox/messages", "a%2Fb", ""])
async def test_a_pending_sign_in_that_identity_does_not_know_is_over(
    page: Browser, identity: Identity, pending: str
) -> None:
    if pending:
        page.http.cookies.set("ac_signin_pending", pending)
    response = await page.request("POST", "/api/sign-in/verification", {"code": "482913"})
    assert (response.status_code, response.json()["code"]) == (409, "sign_in_expired")
    assert all(sign_in_id == "sgn_9" for sign_in_id, _ in identity.seen_codes)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/sign-in", CREDENTIALS),
        ("POST", "/api/sign-in/verification", {"code": "482913"}),
        ("POST", "/api/sign-in/code", {}),
        ("DELETE", "/api/sign-in", None),
    ],
)
async def test_writing_needs_the_pages_csrf_token_and_origin(
    page: Browser, app: FastAPI, identity: Identity, method: str, path: str, body: Any
) -> None:
    assert (await page.request(method, path, body, Origin="https://evil.example")).json()["code"] == "bad_origin"
    other = await sign_in_page(app)
    for token in (None, "", other.csrf):
        assert (await page.request(method, path, body, X_CSRF_Token=token)).json()["code"] == "bad_csrf"
    page.http.cookies.clear()
    assert (await page.request(method, path, body)).json()["code"] == "bad_csrf"
    assert identity.signed_in_from == [] and identity.seen_codes == []


async def test_without_identity_nobody_is_told_wrong(page: Browser, identity: Identity) -> None:
    identity.down = True
    response = await sign_in(page)
    assert (response.status_code, response.json()["code"]) == (503, "identity_unavailable")


async def test_one_address_cannot_try_passwords_without_end(start: Start, identity: Identity) -> None:
    app = await start()
    stop_the_clock(app)
    page = await sign_in_page(app)
    statuses = [(await sign_in(page)).status_code for _ in range(12)]
    assert statuses == [200] * 10 + [429] * 2
    assert len(identity.signed_in_from) == 10


async def test_on_https_every_cookie_is_pinned_to_the_host(start: Start, identity: Identity) -> None:
    app = await start(public_url="https://area.example")
    page = Browser(app, origin="https://area.example")
    opened = await page.http.get("/api/sign-in")
    page.csrf = opened.json()["csrf_token"]
    identity.sign_in = signed_in()
    response = await sign_in(page)
    cookies = opened.headers.get_list("set-cookie") + response.headers.get_list("set-cookie")
    assert all(cookie.startswith("__Host-") and "Secure" in cookie for cookie in cookies)
    assert (await page.http.get("/api/me")).status_code == 200


async def test_a_body_of_another_shape_is_refused_without_being_repeated(page: Browser) -> None:
    response = await page.request("POST", "/api/sign-in", CREDENTIALS | {"more": 1})
    assert response.status_code == 422 and "Tramonto" not in response.text
