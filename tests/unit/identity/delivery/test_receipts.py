"""Receipts, from the gateway's relay to the record: forward only, once, and no number anywhere."""

from __future__ import annotations

import asyncio
import base64
import itertools
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from areaclienti.identity.db.models import AuditEvent, ReceiptCount
from tests.unit.identity.delivery.servers import Answer, Gateway, rows, until
from tests.unit.identity.delivery.test_outbox import first_row_is, live
from tests.unit.identity.delivery.test_sms_providers import Relayed, hook_receipt, twilio_receipt
from tests.unit.identity.world import World

AWorld = Callable[..., AbstractAsyncContextManager[World]]


async def relay(world: World, call: Relayed, provider: str = "webhook") -> httpx.Response:
    body = {
        "path_token": call.path_token,
        "query": call.query,
        "headers": dict(call.headers),
        "body": base64.b64encode(call.body).decode(),
    }
    return await world.gateway("POST", f"/v1/receipts/sms/{provider}", body)


async def report(world: World, message_id: str, status: str, **fields: Any) -> list[str]:
    answer = await relay(world, hook_receipt(id=message_id, status=status, **fields))
    assert answer.status_code == 200, answer.text
    return list(answer.json()["outcomes"])


async def counts(world: World) -> dict[str, int]:
    async with world.services.database.read() as session:
        found = (await session.scalars(select(ReceiptCount))).all()
    return {row.outcome: row.count for row in found}


def with_receipts(gateway: Gateway, **changes: Any) -> dict[str, Any]:
    return live(gateway, sms_receipts_secret="hook-secret", **changes)


async def a_sent_message(world: World) -> str:
    await world.register(contact="320 1234600")
    await until(first_row_is(world, status="sent"))
    return (await rows(world))[0].id


async def test_a_message_goes_from_queued_to_delivered_and_never_back(a_world: AWorld, sms_gateway: Gateway) -> None:
    async with a_world(**with_receipts(sms_gateway)) as world:
        message = await a_sent_message(world)
        for status, outcome in [
            ("queued", "applied"),
            ("sent", "applied"),
            ("sent", "repeated"),
            ("delivered", "applied"),
            ("sent", "late"),
            ("undelivered", "late"),
            ("delivered", "repeated"),
        ]:
            assert await report(world, message, status) == [outcome]
        assert (await rows(world))[0].delivery == "delivered"
        assert await counts(world) == {"applied": 3, "repeated": 2, "late": 2}


async def test_receipts_end_the_same_in_whatever_order_they_come(a_world: AWorld, sms_gateway: Gateway) -> None:
    async with a_world(**with_receipts(sms_gateway, sms_per_day=100, code_sends_per_day=100)) as world:
        message = await a_sent_message(world)
        for order in itertools.permutations(["queued", "sent", "undelivered", "delivered"]):
            async with world.services.database.write() as session:
                row = await session.get_one(type((await rows(world))[0]), message)
                row.delivery = None
            for status in order:
                await report(world, message, status)
            assert (await rows(world))[0].delivery == "delivered"


async def test_an_undelivered_code_is_in_the_audit_by_reason_and_never_by_number(
    a_world: AWorld, sms_gateway: Gateway
) -> None:
    async with a_world(**with_receipts(sms_gateway)) as world:
        message = await a_sent_message(world)
        await report(world, message, "undelivered", reason="absent_subscriber", to="+393201234600")
        async with world.services.database.read() as session:
            events = (await session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()))).all()
        assert (events[0].event, events[0].reason, events[0].subject) == (
            "message_undelivered",
            "webhook_absent_subscriber",
            message,
        )
        assert not any("3201234600" in f"{event.reason}{event.subject}" for event in events)
        assert (await rows(world))[0].delivery_reason == "webhook_absent_subscriber"


async def test_an_unknown_id_is_taken_counted_and_changes_nothing(a_world: AWorld, sms_gateway: Gateway) -> None:
    async with a_world(**with_receipts(sms_gateway)) as world:
        assert await report(world, "out_nobody", "delivered") == ["unknown"]
        assert await report(world, "out_nobody", "delivered", provider_id="gw-9") == ["unknown"]
        assert await counts(world) == {"unknown": 2}


