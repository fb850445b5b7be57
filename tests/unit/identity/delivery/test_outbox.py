"""The outbox: claimed by one, fenced, retried, never sent expired, erased at its end, and one lane a channel."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from areaclienti.identity.db.models import AuditEvent, Contact, OutboxMessage, ProviderMessage
from areaclienti.identity.delivery import lane, outbox
from areaclienti.identity.delivery.adapters import Accepted
from areaclienti.identity.delivery.circuit import Circuit
from tests.unit.identity.delivery.servers import Answer, Gateway, MailServer, rows, until
from tests.unit.identity.world import OFFICINE, World

AWorld = Callable[..., AbstractAsyncContextManager[World]]
NOWHERE = "smtps://127.0.0.1:1"


def live(gateway: Gateway, smtp_url: str = NOWHERE, **changes: Any) -> dict[str, Any]:
    return {
        "delivery": "live",
        "smtp_url": smtp_url,
        "sms_webhook_url": f"{gateway.url}/sms",
        "sms_webhook_token": "token",
        "outbox_poll_seconds": 0.05,
    } | changes


async def claim(world: World, channel: str = "email", limit: int = 10, needs: float = 0.0) -> list[outbox.Claimed]:
    async with world.services.work() as work:
        return await outbox.claim(work, channel, limit, needs)


async def enqueue_sms(world: World, template: str = "account_created", **parameters: Any) -> None:
    async with world.services.work() as work:
        contact = await work.session.scalar(select(Contact).where(Contact.value == "+393201234600"))
        assert contact is not None
        await outbox.enqueue(
            work,
            template=template,
            contact=contact,
            parameters=parameters,
            expires_at=work.now + timedelta(hours=1),
        )


def first_row_is(world: World, **wanted: Any) -> Callable[[], Any]:
    async def holds() -> bool:
        found = await rows(world)
        return bool(found) and all(getattr(found[0], name) == value for name, value in wanted.items())

    return holds


# --- whole ----------------------------------------------------------------------------------------------------------


async def test_live_delivery_sends_the_codes_and_erases_them(
    a_world: AWorld, mail_server: tuple[str, MailServer], certificate: tuple[Path, Path], sms_gateway: Gateway
) -> None:
    url, server = mail_server
    sms_gateway.answers = [Answer(503)]
    async with a_world(**live(sms_gateway, url, smtp_ca_file=certificate[0])) as world:
        await world.register("conv-1")
        await world.register("conv-2", contact="320 1234600")

        async def first_tries_are_over() -> bool:
            return all(row.status == "sent" or row.reason for row in await rows(world))

        await until(first_tries_are_over)
        world.clock.move(seconds=10)

        async def all_sent() -> bool:
            return all(row.status == "sent" for row in await rows(world))

        await until(all_sent)
        stored = await rows(world)
    assert [(row.sealed, row.destination) for row in stored] == [(None, None)] * 2
    assert {row.provider for row in stored} == {"smtp", "webhook"}  # both of one moment: their order is chance
    assert len(server.accepted) == 1
    first, second = (asked.json() for asked in sms_gateway.asked)
    assert first == second  # at least once, and the same under one idempotency key
    assert first["to"] == "+393201234600"


async def test_a_provider_that_never_accepts_is_given_up_at_once(a_world: AWorld, sms_gateway: Gateway) -> None:
    sms_gateway.usual = Answer(400)
    async with a_world(**live(sms_gateway)) as world:
        await world.register(contact="320 1234600")
        await until(first_row_is(world, status="dropped", reason="webhook_400", sealed=None, destination=None))
    assert len(sms_gateway.asked) == 1


async def test_a_code_that_could_not_be_sent_in_time_is_dropped_and_not_delivered_late(
    a_world: AWorld, sms_gateway: Gateway
) -> None:
    sms_gateway.usual = Answer(503)
    async with a_world(**live(sms_gateway)) as world:
        await world.register(contact="320 1234600")
        await until(first_row_is(world, status="pending", reason="webhook_503"))
        tried = len(sms_gateway.asked)
        world.clock.move(minutes=5)
        sms_gateway.usual = Answer(202)
        await until(first_row_is(world, status="dropped", reason="expired", sealed=None))
    assert len(sms_gateway.asked) == tried


async def test_a_code_with_less_life_than_sending_may_take_is_not_begun(a_world: AWorld, sms_gateway: Gateway) -> None:
    async with a_world(**live(sms_gateway, code_life_sms_seconds=9)) as world:  # sending may take 10
        await world.register(contact="320 1234600")
        await until(first_row_is(world, status="dropped", reason="expired"))
    assert sms_gateway.asked == []


async def test_the_life_is_looked_at_again_right_before_sending(
    a_world: AWorld, sms_gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the process was suspended between the claim and the sending."""
    claim_of_the_product = outbox.claim
    async with a_world(**live(sms_gateway)) as world:

        async def claim_and_fall_asleep(*arguments: Any) -> list[outbox.Claimed]:
            claimed = await claim_of_the_product(*arguments)
            if claimed:
                world.clock.move(minutes=5)
            return claimed

        monkeypatch.setattr(outbox, "claim", claim_and_fall_asleep)
        await world.register(contact="320 1234600")
        await until(first_row_is(world, status="dropped", reason="expired"))
    assert sms_gateway.asked == []


