"""Each SMS provider over real HTTP: what it is sent, how its answers are read, which receipts it proves."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from areaclienti.identity.delivery.adapters import Accepted, NotSent
from areaclienti.identity.delivery.messages import Message
from areaclienti.identity.delivery.sms import gsm, twilio, vonage
from areaclienti.identity.delivery.sms.aruba import aruba
from areaclienti.identity.delivery.sms.provider import Provider, Receipt, ReceiptRefused, Relayed
from areaclienti.identity.delivery.sms.sender import SmsSender
from areaclienti.identity.delivery.sms.skebby import skebby
from areaclienti.identity.delivery.sms.twilio import Twilio
from areaclienti.identity.delivery.sms.vonage import Vonage
from areaclienti.identity.delivery.sms.webhook import Webhook
from tests.unit.identity.delivery.servers import Answer, Asked, Gateway

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PUBLIC = "https://areaclienti.example/receipts/sms"

MAKERS: dict[str, Callable[[str], Provider]] = {
    "webhook": lambda url: Webhook(f"{url}/sms", "token", "hook-secret"),
    "twilio": lambda url: Twilio("AC1", "auth-token", "AreaClienti", f"{PUBLIC}/twilio", url),
    "vonage": lambda url: Vonage("key", "secret", "AreaClienti", f"{PUBLIC}/vonage", "sign-secret", url),
    "skebby": lambda url: skebby("user", "access", "AreaClienti", "path-token", base_url=f"{url}/API/v1.0/REST"),
    "aruba": lambda url: aruba("user", "access", "AreaClienti", "path-token", base_url=f"{url}/API/v1.0/REST"),
}
GOOD: dict[str, Answer] = {
    "webhook": Answer(202, {"id": "gw-1"}),
    "twilio": Answer(201, {"sid": "SM1", "status": "queued"}),
    "vonage": Answer(200, {"message-count": "1", "messages": [{"status": "0", "message-id": "0C1", "to": "39333"}]}),
    "skebby": Answer(201, {"result": "OK", "order_id": "out_1", "total_sent": 1}),
    "aruba": Answer(201, {"result": "OK", "order_id": "out_1", "total_sent": 1}),
}
IDS = {"webhook": "gw-1", "twilio": "SM1", "vonage": "0C1", "skebby": "out_1", "aruba": "out_1"}
ALL = list(MAKERS)


def a_text(text: str = "Il codice è 123456", to: str = "+393331234567", tries: int = 1) -> Message:
    return Message("out_1", "sms", to, NOW + timedelta(seconds=290), text, tries=tries)


async def send(provider: Provider, message: Message | None = None) -> Accepted:
    adapter = SmsSender(provider, lambda: NOW, 5)
    try:
        return await adapter.send(message or a_text())
    finally:
        await adapter.close()


async def failure_of(provider: Provider, message: Message | None = None) -> NotSent:
    with pytest.raises(NotSent) as raised:
        await send(provider, message)
    return raised.value


def form(asked: Asked) -> dict[str, str]:
    return dict(parse_qsl(asked.body.decode()))


# --- requests -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
async def test_an_accepted_sms_gives_the_providers_id(name: str, sms_gateway: Gateway) -> None:
    sms_gateway.usual = GOOD[name]
    assert await send(MAKERS[name](sms_gateway.url)) == Accepted(name, IDS[name])
    assert len(sms_gateway.asked) == 1


async def test_the_webhook_is_posted_json_under_an_idempotency_key(sms_gateway: Gateway) -> None:
    await send(MAKERS["webhook"](sms_gateway.url))
    asked = sms_gateway.asked[0]
    assert asked.json() == {
        "id": "out_1",
        "to": "+393331234567",
        "text": "Il codice è 123456",
        "expires_at": "2026-11-23T09:04:50+00:00",
    }
    assert (asked.headers["idempotency-key"], asked.headers["authorization"]) == ("out_1", "Bearer token")


async def test_twilio_gets_a_form_with_the_life_of_the_code_and_where_to_report(sms_gateway: Gateway) -> None:
    sms_gateway.usual = GOOD["twilio"]
    await send(MAKERS["twilio"](sms_gateway.url))
    asked = sms_gateway.asked[0]
    assert asked.path == "/2010-04-01/Accounts/AC1/Messages.json"
    assert asked.headers["authorization"] == "Basic " + base64.b64encode(b"AC1:auth-token").decode()
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert form(asked) == {
        "To": "+393331234567",
        "From": "AreaClienti",
        "Body": "Il codice è 123456",
        "ValidityPeriod": "290",
        "StatusCallback": f"{PUBLIC}/twilio?message=out_1",
    }


async def test_vonage_gets_a_form_with_our_id_as_reference(sms_gateway: Gateway) -> None:
    sms_gateway.usual = GOOD["vonage"]
    await send(MAKERS["vonage"](sms_gateway.url))
    asked = sms_gateway.asked[0]
    assert asked.path == "/sms/json"
    assert form(asked) == {
        "api_key": "key",
        "api_secret": "secret",
        "from": "AreaClienti",
        "to": "393331234567",
        "text": "Il codice è 123456",
        "type": "text",
        "ttl": "290000",
        "client-ref": "out_1",
        "status-report-req": "1",
        "callback": f"{PUBLIC}/vonage",
    }


@pytest.mark.parametrize(("name", "message_type"), [("skebby", "GP"), ("aruba", "N")])
async def test_skebby_and_aruba_get_the_same_json_with_their_own_quality(
    name: str, message_type: str, sms_gateway: Gateway
) -> None:
    sms_gateway.usual = GOOD[name]
    await send(MAKERS[name](sms_gateway.url))
    asked = sms_gateway.asked[0]
    assert (asked.method, asked.path) == ("POST", "/API/v1.0/REST/sms")
    assert (asked.headers["user_key"], asked.headers["access_token"]) == ("user", "access")
    assert asked.json() == {
        "message_type": message_type,
        "message": "Il codice è 123456",
        "recipient": ["+393331234567"],
        "sender": "AreaClienti",
        "order_id": "out_1",
        "encoding": "gsm",
        "validity_period_min": 4,
    }


async def test_a_text_outside_the_gsm_alphabet_is_announced_as_such(sms_gateway: Gateway) -> None:
    sms_gateway.answers = [GOOD["vonage"], GOOD["skebby"]]
    await send(MAKERS["vonage"](sms_gateway.url), a_text("perché no? “sì”"))
    await send(MAKERS["skebby"](sms_gateway.url), a_text("perché no? “sì”"))
    assert form(sms_gateway.asked[0])["type"] == "unicode"
    assert sms_gateway.asked[1].json()["encoding"] == "ucs2"


@pytest.mark.parametrize("to", ["+447911123456", "+39061234567", "+1900123456", "3331234567", "+39333123", ""])
async def test_nobody_but_an_italian_mobile_is_ever_texted(to: str, sms_gateway: Gateway) -> None:
    failure = await failure_of(MAKERS["webhook"](sms_gateway.url), a_text(to=to))
    assert (failure.reason, failure.for_good) == ("not_an_italian_mobile", True)
    assert sms_gateway.asked == []


# --- answers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("status", "for_good", "provider_fails"),
    [
        (429, False, True),
        (408, False, True),
        (500, False, True),
        (503, False, True),
        (400, True, False),
        (401, True, False),
        (302, True, False),
    ],
)
async def test_a_refusal_is_tried_again_only_if_that_may_help(
    name: str, status: int, for_good: bool, provider_fails: bool, sms_gateway: Gateway
) -> None:
    sms_gateway.usual = Answer(status, headers={"Retry-After": "7"})
    failure = await failure_of(MAKERS[name](sms_gateway.url))
    assert failure.reason == f"{name}_{status}"
    assert (failure.for_good, failure.provider_fails) == (for_good, provider_fails)
    assert failure.retry_after_seconds == (None if for_good else 7.0)
    assert failure.maybe_accepted == (status >= 500)


@pytest.mark.parametrize("name", ALL)
async def test_a_gateway_that_takes_it_and_says_nothing_leaves_a_doubt(name: str, sms_gateway: Gateway) -> None:
    sms_gateway.usual = Answer(cut=True)
    failure = await failure_of(MAKERS[name](sms_gateway.url))
    assert (failure.reason, failure.for_good, failure.maybe_accepted) == (f"{name}_cut", False, True)


async def test_a_gateway_that_is_too_slow_leaves_a_doubt(sms_gateway: Gateway) -> None:
    sms_gateway.usual = Answer(held=asyncio.Event())
    adapter = SmsSender(MAKERS["twilio"](sms_gateway.url), lambda: NOW, 1.5)
    with pytest.raises(NotSent) as raised:
        await adapter.send(a_text())
    await adapter.close()
    assert (raised.value.reason, raised.value.maybe_accepted) == ("twilio_timeout", True)


@pytest.mark.parametrize("name", ALL)
async def test_a_gateway_that_is_not_there_has_taken_nothing(name: str) -> None:
    failure = await failure_of(MAKERS[name]("http://127.0.0.1:1"))
    assert (failure.reason, failure.for_good, failure.maybe_accepted) == (f"{name}_unreachable", False, False)


async def test_twilios_own_code_is_the_reason(sms_gateway: Gateway) -> None:
    sms_gateway.usual = Answer(400, {"code": 21211, "message": "The 'To' number +39333 is not valid", "status": 400})
    failure = await failure_of(MAKERS["twilio"](sms_gateway.url))
    assert (failure.reason, failure.for_good) == ("twilio_21211", True)


@pytest.mark.parametrize(
    ("status", "for_good"),
    [("1", False), ("5", False), ("9", False), ("10", False), ("4", True), ("6", True), ("7", True)],
)
async def test_vonages_status_inside_a_200_is_what_counts(status: str, for_good: bool, sms_gateway: Gateway) -> None:
    sms_gateway.usual = Answer(200, {"messages": [{"status": status, "error-text": "to +39333 …"}]})
    failure = await failure_of(MAKERS["vonage"](sms_gateway.url))
    assert (failure.reason, failure.for_good) == (f"vonage_{status}", for_good)


async def test_an_answer_of_vonage_that_says_nothing_is_no_success(sms_gateway: Gateway) -> None:
    sms_gateway.usual = Answer(200, {"messages": []})
    failure = await failure_of(MAKERS["vonage"](sms_gateway.url))
    assert (failure.for_good, failure.maybe_accepted) == (False, True)


async def test_an_order_that_sent_to_nobody_is_no_success(sms_gateway: Gateway) -> None:
    sms_gateway.usual = Answer(201, {"result": "OK", "order_id": "out_1", "total_sent": 0})
    assert (await failure_of(MAKERS["skebby"](sms_gateway.url))).reason == "skebby_not_sent"


# --- the same message again -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["skebby", "aruba"])
async def test_skebby_and_aruba_are_asked_for_the_order_before_it_is_sent_again(
    name: str, sms_gateway: Gateway
) -> None:
    sms_gateway.answers = [Answer(200, {"result": "OK", "recipients": [{"status": "SENT"}]})]
    assert await send(MAKERS[name](sms_gateway.url), a_text(tries=2)) == Accepted(name, "out_1")
    assert [(asked.method, asked.path) for asked in sms_gateway.asked] == [("GET", "/API/v1.0/REST/sms/out_1")]

    sms_gateway.answers = [Answer(404), GOOD[name]]
    await send(MAKERS[name](sms_gateway.url), a_text(tries=2))
    assert [asked.method for asked in sms_gateway.asked] == ["GET", "GET", "POST"]


async def test_an_order_that_cannot_be_asked_for_is_not_sent_again_blindly(sms_gateway: Gateway) -> None:
    sms_gateway.usual = Answer(503)
    failure = await failure_of(MAKERS["skebby"](sms_gateway.url), a_text(tries=2))
    assert (failure.reason, failure.for_good) == ("skebby_503", False)
    assert [asked.method for asked in sms_gateway.asked] == ["GET"]


@pytest.mark.parametrize("name", ["twilio", "vonage", "webhook"])
async def test_the_others_are_sent_it_again_under_the_same_id(name: str, sms_gateway: Gateway) -> None:
    sms_gateway.usual = GOOD[name]
    await send(MAKERS[name](sms_gateway.url), a_text(tries=2))
    (asked,) = sms_gateway.asked
    assert "out_1" in asked.body.decode()


# --- receipts -------------------------------------------------------------------------------------------------------


def twilio_receipt(token: str = "auth-token", query: str = "message=out_1", **fields: str) -> Relayed:
    sent = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+393331234567"} | fields
    signed = twilio.signature(token, f"{PUBLIC}/twilio?{query}", sent.items())
    headers = {"content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signed}
    return Relayed(None, query, headers, urlencode(sent).encode())


def vonage_receipt(secret: str = "sign-secret", as_json: bool = False, **fields: str) -> Relayed:
    sent = {
        "messageId": "0C1",
        "client-ref": "out_1",
        "status": "delivered",
        "err-code": "0",
        "msisdn": "393331234567",
        "timestamp": "1795424400",
        "nonce": "a&b=c",
    } | {name.replace("_", "-"): value for name, value in fields.items()}
    sent["sig"] = vonage.signature(secret, sent).upper()
    if as_json:
        return Relayed(None, "", {"content-type": "application/json"}, json.dumps(sent).encode())
    return Relayed(None, urlencode(sent), {}, b"")


def hook_receipt(secret: str = "hook-secret", **fields: Any) -> Relayed:
    body = json.dumps({"id": "out_1", "status": "delivered"} | fields).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return Relayed(None, "", {"content-type": "application/json", "x-signature-256": f"sha256={signature}"}, body)


def order_receipt(token: str | None = "path-token", **fields: str) -> Relayed:
    sent = {"order_id": "out_1", "status": "DLVRD", "recipient": "+393331234567"} | fields
    return Relayed(token, "", {"content-type": "application/x-www-form-urlencoded"}, urlencode(sent).encode())


DELIVERED: dict[str, Relayed] = {
    "webhook": hook_receipt(provider_id="gw-1"),
    "twilio": twilio_receipt(),
    "vonage": vonage_receipt(),
    "skebby": order_receipt(),
    "aruba": order_receipt(),
}
FORGED: dict[str, Relayed] = {
    "webhook": hook_receipt("guessed"),
    "twilio": twilio_receipt("guessed"),
    "vonage": vonage_receipt("guessed"),
    "skebby": order_receipt("guessed"),
    "aruba": order_receipt(None),
}


@pytest.mark.parametrize("name", ALL)
def test_a_proven_receipt_says_what_became_of_which_message(name: str) -> None:
    assert MAKERS[name]("http://x").read_receipts(DELIVERED[name]) == [Receipt("delivered", "out_1", IDS[name])]


@pytest.mark.parametrize("name", ALL)
def test_a_receipt_that_proves_nothing_is_refused(name: str) -> None:
    for call in (FORGED[name], Relayed(None, "", {}, b""), Relayed("", "sig=", {"x-twilio-signature": ""}, b"{}")):
        with pytest.raises(ReceiptRefused):
            MAKERS[name]("http://x").read_receipts(call)


@pytest.mark.parametrize("name", ["twilio", "webhook"])
def test_a_receipt_changed_on_the_way_is_refused(name: str) -> None:
    good = DELIVERED[name]
    changed = Relayed(good.path_token, good.query, good.headers, good.body.replace(b"delivered", b"failed"))
    with pytest.raises(ReceiptRefused):
        MAKERS[name]("http://x").read_receipts(changed)


def test_a_receipt_of_twilio_counts_for_the_message_of_its_address_only() -> None:
    good = DELIVERED["twilio"]
    with pytest.raises(ReceiptRefused):
        MAKERS["twilio"]("http://x").read_receipts(Relayed(None, "message=out_2", good.headers, good.body))


def test_without_a_secret_for_receipts_none_is_taken() -> None:
    for provider in (
        Webhook("http://x", None, None),
        Vonage("k", "s", "AreaClienti", PUBLIC, None),
        skebby("u", "a", "AreaClienti", None),
    ):
        with pytest.raises(ReceiptRefused):
            provider.read_receipts(DELIVERED[provider.name])


@pytest.mark.parametrize(
    ("call", "name", "status", "reason"),
    [
        (twilio_receipt(MessageStatus="sent"), "twilio", "sent", None),
        (twilio_receipt(MessageStatus="undelivered", ErrorCode="30003"), "twilio", "undelivered", "twilio_30003"),
        (twilio_receipt(MessageStatus="failed"), "twilio", "undelivered", "twilio_failed"),
        (vonage_receipt(status="buffered"), "vonage", "sent", None),
        (vonage_receipt(status="expired", err_code="1"), "vonage", "undelivered", "vonage_1"),
        (vonage_receipt(as_json=True, status="rejected", err_code="5"), "vonage", "undelivered", "vonage_5"),
        (order_receipt(status="WAITING"), "aruba", "queued", None),
        (order_receipt(status="SENT"), "skebby", "sent", None),
        (order_receipt(status="UNKNRCPT"), "skebby", "undelivered", "skebby_unknrcpt"),
        (hook_receipt(status="undelivered", reason="Handset OFF"), "webhook", "undelivered", "webhook_handset_off"),
        (hook_receipt(status="undelivered", reason="+39 333 1234567"), "webhook", "undelivered", "webhook_other"),
    ],
)
def test_each_status_has_its_meaning(call: Relayed, name: str, status: str, reason: str | None) -> None:
    (receipt,) = MAKERS[name]("http://x").read_receipts(call)
    assert (receipt.status, receipt.reason) == (status, reason)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (twilio_receipt(MessageStatus="receiving"), "twilio"),
        (vonage_receipt(status="unknown"), "vonage"),
        (hook_receipt(status="perhaps"), "webhook"),
        (hook_receipt(id=None), "webhook"),
        (hook_receipt(id=["out_1"]), "webhook"),
        (order_receipt(status=""), "skebby"),
    ],
)
def test_a_proven_call_that_says_nothing_is_taken_and_does_nothing(call: Relayed, name: str) -> None:
    assert MAKERS[name]("http://x").read_receipts(call) == []


def test_twilios_published_example_is_signed_as_twilio_says() -> None:
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert twilio.signature("12345", url, form.items()) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


@given(st.binary(max_size=200), st.text(max_size=60), st.sampled_from(["application/json", "text/plain", ""]))
def test_no_call_whatever_is_in_it_breaks_a_provider(body: bytes, query: str, kind: str) -> None:
    call = Relayed("path-token", query, {"content-type": kind}, body)
    for name in ("skebby", "aruba"):
        MAKERS[name]("http://x").read_receipts(call)
    for name in ("webhook", "twilio", "vonage"):
        with pytest.raises(ReceiptRefused):
            MAKERS[name]("http://x").read_receipts(call)


# --- alphabets ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "encoding", "parts"),
    [
        ("è" * 160, "gsm7", 1),
        ("a" * 161, "gsm7", 2),
        ("a" * 306, "gsm7", 2),
        ("a" * 307, "gsm7", 3),
        ("€" * 80, "gsm7", 1),
        ("€" * 81, "gsm7", 2),
        ("ç" + "a" * 69, "ucs2", 1),  # Ç is in the alphabet, ç is not
        ("ç" + "a" * 70, "ucs2", 2),
        ("😀" * 35, "ucs2", 1),
        ("😀" * 36, "ucs2", 2),
    ],
)
def test_a_text_is_measured_as_the_network_does(text: str, encoding: str, parts: int) -> None:
    assert (gsm.encoding_of(text), gsm.parts_of(text)) == (encoding, parts)