async def test_a_receipt_is_known_by_the_providers_id_alone(a_world: AWorld, sms_gateway: Gateway) -> None:
    sms_gateway.usual = Answer(202, {"id": "gw-1"})
    async with a_world(**with_receipts(sms_gateway)) as world:
        await a_sent_message(world)
        answer = await relay(world, hook_receipt(id=None, provider_id="gw-1", status="delivered"))
        assert answer.json() == {"outcomes": ["applied"]}
        assert (await rows(world))[0].delivery == "delivered"


async def test_a_receipt_for_a_message_whose_answer_was_lost_saves_the_second_sending(
    a_world: AWorld, sms_gateway: Gateway
) -> None:
    sms_gateway.answers = [Answer(cut=True)]
    async with a_world(**with_receipts(sms_gateway)) as world:
        await world.register(contact="320 1234600")
        await until(first_row_is(world, status="pending", reason="webhook_cut"))
        assert await report(world, (await rows(world))[0].id, "sent") == ["applied"]
        assert await first_row_is(world, status="sent", sealed=None, destination=None)()
        world.clock.move(minutes=1)
        await asyncio.sleep(0.3)
    assert len(sms_gateway.asked) == 1


async def test_a_failure_reported_for_a_lost_answer_does_not_stop_the_next_try(
    a_world: AWorld, sms_gateway: Gateway
) -> None:
    sms_gateway.answers = [Answer(cut=True)]
    async with a_world(**with_receipts(sms_gateway)) as world:
        await world.register(contact="320 1234600")
        await until(first_row_is(world, status="pending", reason="webhook_cut"))
        await report(world, (await rows(world))[0].id, "undelivered")
        world.clock.move(minutes=1)
        await until(first_row_is(world, status="sent"))


async def test_a_second_copy_that_a_receipt_reveals_is_counted(a_world: AWorld, sms_gateway: Gateway) -> None:
    sms_gateway.usual = Answer(202, {"id": "gw-2"})
    async with a_world(**with_receipts(sms_gateway)) as world:
        message = await a_sent_message(world)
        await report(world, message, "delivered", provider_id="gw-2")
        await report(world, message, "delivered", provider_id="gw-1")  # an earlier try, whose answer never came
        await report(world, message, "delivered", provider_id="gw-1")
        assert (await counts(world))["copy"] == 1


async def test_of_a_receipt_that_comes_many_times_at_once_one_is_applied(a_world: AWorld, sms_gateway: Gateway) -> None:
    async with a_world(**with_receipts(sms_gateway)) as world:
        message = await a_sent_message(world)
        outcomes = await asyncio.gather(*(report(world, message, "delivered") for _ in range(10)))
        assert sorted(itertools.chain(*outcomes)) == ["applied"] + ["repeated"] * 9
        assert await counts(world) == {"applied": 1, "repeated": 9}


async def test_a_call_that_proves_nothing_is_refused_and_not_written_down(
    a_world: AWorld, sms_gateway: Gateway
) -> None:
    async with a_world(**with_receipts(sms_gateway)) as world:
        message = await a_sent_message(world)
        answer = await relay(world, hook_receipt("guessed", id=message))
        assert (answer.status_code, answer.json()["code"]) == (403, "not_the_provider")
        assert await counts(world) == {}
        assert (await rows(world))[0].delivery is None


async def test_a_mailbox_has_no_receipts(world: World) -> None:
    assert (await relay(world, hook_receipt())).status_code == 404


async def test_only_the_provider_that_is_set_has_an_address(a_world: AWorld, sms_gateway: Gateway) -> None:
    async with a_world(**with_receipts(sms_gateway)) as live_world:
        assert (await relay(live_world, twilio_receipt(), "twilio")).status_code == 404


@pytest.mark.parametrize("body", ["***", "a"])
async def test_a_relay_that_is_no_base64_is_refused(a_world: AWorld, sms_gateway: Gateway, body: str) -> None:
    async with a_world(**with_receipts(sms_gateway)) as world:
        asked = {"headers": {}, "body": body}
        assert (await world.gateway("POST", "/v1/receipts/sms/webhook", asked)).status_code == 422