@pytest.mark.parametrize("asked", ["40", "Mon, 23 Nov 2026 09:00:40 GMT"], ids=["seconds", "http-date"])
async def test_retry_after_is_respected(a_world: AWorld, sms_gateway: Gateway, asked: str) -> None:
    sms_gateway.answers = [Answer(429, headers={"Retry-After": asked})]
    async with a_world(**live(sms_gateway)) as world:
        began = world.clock.now
        await world.register(contact="320 1234600")
        await until(first_row_is(world, status="pending", reason="webhook_429"))
        assert (await rows(world))[0].due_at == began + timedelta(seconds=40)


async def test_a_code_that_the_provider_would_take_after_its_life_only_is_dropped_at_once(
    a_world: AWorld, sms_gateway: Gateway
) -> None:
    sms_gateway.answers = [Answer(429, headers={"Retry-After": "3600"})]
    async with a_world(**live(sms_gateway)) as world:
        await world.register(contact="320 1234600")
        await until(first_row_is(world, status="dropped", reason="webhook_429", sealed=None))


async def test_an_answer_that_was_lost_is_counted(a_world: AWorld, sms_gateway: Gateway) -> None:
    sms_gateway.answers = [Answer(cut=True), Answer(held=asyncio.Event())]
    async with a_world(**live(sms_gateway, delivery_timeout_seconds=2)) as world:
        await world.register(contact="320 1234600")
        await until(first_row_is(world, reason="webhook_cut", lost_answers=1))
        world.clock.move(seconds=10)
        await until(first_row_is(world, reason="webhook_timeout", lost_answers=2))
        world.clock.move(seconds=10)
        await until(first_row_is(world, status="sent", lost_answers=2))
    assert {asked.headers["idempotency-key"] for asked in sms_gateway.asked} == {sms_gateway.asked[0].json()["id"]}


async def test_a_message_that_cannot_be_unsealed_is_dropped_and_holds_up_nobody(
    a_world: AWorld, sms_gateway: Gateway
) -> None:
    async with a_world(**live(sms_gateway, outbox_poll_seconds=3600)) as world:
        await world.services.close()
        await world.register("conv-1", contact="320 1234600")
        await world.register("conv-2", **OFFICINE | {"contact": "347 9876543"})
        first, _ = await rows(world)
        async with world.services.database.write() as session:
            await session.execute(update(OutboxMessage).where(OutboxMessage.id == first.id).values(sealed="x" * 80))
        assert len(await claim(world, "sms")) == 1
        after = {row.id == first.id: (row.status, row.reason) for row in await rows(world)}
        assert after == {True: ("dropped", "unreadable"), False: ("claimed", None)}


