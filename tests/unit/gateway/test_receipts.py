"""The public address of SMS receipts: relayed untouched, limited, and never interpreted."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from areaclienti.gateway.limits import MAX_BODY_BYTES
from tests.unit.gateway.conftest import Start, stop_the_clock
from tests.unit.gateway.doubles import Identity


@pytest.fixture
async def provider(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A provider: no cookie, no Origin, no CSRF token."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost:8000") as client:
        yield client


async def test_a_receipt_is_handed_on_byte_by_byte_with_what_a_signature_needs(
    provider: httpx.AsyncClient, identity: Identity
) -> None:
    raw = b"MessageSid=SM1&To=%2B39333\x00\xff"
    answer = await provider.post(
        "/receipts/sms/twilio?message=out_1&a=%20b",
        content=raw,
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": "abc=",
            "Authorization": "Bearer stolen",
            "Cookie": "ac_session=stolen",
        },
    )
    assert (answer.status_code, answer.content) == (204, b"")
    ((name, relayed),) = identity.receipts
    assert name == "twilio"
    assert base64.b64decode(relayed["body"]) == raw
    assert relayed["query"] == "message=out_1&a=%20b"
    assert relayed["headers"]["x-twilio-signature"] == "abc="
    assert relayed["path_token"] is None
    assert not {"authorization", "cookie"} & set(relayed["headers"])


async def test_a_provider_that_calls_by_get_proves_itself_in_the_path(
    provider: httpx.AsyncClient, identity: Identity
) -> None:
    assert (await provider.get("/receipts/sms/aruba/a-token?order_id=out_1")).status_code == 204
    ((_, relayed),) = identity.receipts
    assert (relayed["path_token"], relayed["query"], relayed["body"]) == ("a-token", "order_id=out_1", "")


@pytest.mark.parametrize(
    ("identitys", "status", "code"),
    [(403, 403, "not_the_provider"), (404, 404, "not_found"), (422, 400, "bad_receipt")],
)
async def test_what_identity_refuses_is_refused(
    provider: httpx.AsyncClient, identity: Identity, identitys: int, status: int, code: str
) -> None:
    identity.receipts_answer = identitys
    answer = await provider.post("/receipts/sms/twilio")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_while_identity_is_away_the_provider_is_asked_to_call_again(
    provider: httpx.AsyncClient, identity: Identity
) -> None:
    identity.down = True
    assert (await provider.post("/receipts/sms/twilio")).status_code == 503


async def test_a_body_too_long_and_a_provider_without_a_name_go_no_further(
    provider: httpx.AsyncClient, identity: Identity
) -> None:
    assert (await provider.post("/receipts/sms/twilio", content=b"x" * (MAX_BODY_BYTES + 1))).status_code == 413
    assert (await provider.post("/receipts/sms/Twi..lio")).status_code == 422
    assert identity.receipts == []


async def test_an_address_that_calls_too_often_is_slowed_down(start: Start, identity: Identity) -> None:
    app = await start(rate_limit_scale=1)
    stop_the_clock(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost:8000") as client:
        statuses = [(await client.post("/receipts/sms/twilio")).status_code for _ in range(301)]
    assert statuses == [204] * 300 + [429]


async def test_a_token_in_the_path_is_in_no_log(
    app: FastAPI, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(app.state.services.identity, "ask", broken)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
        with capture_logs() as logs:
            answer = await client.post("/receipts/sms/aruba/a-very-secret-token")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert logs and "a-very-secret-token" not in str(logs)
