"""`/webhooks/chatwoot` on the running gateway: signed or secret, stored, answered at once, acted on afterwards."""

# ruff: noqa: ASYNC110 (it waits for what stands in a database)
from __future__ import annotations

import asyncio
import io
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import httpx
import pytest
from pydantic import ValidationError
from sqlalchemy import select

from areaclienti import logging as product_logging
from areaclienti.desk.chatwoot.signature import is_signed
from areaclienti.gateway.app import create_app
from areaclienti.gateway.db.chatwoot import ChatwootLink
from areaclienti.gateway.db.models import Message
from tests.contract.chatwoot import standin
from tests.contract.chatwoot.conftest import VALUES, settings
from tests.unit.gateway.browser import Browser, until
from tests.unit.gateway.doubles import ENGINE_KEY, IDENTITY_KEY, Engine, Identity

OPEN = {
    "desk_opens": "00:00", "desk_closes": "23:59:59", "desk_weekdays": [1, 2, 3, 4, 5, 6, 7],
    "desk_open_on_holidays": True, "desk_sweep_seconds": 0.05, "desk_key": "k" * 43 + "=",
}  # fmt: skip
PATH = "/webhooks/chatwoot"
HIDDEN = "a-path-that-nobody-else-can-know-42"


class Product:
    """The gateway, a customer in his browser, and Chatwoot on the other side."""

    def __init__(self, app: Any, chatwoot: standin.Chatwoot, engine: Engine, identity: Identity, path: str) -> None:
        self.app = app
        self.chatwoot = chatwoot
        self.engine = engine
        self.identity = identity
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost:8000")
        self.path = path
        chatwoot.deliver = self.deliver

    async def deliver(self, body: bytes, headers: dict[str, str]) -> int:
        return (await self.http.post(self.path, content=body, headers=headers)).status_code

    async def rows(self, query: Any) -> list[Any]:
        return await self.app.state.services.database.read(lambda session: list(session.scalars(query)))

    async def visitor(self) -> Browser:
        """Somebody whose chat has begun."""
        visitor = Browser(self.app)
        await visitor.open()
        await self.app.state.services.runner.settle()
        return visitor

    async def asks(self, visitor: Browser) -> None:
        """He asks for a person, and agents see him."""
        self.engine.handover = {"reason": "requested", "resume_step": "contact", "resume_expects": "email_or_mobile"}
        self.engine.expect("handover", "text")
        await visitor.say("voglio una persona")
        await self.app.state.services.runner.settle()
        self.engine.handover = None
        await self.until(lambda links: bool(links) and links[0].announced_handover_id is not None)

    async def customer(self) -> Browser:
        """Somebody who asked for a person and whom agents see."""
        visitor = await self.visitor()
        await self.asks(visitor)
        return visitor

    async def until(self, holds: Any) -> None:
        async with asyncio.timeout(60):
            while not holds(await self.rows(select(ChatwootLink))):
                await asyncio.sleep(0.02)


@asynccontextmanager
async def product(url: str, chatwoot: standin.Chatwoot, path: str = PATH, **values: Any) -> AsyncIterator[Product]:
    engine, identity = Engine(), Identity()
    keys = {"engine_key": ENGINE_KEY, "identity_gateway_key": IDENTITY_KEY, "gateway_database_url": url}
    app = create_app(
        settings(**OPEN, **keys, rate_limit_scale=1000, **values),
        engine_transport=httpx.ASGITransport(engine.app),
        identity_transport=httpx.ASGITransport(identity.app),
        chatwoot_transport=chatwoot.transport,
    )
    async with app.router.lifespan_context(app):
        yield Product(app, chatwoot, engine, identity, path)


@pytest.fixture
async def running(url: str, chatwoot: standin.Chatwoot) -> AsyncIterator[Product]:
    async with product(url, chatwoot) as found:
        yield found


def test_the_signature_of_the_facts_is_right_and_any_other_is_not() -> None:
    body, at = b'{"event":"message_created","id":1}', datetime.fromtimestamp(1790000000, UTC)
    signature = "sha256=d5a652a3011f0faeefeaa62f8114edd0725c0edd191c03717544871d7a1920f2"
    assert is_signed("secret-1", body, "1790000000", signature, at)
    for secret, sent, moment, header, present in (
        ("secret-2", body, "1790000000", signature, at),
        ("secret-1", body + b" ", "1790000000", signature, at),
        ("secret-1", body, "1790000001", signature, at),
        ("secret-1", body, None, signature, at),
        ("secret-1", body, "1790000000", None, at),
        ("secret-1", body, "1790000000", signature.removeprefix("sha256="), at),
        ("secret-1", body, "1790000000", signature, at + timedelta(seconds=301)),
        ("secret-1", body, "1790000000", signature, at - timedelta(seconds=301)),
        ("secret-1", body, "１７９０", signature, at),
    ):
        assert not is_signed(secret, sent, moment, header, present)


