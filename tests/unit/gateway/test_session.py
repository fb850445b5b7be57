"""Who may write, from where, how much and how fast; what every answer carries."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from areaclienti.gateway import session as session_module
from areaclienti.gateway.db.models import now
from areaclienti.gateway.errors import ApiError
from areaclienti.gateway.guards import CONTENT_SECURITY_POLICY
from areaclienti.gateway.limits import Buckets, Rate
from areaclienti.gateway.services import origins
from areaclienti.gateway.session import token_hash
from tests.unit.gateway.browser import Browser
from tests.unit.gateway.conftest import Start, stop_the_clock
from tests.unit.gateway.database import change, rows
from tests.unit.gateway.doubles import Engine, Identity


def a_message(**more: Any) -> dict[str, Any]:
    return {"client_id": str(uuid4()), "text": "ciao", **more}


async def test_the_cookie_cannot_be_read_by_scripts_nor_sent_from_other_sites(app: FastAPI) -> None:
    response = await Browser(app).request("POST", "/api/session", {})
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("ac_session=")
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie and "Secure" not in cookie
    assert len(cookie.split("=", 1)[1].split(";")[0]) >= 43, "256 bits"


async def test_on_https_the_cookie_is_pinned_to_the_host(start: Start) -> None:
    app = await start(public_url="https://area.example")
    browser = Browser(app, origin="https://area.example")
    response = await browser.request("POST", "/api/session", {})
    assert response.headers["set-cookie"].startswith("__Host-ac_session=")
    assert "Secure" in response.headers["set-cookie"] and "Domain" not in response.headers["set-cookie"]
    assert "max-age" in response.headers["strict-transport-security"]
    await browser.open()
    assert (await browser.say("ciao")).status_code == 202


async def test_opening_again_resumes_the_conversation_with_the_same_csrf_token(browser: Browser, app: FastAPI) -> None:
    await browser.say("ciao")
    await app.state.services.runner.settle()
    csrf = browser.csrf
    opened = await browser.open()
    assert opened["last_seq"] == 3 and opened["csrf_token"] == csrf
    assert opened["state"]["step"] == "customer_type"


async def test_a_closed_session_begins_anew(browser: Browser, app: FastAPI, engine: Engine) -> None:
    await browser.say("ciao")
    await app.state.services.runner.settle()
    assert (await browser.request("DELETE", "/api/session")).status_code == 204
    assert (await browser.say("ciao")).status_code == 401
    assert (await browser.open())["last_seq"] == 0
    await app.state.services.runner.settle()
    assert [turn.intent for turn in engine.turns].count("open_chat") == 2
    assert len({turn.conversation_id for turn in engine.turns}) == 2


async def test_the_old_cookie_is_worth_nothing_after_the_session_was_closed(browser: Browser, app: FastAPI) -> None:
    token = browser.http.cookies["ac_session"]
    await browser.request("DELETE", "/api/session")
    thief = Browser(app)
    thief.http.cookies.set("ac_session", token)
    assert (await thief.http.get("/api/events")).status_code == 401


async def test_who_comes_back_after_a_day_is_welcomed_once(browser: Browser, app: FastAPI, engine: Engine) -> None:
    await app.state.services.runner.settle()
    await change(app, step="contact", updated_at=now() - timedelta(hours=25))
    for _ in range(3):
        await browser.open()
    await app.state.services.runner.settle()
    assert [turn.intent for turn in engine.turns].count("come_back") == 1


@pytest.mark.parametrize(("step", "minutes"), [("contact", 59), ("idle", 90), ("done", 90), ("handover", 90)])
async def test_who_was_not_away_or_has_nothing_under_way_is_not_interrupted(
    browser: Browser, app: FastAPI, engine: Engine, step: str, minutes: int
) -> None:
    await app.state.services.runner.settle()
    await change(app, step=step, updated_at=now() - timedelta(minutes=minutes))
    await browser.open()
    await app.state.services.runner.settle()
    assert "come_back" not in [turn.intent for turn in engine.turns]


async def test_a_conversation_idle_for_two_days_is_not_resumed(browser: Browser, app: FastAPI) -> None:
    await change(app, updated_at=now() - timedelta(hours=48))
    assert (await browser.say("ciao")).status_code == 401
    assert (await browser.open())["last_seq"] == 0


async def test_a_made_up_cookie_opens_nothing(app: FastAPI) -> None:
    browser = Browser(app)
    browser.http.cookies.set("ac_session", "made-up")
    browser.csrf = "made-up"
    assert (await browser.say("ciao")).json()["code"] == "no_session"


async def test_another_customers_csrf_token_does_not_fit(browser: Browser, app: FastAPI) -> None:
    other = Browser(app)
    await other.open()
    browser.csrf = other.csrf
    assert (await browser.say("ciao")).json()["code"] == "bad_csrf"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/messages", a_message()),
        ("POST", "/api/secrets", {"client_id": "client-id-1", "purpose": "password", "value": "x"}),
        ("DELETE", "/api/session", None),
    ],
)
async def test_writing_needs_csrf_token_and_origin(browser: Browser, method: str, path: str, body: Any) -> None:
    for headers in ({"X_CSRF_Token": None}, {"X_CSRF_Token": ""}, {"X_CSRF_Token": "àè"}):
        sent = {"X-CSRF-Token": (headers["X_CSRF_Token"] or "").encode()} if headers["X_CSRF_Token"] else {}
        response = await browser.http.request(method, path, json=body, headers={"Origin": browser.origin, **sent})
        assert (response.status_code, response.json()["code"]) == (403, "bad_csrf")
    for origin in (None, "null", "http://localhost:8000.evil.example", "https://localhost:8000", "http://localhost"):
        response = await browser.request(method, path, body, Origin=origin)
        assert (response.status_code, response.json()["code"]) == (403, "bad_origin")


async def test_a_session_needs_an_allowed_origin(app: FastAPI) -> None:
    response = await Browser(app).request("POST", "/api/session", {}, Origin="https://evil.example")
    assert response.status_code == 403 and "set-cookie" not in response.headers


def test_the_loopback_twin_of_the_public_address_is_allowed_and_no_other() -> None:
    assert origins("http://localhost:8000", []) == {"http://localhost:8000", "http://127.0.0.1:8000"}
    assert origins("https://area.example/chat", ["https://www.example"]) == {
        "https://area.example", "https://www.example",
    }  # fmt: skip


async def test_every_answer_carries_the_security_headers(browser: Browser) -> None:
    answers = [
        await browser.http.get("/"),
        await browser.http.get("/nothing-here"),
        await browser.http.get("/health/live"),
        await browser.http.get("/static/nothing.js"),
        await browser.say("ciao"),
        await browser.http.post("/api/messages", content=b"x" * 20_000),
    ]
    for answer in answers:
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert "unsafe" not in CONTENT_SECURITY_POLICY and "default-src 'none'" in CONTENT_SECURITY_POLICY
    assert answers[4].headers["cache-control"] == "no-store"


async def test_unknown_addresses_get_a_page_or_json(browser: Browser) -> None:
    page = await browser.http.get("/nothing-here")
    assert page.status_code == 404 and page.headers["content-type"].startswith("text/html")
    api = await browser.http.get("/api/nothing-here")
    assert api.status_code == 404 and api.json()["code"] == "not_found"
    assert (await browser.http.get("/openapi.json")).status_code == 404


async def test_a_message_has_at_most_2000_characters(browser: Browser) -> None:
    assert (await browser.say("è" * 2_000)).status_code == 202
    for text in ("x" * 2_001, "x" * 5_000):
        response = await browser.say(text)
        assert (response.status_code, response.json()["code"]) == (413, "too_long")


async def test_a_body_has_at_most_16_kilobytes_declared_or_not(browser: Browser) -> None:
    parts_read = 0

    async def long() -> Any:
        nonlocal parts_read
        for _ in range(100):
            parts_read += 1
            yield b"x" * 1_024

    headers = {"Origin": browser.origin, "X-CSRF-Token": browser.csrf or ""}
    streamed = await browser.http.post("/api/messages", content=long(), headers=headers)
    assert streamed.status_code == 413 and parts_read <= 18
    declared = await browser.http.post("/api/messages", content=b"{" * 17_000, headers=headers)
    assert (declared.status_code, declared.json()["code"]) == (413, "too_long")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"text": "ciao"}',
        b'{"client_id": "short", "text": "ciao"}',
        b'{"client_id": "client-id-1"}',
        b'{"client_id": "client-id-1", "text": "a", "choice_id": "b"}',
        b'{"client_id": "client-id-1", "text": "   \\u0000 "}',
        b'{"client_id": "client-id-1", "text": "\\ud800"}',
        b'{"client_id": "client-id-1", "text": 7}',
        b'{"client_id": "client-id-1", "text": "a", "conversation_id": "of-somebody-else"}',
        b'{"client_id": "client-id-1", "text": "\xff"}',
    ],
)
async def test_a_body_of_another_shape_is_refused_without_being_repeated(browser: Browser, body: bytes) -> None:
    response = await browser.http.post(
        "/api/messages",
        content=body,
        headers={"Origin": browser.origin, "X-CSRF-Token": browser.csrf or "", "Content-Type": "application/json"},
    )
    assert response.status_code in {400, 422}
    assert set(response.json()) == {"code", "message"}
    assert "ciao" not in response.text and "somebody" not in response.text


async def test_a_secret_of_another_shape_is_refused_without_being_repeated(browser: Browser) -> None:
    response = await browser.request(
        "POST", "/api/secrets", {"client_id": "client-id-1", "purpose": "pin", "value": "Tramonto-Verde7"}
    )
    assert response.status_code == 422 and "Tramonto" not in response.text
    response = await browser.give("password", "Tramonto-Verde7" * 100)
    assert response.status_code == 422 and "Tramonto" not in response.text


async def test_a_session_that_sends_too_fast_is_told_when_to_go_on(start: Start) -> None:
    app = await start()
    browser = Browser(app)
    await browser.open()
    stop_the_clock(app)
    answers = [await browser.say(f"{n}") for n in range(22)]
    assert [answer.status_code for answer in answers] == [202] * 20 + [429] * 2
    assert answers[-1].json()["code"] == "slow_down"
    assert answers[-1].headers["retry-after"] == "1"


async def test_one_address_cannot_open_sessions_without_end(start: Start) -> None:
    app = await start()
    stop_the_clock(app)
    statuses = [(await Browser(app).request("POST", "/api/session", {})).status_code for _ in range(32)]
    assert statuses == [200] * 30 + [429] * 2
    elsewhere = Browser(app, address="203.0.113.8")
    assert (await elsewhere.request("POST", "/api/session", {})).status_code == 200


async def test_the_limits_in_force_are_those_of_production_unless_widened(start: Start) -> None:
    app = await start(rate_limit_scale=1)
    for _ in range(20):
        app.state.services.limiter.session.take("one conversation")
    with pytest.raises(ApiError):
        app.state.services.limiter.session.take("one conversation")


def test_a_bucket_fills_again_with_time_and_not_above_its_burst() -> None:
    at = 0.0
    buckets = Buckets(Rate(burst=2, per_second=0.5), clock=lambda: at)
    for _ in range(2):
        buckets.take("a")
    with pytest.raises(ApiError) as refused:
        buckets.take("a")
    assert refused.value.headers == {"Retry-After": "2"}
    buckets.take("b")
    at = 2.0
    buckets.take("a")
    at = 1_000.0
    for _ in range(2):
        buckets.take("a")
    with pytest.raises(ApiError):
        buckets.take("a")


async def test_the_token_changes_when_a_code_was_given(browser: Browser, app: FastAPI) -> None:
    before, csrf = browser.http.cookies["ac_session"], browser.csrf
    assert (await browser.give("verification_code", "123456")).status_code == 202
    after = browser.http.cookies["ac_session"]
    assert after != before
    assert (await browser.say("ciao")).status_code == 202, "the CSRF token stays"
    thief = Browser(app)
    thief.http.cookies.set("ac_session", before)
    thief.csrf = csrf
    assert (await thief.say("ciao")).status_code == 401, "the old token ended when the new one was seen"


async def test_a_lost_answer_to_the_code_does_not_lose_the_conversation(browser: Browser, app: FastAPI) -> None:
    before = browser.http.cookies["ac_session"]
    first = await browser.give("verification_code", "123456", "client-id-1")
    after = browser.http.cookies["ac_session"]
    browser.http.cookies.clear()
    browser.http.cookies.set("ac_session", before)
    assert (await browser.request("POST", "/api/session", {})).json()["code"] == "session_moved"
    again = await browser.give("verification_code", "123456", "client-id-1")
    assert again.json() == first.json()
    assert _cookie_of(again) == after, "the same following token, however often"
    assert (await browser.open())["last_seq"] >= 2


async def test_a_replaced_token_is_good_for_nothing_but_the_message_that_replaced_it(
    browser: Browser, app: FastAPI
) -> None:
    await browser.give("verification_code", "111111", "an-earlier-code")  # its client id stood in the stream
    thief = Browser(app)
    thief.http.cookies.set("ac_session", browser.http.cookies["ac_session"])
    thief.csrf = browser.csrf
    await browser.give("verification_code", "123456", "client-id-1")
    assert (await thief.http.get("/api/events")).status_code == 401
    assert (await thief.request("POST", "/api/session", {})).status_code == 409
    assert (await thief.say("ciao", "client-id-2")).status_code == 401
    assert (await thief.give("verification_code", "123456", "client-id-2")).status_code == 401
    assert (await thief.give("verification_code", "111111", "an-earlier-code")).status_code == 401
    assert (await thief.request("POST", "/api/secrets/link", {})).status_code == 401
    assert (await thief.request("DELETE", "/api/session")).status_code == 401
    assert (await browser.say("ciao")).status_code == 202, "who gave the code goes on"


async def test_of_code_and_message_under_one_token_at_once_the_message_never_comes_after_the_code(
    browser: Browser, app: FastAPI
) -> None:
    for number in range(10):
        thief = Browser(app)
        thief.http.cookies.set("ac_session", browser.http.cookies["ac_session"])
        thief.csrf = browser.csrf
        given, said = await asyncio.gather(
            browser.give("verification_code", "123456", f"code-number-{number}"),
            thief.give("verification_code", "000000", f"thief-number-{number}"),
        )
        winners = [answer for answer in (given, said) if answer.status_code == 202]
        assert len(winners) == 1, "one of them replaced the token, the other came too late"
        assert "set-cookie" not in (said if given in winners else given).headers
        following = _cookie_of(winners[0])
        browser.http.cookies.clear()
        browser.http.cookies.set("ac_session", following)


async def test_the_former_token_ends_after_a_minute_even_if_the_new_one_was_never_seen(
    browser: Browser, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "FORMER_TOKEN_LIFE", timedelta(seconds=0))
    before = browser.http.cookies["ac_session"]
    await browser.give("verification_code", "123456")
    thief = Browser(app)
    thief.http.cookies.set("ac_session", before)
    assert (await thief.http.get("/api/events")).status_code == 401


async def test_live_and_ready_tell_the_truth(browser: Browser, engine: Engine, identity: Identity) -> None:
    assert (await browser.http.get("/health/live")).status_code == 200
    ready = await browser.http.get("/health/ready")
    assert (ready.status_code, ready.json()) == (200, {"not_ready": []})
    engine.ready, identity.down = False, True
    ready = await browser.http.get("/health/ready")
    assert (ready.status_code, ready.json()) == (503, {"not_ready": ["engine", "identity"]})
    assert (await browser.http.get("/health/live")).status_code == 200


async def test_the_privacy_notice_and_the_mailbox_come_from_identity(browser: Browser, identity: Identity) -> None:
    assert (await browser.http.get("/api/privacy-notice")).json()["version"] == "1"
    assert (await browser.http.get("/api/mailbox?after=m1")).json() == {"messages": [{"id": "m2", "after": "m1"}]}
    identity.mailbox_on = False
    assert (await browser.http.get("/api/mailbox")).status_code == 404
    identity.down = True
    refused = await browser.http.get("/api/privacy-notice")
    assert (refused.status_code, refused.json()["code"]) == (503, "identity_unavailable")


def _cookie_of(response: httpx.Response) -> str:
    return response.headers["set-cookie"].split("=", 1)[1].split(";")[0]


async def test_the_ledger_keeps_only_hashes_of_tokens(browser: Browser, url: str) -> None:
    token = browser.http.cookies["ac_session"]
    stored = str(await rows(url, "SELECT * FROM conversations"))
    assert token not in stored and token_hash(token) in stored
