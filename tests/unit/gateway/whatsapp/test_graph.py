"""The Graph client tells what was certainly not taken from what may have been, and reads errors by their code."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from areaclienti.gateway.channels.whatsapp import graph
from areaclienti.gateway.channels.whatsapp.graph import GraphClient, Receiver, Refused, Unanswered
from areaclienti.gateway.channels.whatsapp.message_types import list as lists
from areaclienti.gateway.channels.whatsapp.message_types.buttons import buttons
from areaclienti.gateway.channels.whatsapp.message_types.cta import cta
from areaclienti.gateway.channels.whatsapp.message_types.limits import OverLimit
from areaclienti.gateway.channels.whatsapp.message_types.text import text
from areaclienti.gateway.channels.whatsapp.verdicts import Verdict, verdict_on


def client(answer: httpx.Response | Exception) -> GraphClient:
    def handle(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return GraphClient("https://graph.example/v23.0", "42", "a-secret-token", httpx.MockTransport(handle))


def error(code: int, status: int) -> httpx.Response:
    return httpx.Response(status, json={"error": {"message": "x", "code": code}})


async def send(answer: httpx.Response | Exception) -> str:
    return await client(answer).send(Receiver("IT.1", "393331234567"), text("ciao"), "7")


async def test_the_answer_names_the_message() -> None:
    assert await send(httpx.Response(200, json={"messages": [{"id": "wamid.X"}]})) == "wamid.X"


@pytest.mark.parametrize(
    ("answer", "maybe_sent"),
    [
        (httpx.ConnectError("x"), False),
        (httpx.ConnectTimeout("x"), False),
        (httpx.ReadTimeout("x"), True),
        (httpx.ReadError("x"), True),
        (httpx.RemoteProtocolError("x"), True),
        (httpx.Response(502, text="<html>"), True),
        (httpx.Response(200, text="not JSON"), True),
        (httpx.Response(200, json=[]), True),
        (httpx.Response(200, json={"messages": []}), True),
        (error(131000, 500), True),
        (error(131016, 503), True),
        (error(2, 503), True),
    ],
)
async def test_what_may_have_been_taken_is_told(answer: httpx.Response | Exception, maybe_sent: bool) -> None:
    with pytest.raises(Unanswered) as told:
        await send(answer)
    assert told.value.maybe_sent is maybe_sent


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (error(190, 401), Verdict.TOKEN),
        (error(299, 403), Verdict.TOKEN),
        (httpx.Response(401, text="no"), Verdict.TOKEN),
        (httpx.Response(429, text="slow"), Verdict.NUMBER),
        (httpx.Response(404, text="?"), Verdict.REFUSED),
        (error(131047, 400), Verdict.WINDOW),
        (error(131056, 400), Verdict.PERSON),
        (error(131048, 400), Verdict.SPAM),
        (error(368, 403), Verdict.ACCOUNT),
        (error(131026, 400), Verdict.UNDELIVERABLE),
        (error(100, 400), Verdict.REFUSED),
        (error(987654, 400), Verdict.REFUSED),
    ],
)
async def test_errors_are_read_by_their_code(answer: httpx.Response, verdict: Verdict) -> None:
    with pytest.raises(Refused) as refused:
        await send(answer)
    assert refused.value.verdict is verdict


async def test_an_answer_that_comes_drop_by_drop_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "TIMEOUT_SECONDS", 0.05)

    async def slowly(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(10)
        return httpx.Response(200)

    client = GraphClient("https://graph.example/v23.0", "42", "a-secret-token", httpx.MockTransport(slowly))
    with pytest.raises(Unanswered) as told:
        await client.send(Receiver("IT.1", None), text("ciao"), "7")
    assert told.value.maybe_sent


async def test_a_wait_that_is_asked_for_is_read() -> None:
    with pytest.raises(Refused) as refused:
        await send(httpx.Response(429, headers={"Retry-After": "17"}))
    assert refused.value.retry_after_seconds == 17


async def test_no_error_repeats_what_was_sent_or_the_token() -> None:
    for answer in (error(100, 400), httpx.ReadTimeout("x"), httpx.Response(500)):
        with pytest.raises((Refused, Unanswered)) as told:
            await client(answer).send(Receiver("IT.1", "393331234567"), text("segretissimo"), "7")
        assert not any(word in repr(told.value) for word in ("segretissimo", "393331234567", "a-secret-token"))
        assert told.value.__suppress_context__ or told.value.__context__ is None


@pytest.mark.parametrize(
    ("receiver", "fields"),
    [
        (Receiver("IT.134912", "393331234567"), {"to": "393331234567"}),
        (Receiver("IT.134912", None), {"recipient": "IT.134912"}),
        (Receiver("393331234567", None), {"to": "393331234567"}),
    ],
)
def test_a_receiver_is_named_by_the_number_where_it_is_seen(receiver: Receiver, fields: dict[str, str]) -> None:
    assert receiver.fields() == fields


@pytest.mark.parametrize(
    "make",
    [
        lambda: text("a" * 4097),
        lambda: text(" "),
        lambda: text("👍" * 2049),
        lambda: buttons("Sì?", []),
        lambda: buttons("Sì?", [("1", "Sì"), ("2", "No"), ("3", "Forse"), ("4", "Mai")]),
        lambda: buttons("Sì?", [("1", "Sì"), ("2", "Sì")]),
        lambda: buttons("Sì?", [("1", "Sì"), ("1", "No")]),
        lambda: buttons("Sì?", [("1", "a" * 21)]),
        lambda: buttons("a" * 1025, [("1", "Sì")]),
        lambda: buttons("Sì?", [("1" * 257, "Sì")]),
        lambda: cta("Apri", "a" * 21, "https://x.example"),
        lambda: cta("a" * 1025, "Apri", "https://x.example"),
        lambda: cta("Apri", "Apri", "javascript:alert(1)"),
        lambda: lists.list_message("Scegli", "Apri", "Qui", []),
        lambda: lists.list_message("Scegli", "Apri", "Qui", [lists.Row(str(n), f"{n}") for n in range(11)]),
        lambda: lists.list_message("Scegli", "Apri", "Qui", [lists.Row("1", "a" * 25)]),
        lambda: lists.list_message("Scegli", "Apri", "Qui", [lists.Row("1", "a", "b" * 73)]),
        lambda: lists.list_message("Scegli", "Apri", "Qui", [lists.Row("1", "a"), lists.Row("1", "b")]),
        lambda: lists.list_message("Scegli", "a" * 21, "Qui", [lists.Row("1", "a")]),
    ],
)
def test_what_meta_would_refuse_is_not_even_made(make: Any) -> None:
    with pytest.raises(OverLimit) as over:
        make()
    assert "aaaa" not in str(over.value)


def test_a_new_code_is_judged_by_its_status() -> None:
    assert [verdict_on(999999, status) for status in (400, 429, 500, None)] == [
        Verdict.REFUSED,
        Verdict.NUMBER,
        Verdict.LATER,
        Verdict.REFUSED,
    ]


async def test_an_error_with_status_200_is_an_error() -> None:
    answer = httpx.Response(200, content=json.dumps({"error": {"code": 131056}}).encode())
    with pytest.raises(Refused) as refused:
        await send(answer)
    assert refused.value.code == 131056