async def test_what_is_not_signed_is_not_looked_at(running: Product) -> None:
    running.chatwoot.signs = False
    visitor = await running.customer()
    written = running.chatwoot.writes(11, "sono un impostore")
    await running.chatwoot.settle()
    assert set(running.chatwoot.deliveries) == {401}
    assert written["status"] == "failed", "and the agent sees it"
    await visitor.close()


async def test_servers_that_sign_nothing_need_the_secret_address(url: str, chatwoot: standin.Chatwoot) -> None:
    chatwoot.signs = False
    values = {"chatwoot_webhook_secret": None, "chatwoot_webhook_path": HIDDEN}
    async with product(url, chatwoot, f"{PATH}/{HIDDEN}", **values) as running:
        visitor = await running.customer()
        chatwoot.assigns(11)
        chatwoot.writes(11, "Eccomi")
        await until_said(running, "Eccomi")
        assert set(chatwoot.deliveries) == {200}
        body = json.dumps({"event": "message_created"}).encode()
        assert (await running.http.post(f"{PATH}/{'x' * 35}", content=body)).status_code == 404
        assert (await running.http.post(PATH, content=body)).status_code == 401, "the open address takes nothing"
        await visitor.close()


async def test_an_agent_s_line_reaches_the_customer_s_browser(running: Product) -> None:
    visitor = await running.customer()
    running.chatwoot.writes(11, "Buongiorno, sono qui")
    await until_said(running, "Buongiorno, sono qui")
    await visitor.say("grazie!")
    await until(lambda: "grazie!" in running.chatwoot.said("incoming"))
    assert [one.text for one in running.engine.turns if one.text == "grazie!"] == [], "the assistant is not asked"
    await visitor.close()


async def test_it_is_answered_at_once_and_retries_of_an_agent_bot_change_nothing(running: Product) -> None:
    """Chatwoot waits 5 s; whatever is slow here is not between its request and our answer."""
    visitor = await running.customer()
    running.chatwoot.holds_webhooks = True
    for number in range(20):
        running.chatwoot.writes(11, f"riga {number}")
    held, running.chatwoot.webhooks = running.chatwoot.webhooks, []
    running.chatwoot.gate = asyncio.Event()  # Chatwoot's own API answers nothing meanwhile
    took = []
    for body, delivery in held * 2:
        began = time.thread_time()
        await running.chatwoot._deliver(body, delivery)
        took.append(time.thread_time() - began)
    running.chatwoot.gate.set()
    assert set(running.chatwoot.deliveries) == {200}
    assert median(took) < 0.1
    await until_said(running, "riga 19")
    replies = [one.text for one in await running.rows(select(Message).order_by(Message.seq)) if one.author == "agent"]
    assert replies == [f"riga {number}" for number in range(20)]
    await visitor.close()