async def test_a_message_whose_template_fails_is_dropped_at_once(a_world: AWorld, sms_gateway: Gateway) -> None:
    async with a_world(**live(sms_gateway)) as world:
        await enqueue_sms(world, "registration_code", minutes=5)  # and no code
        await until(first_row_is(world, status="dropped", reason="unrenderable", sealed=None))


# --- claims ---------------------------------------------------------------------------------------------------------


async def test_a_replaced_code_is_not_sent_any_more(a_world: AWorld) -> None:
    async with a_world(outbox_poll_seconds=3600) as world:
        await world.services.close()  # nobody delivers meanwhile
        registration_id = (await world.register()).json()["registration_id"]
        world.clock.move(seconds=30)
        await world.actions(f"/v1/registrations/{registration_id}/code", {})
        claimed = await claim(world)
        assert [(row.status, row.reason) for row in await rows(world)] == [("dropped", "replaced"), ("claimed", None)]
        assert len(claimed) == 1


async def test_a_replaced_code_that_waits_for_its_next_try_is_erased_at_once(
    a_world: AWorld, sms_gateway: Gateway
) -> None:
    sms_gateway.usual = Answer(503, headers={"Retry-After": "200"})
    async with a_world(**live(sms_gateway)) as world:
        registration_id = (await world.register(contact="320 1234600")).json()["registration_id"]
        await until(first_row_is(world, status="pending", reason="webhook_503"))
        world.clock.move(seconds=31)
        await world.actions(f"/v1/registrations/{registration_id}/code", {})
        await until(first_row_is(world, status="dropped", reason="replaced", sealed=None))


async def test_a_message_is_claimed_by_one_of_many_workers_and_again_when_that_one_died(a_world: AWorld) -> None:
    async with a_world(outbox_poll_seconds=3600) as world:
        await world.services.close()
        await world.register()
        claims = await asyncio.gather(*(claim(world) for _ in range(10)))
        assert sum(len(batch) for batch in claims) == 1
        dead = next(batch[0] for batch in claims if batch)
        world.clock.move(seconds=61)
        (heir,) = await claim(world)
        assert (heir.id, heir.tries) == (dead.id, 2)
        async with world.services.work() as work:
            await outbox.drop(work, dead, "internal")  # its lease is over: it has no say any more
        (row,) = await rows(world)
        assert (row.status, row.lost_answers) == ("claimed", 1)


async def test_control_without_a_claim_every_worker_sends_the_message(a_world: AWorld) -> None:
    """What the claim is for: read, send, then mark lets ten workers send ten times."""
    async with a_world(outbox_poll_seconds=3600) as world:
        await world.services.close()
        await world.register()
        sent: list[str] = []

        async def naive_worker() -> None:
            async with world.services.database.read() as session:
                waiting = (await session.scalars(select(OutboxMessage).where(OutboxMessage.status == "pending"))).all()
            for message in waiting:
                sent.append(message.id)
                await asyncio.sleep(0.05)
                async with world.services.database.write() as session:
                    await session.execute(
                        update(OutboxMessage).where(OutboxMessage.id == message.id).values(status="sent")
                    )

        await asyncio.gather(*(naive_worker() for _ in range(10)))
        assert len(sent) > 1


async def test_two_copies_that_a_provider_took_are_both_on_record(a_world: AWorld) -> None:
    async with a_world(outbox_poll_seconds=3600) as world:
        await world.services.close()
        await world.register(contact="320 1234600")
        (first,) = await claim(world, "sms")
        world.clock.move(seconds=61)
        (second,) = await claim(world, "sms")
        for claimed, provider_id in ((second, "SM2"), (first, "SM1")):
            async with world.services.work() as work:
                await outbox.sent(work, claimed, Accepted("twilio", provider_id))
        async with world.services.database.read() as session:
            assert await session.scalar(select(func.count()).select_from(ProviderMessage)) == 2
        assert [row.status for row in await rows(world)] == ["sent"]