async def test_a_time_out_is_not_tried_again_and_nothing_is_lost(
    running: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """5 s, then never again: a delivery that failed is read from Chatwoot's list."""
    visitor = await running.customer()
    running.chatwoot.webhook_timeout, running.chatwoot.retries = 0.05, 2
    deliver = running.deliver
    tries: list[bytes] = []

    async def slow(body: bytes, headers: dict[str, str]) -> int:
        tries.append(body)
        await asyncio.Event().wait()
        return 200

    running.chatwoot.deliver = slow
    unheard = running.chatwoot.writes(11, "mi sentite?")
    await running.chatwoot.settle()
    assert len([body for body in tries if b"mi sentite?" in body]) == 1
    assert running.chatwoot.deliveries[-1:] == [0] and unheard["status"] == "failed"
    failing, answers = iter([500, 429]), []

    async def failing_twice(body: bytes, headers: dict[str, str]) -> int:
        if b"e adesso?" not in body:  # what else changes meanwhile is told of as well
            return await deliver(body, headers)
        answers.append(next(failing, None) or await deliver(body, headers))
        return answers[-1]

    running.chatwoot.webhook_timeout, running.chatwoot.deliver = 5.0, failing_twice
    running.chatwoot.writes(11, "e adesso?")
    await running.chatwoot.settle()
    assert answers == [500, 429, 200]
    await until_said(running, "e adesso?")
    replies = [one.text for one in await running.rows(select(Message).order_by(Message.seq)) if one.author == "agent"]
    assert replies == ["mi sentite?", "e adesso?"], "and the one that no webhook brought came with it, first"
    await visitor.close()


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"', b"\xff"])
async def test_what_is_no_json_object_is_refused(url: str, chatwoot: standin.Chatwoot, body: bytes) -> None:
    values = {"chatwoot_webhook_path": HIDDEN}
    async with product(url, chatwoot, f"{PATH}/{HIDDEN}", **values) as running:
        assert (await running.http.post(running.path, content=body)).status_code == 400


@pytest.mark.parametrize(
    "event",
    [
        {"event": "webwidget_triggered"},
        {"event": "message_created", "id": "x", "conversation": {"id": 101}},
        {"event": "message_created", "id": 1, "conversation": None},
        {"event": "conversation_updated", "id": 99999, "status": "resolved"},
        {"event": "conversation_status_changed", "id": 101, "status": None, "meta": [], "labels": 3},
        {"event": "message_created", "id": 2**70, "content": {"x": 1}, "conversation": {"id": 101}, "sender": "x"},
    ],
)
async def test_shapes_that_nobody_knows_are_taken_and_do_nothing(
    url: str, chatwoot: standin.Chatwoot, event: dict[str, Any]
) -> None:
    async with product(url, chatwoot, f"{PATH}/{HIDDEN}", chatwoot_webhook_path=HIDDEN) as running:
        assert (await running.http.post(running.path, content=json.dumps(event))).status_code == 200


async def test_another_account_s_events_are_not_ours(running: Product) -> None:
    visitor = await running.customer()
    running.chatwoot.holds_webhooks = True
    running.chatwoot.writes(11, "di un altro conto")
    ((body, delivery),) = running.chatwoot.webhooks
    running.chatwoot.only.messages.pop()
    payload = json.loads(body) | {"account": {"id": 8}}
    await running.chatwoot._deliver(json.dumps(payload).encode(), delivery)
    assert running.chatwoot.deliveries[-1] == 200
    running.chatwoot.holds_webhooks = False
    running.chatwoot.writes(11, "del nostro")
    await until_said(running, "del nostro")
    assert [one.text for one in await running.rows(select(Message)) if one.author == "agent"] == ["del nostro"]
    await visitor.close()


async def test_health_says_that_operators_are_needed(running: Product) -> None:
    running.chatwoot.token = "another"
    await running.app.state.chatwoot.look_at_agents()
    answer = await running.http.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["chatwoot"] == {"sending": "paused", "reason": "token"}


async def test_no_token_and_no_text_stands_in_the_log(running: Product) -> None:
    lines = io.StringIO()
    product_logging.configure("gateway", "DEBUG", lines)
    visitor = await running.customer()
    running.chatwoot.writes(11, "una riga che nessun log deve avere")
    await until_said(running, "una riga che nessun log deve avere")
    running.chatwoot.token = "another"
    await running.app.state.chatwoot.look_at_agents()
    found = lines.getvalue()
    assert "chatwoot_paused" in found
    for secret in (standin.PUBSUB, standin.TOKEN, standin.SECRET, standin.HMAC_TOKEN, "nessun log", "Giulia"):
        assert secret not in found
    await visitor.close()


async def test_without_the_setting_there_is_no_such_address(url: str, chatwoot: standin.Chatwoot) -> None:
    async with product(url, chatwoot, handover="desk") as running:
        assert (await running.http.post(PATH, content=b"{}")).status_code == 404
        assert chatwoot.requests == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"desk": False}, "AREACLIENTI_DESK=on"),
        (
            {"chatwoot_api_token": None, "chatwoot_url": None},
            "AREACLIENTI_CHATWOOT_URL, AREACLIENTI_CHATWOOT_API_TOKEN",
        ),
        ({"chatwoot_url": "http://chatwoot.example"}, "https://host"),
        ({"chatwoot_webhook_secret": None}, "AREACLIENTI_CHATWOOT_WEBHOOK_SECRET"),
        ({"chatwoot_webhook_path": "short"}, "at least 32"),
    ],
)
def test_settings_that_are_not_whole_are_refused_in_words(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        settings(**values)
    assert words in str(refused.value)
    assert VALUES["chatwoot_hmac_token"] not in str(refused.value)


async def until_said(running: Product, text: str) -> None:
    async with asyncio.timeout(60):
        while text not in [one.text for one in await running.rows(select(Message))]:
            await asyncio.sleep(0.02)