async def test_the_code_and_the_address_are_sealed_while_they_wait(a_world: AWorld) -> None:
    async with a_world(outbox_poll_seconds=3600) as world:
        await world.services.close()
        await world.register()
        (row,) = await rows(world)
        (claimed,) = await claim(world)
        assert re.fullmatch(r"\d{6}", claimed.parameters["code"])
        assert row.sealed is not None and claimed.parameters["code"] not in row.sealed


async def test_nothing_of_the_message_is_in_the_audit(a_world: AWorld, sms_gateway: Gateway) -> None:
    sms_gateway.usual = Answer(400, {"message": "+393201234600 is not valid"})
    async with a_world(**live(sms_gateway)) as world:
        await world.register(contact="320 1234600")
        await until(first_row_is(world, status="dropped"))
        async with world.services.database.read() as session:
            events = (await session.scalars(select(AuditEvent))).all()
    written = " ".join(f"{event.event} {event.reason} {event.subject}" for event in events)
    assert "message_dropped webhook_400 out_" in written
    assert "320123" not in written


# --- lanes ----------------------------------------------------------------------------------------------------------


async def test_a_slow_sms_gateway_does_not_hold_up_the_emails(
    a_world: AWorld, mail_server: tuple[str, MailServer], certificate: tuple[Path, Path], sms_gateway: Gateway
) -> None:
    url, server = mail_server
    taken = asyncio.Event()
    sms_gateway.usual = Answer(held=taken)
    patient = live(sms_gateway, url, smtp_ca_file=certificate[0], delivery_timeout_seconds=60, outbox_lease_seconds=120)
    async with a_world(**patient, code_life_sms_seconds=600) as world:
        await world.register("conv-1", contact="320 1234600")
        await until(lambda: _truth(sms_gateway.at_once == 1))
        await world.register("conv-2", **OFFICINE)
        await until(lambda: _truth(len(server.accepted) == 1))
        assert (sms_gateway.at_once, len(sms_gateway.asked)) == (1, 1), "it has not answered yet"
        taken.set()


async def _truth(value: bool) -> bool:
    return value


async def test_several_are_sent_at_once_and_never_more_than_the_setting_allows(
    a_world: AWorld, sms_gateway: Gateway
) -> None:
    taken = asyncio.Event()
    sms_gateway.usual = Answer(after_seconds=0.2, held=taken)
    async with a_world(**live(sms_gateway, outbox_at_once=3)) as world:
        for _ in range(8):
            await enqueue_sms(world)
        await until(lambda: _truth(sms_gateway.at_once == 3))
        await asyncio.sleep(0.3)  # time for a fourth
        taken.set()

        async def all_sent() -> bool:
            found = await rows(world)
            return len(found) == 8 and all(row.status == "sent" for row in found)

        await until(all_sent)
    assert sms_gateway.most_at_once == 3


async def test_a_gateway_that_fails_is_left_alone_and_taken_up_again_when_it_is_back(
    a_world: AWorld, sms_gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = [0.0]
    monkeypatch.setattr(lane, "Circuit", lambda: Circuit(lambda: seconds[0]))
    sms_gateway.usual = Answer(500)
    async with a_world(**live(sms_gateway, outbox_at_once=1)) as world:
        for _ in range(20):
            await enqueue_sms(world)
        await until(lambda: _truth(len(sms_gateway.asked) >= 5))
        await asyncio.sleep(0.5)
        assert len(sms_gateway.asked) == 5  # twenty wait, five failed in a row
        seconds[0] = 1.0
        await until(lambda: _truth(len(sms_gateway.asked) >= 6))
        await asyncio.sleep(0.5)
        assert len(sms_gateway.asked) == 6  # one looked whether it is back: it is not
        sms_gateway.usual = Answer(202)
        seconds[0] = 10.0
        world.clock.move(minutes=2)

        async def all_sent() -> bool:
            return all(row.status == "sent" for row in await rows(world))

        await until(all_sent)
