"""The contract of delivery: a message of the outbox goes out once, in our words or by the insurer's hub."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from areaclienti.domain.contacts import parse_contact
from areaclienti.identity.db.models import AuditEvent, Contact, OutboxMessage
from areaclienti.identity.delivery import outbox
from areaclienti.identity.delivery.outbox import Claimed
from areaclienti.identity.ports.registry.contract import ContactOnFile
from tests.contract.ports.conftest import Sides
from tests.unit.identity.world import settings_for

MARIO = ContactOnFile("email", "mario.rossi@posta.example", "mario.rossi@posta.example", False)
MOBILE = ContactOnFile("mobile", "+393201234600", "+393201234600", False)


async def enqueue(sides: Sides, contact: Any, template: str = "account_created", minutes: float = 60) -> None:
    async def act(work: Any) -> None:
        await outbox.enqueue(
            work,
            template=template,
            contact=contact,
            parameters={"code": "123456", "minutes": 5} if template.endswith("_code") else {},
            expires_at=work.now + timedelta(minutes=minutes),
        )

    await sides.product.do(act)


async def rows(sides: Sides) -> list[tuple[str, str | None, str | None]]:
    async with sides.product.database.read() as session:
        found = await session.execute(select(OutboxMessage.status, OutboxMessage.reason, OutboxMessage.sealed))
        return [(status, reason, sealed) for status, reason, sealed in found]


async def test_a_message_reaches_the_contact_and_leaves_nothing_behind(sides: Sides) -> None:
    await enqueue(sides, MARIO)
    await enqueue(sides, MOBILE)
    sent = await sides.mail()
    assert {(message["channel"], message["to"]) for message in sent} == {
        ("email", "mario.rossi@posta.example"),
        ("sms", "+393201234600"),
    }
    assert [(status, sealed) for status, _, sealed in await rows(sides)] == [("sent", None)] * 2


async def test_the_same_message_twice_arrives_once(sides: Sides) -> None:
    await enqueue(sides, MARIO)
    await sides.mail()
    async with sides.product.database.read() as session:
        message = (await session.scalars(select(OutboxMessage))).one()
    expires_at = sides.clock() + timedelta(hours=1)
    claimed = Claimed(message.id, "email", "account_created", MARIO.value, {}, 2, expires_at)
    for _ in range(2):  # a worker that died after the hop had taken it, and another that claimed it again
        await sides.product.senders["email"].send(claimed)
    assert len(await sides.mail()) == 1


async def test_a_message_that_cannot_be_sent_is_dropped_with_a_reason(sides: Sides) -> None:
    await enqueue(sides, MARIO, "no_such_template")
    assert await sides.mail() == []
    assert [(status, reason) for status, reason, _ in await rows(sides)] in (
        [("dropped", "unrenderable")],
        [("dropped", "notifications_refused")],
    )


async def test_nothing_goes_to_a_contact_that_was_only_typed(sides: Sides) -> None:
    await enqueue(sides, parse_contact("nessuno@posta.example"))
    assert await sides.mail() == []
    assert [(status, reason) for status, reason, _ in await rows(sides)] == [("dropped", "not_on_file")]


# --- the insurer's hub alone ----------------------------------------------------------------------------------------

over_http = pytest.mark.parametrize("sides", ["http"], indirect=True)


@over_http
async def test_a_hub_that_is_down_gets_the_message_later_and_never_after_its_life(sides: Sides) -> None:
    for minutes in (60, 5):
        await sides.refused_once("/v1/notifications", lambda: enqueue(sides, MARIO, minutes=minutes))  # noqa: B023
        sides.clock.move(minutes=6)
        assert len(await sides.mail()) == 1
    assert sorted(status for status, _, _ in await rows(sides)) == ["dropped", "sent"]


@over_http
async def test_codes_go_to_the_code_service_and_notices_to_the_hub(sides: Sides) -> None:
    assert sides.server
    await enqueue(sides, MARIO)
    await sides.mail()
    assert sides.server.asked == ["/v1/notifications/send"]


@over_http
async def test_the_audit_has_ids_and_reasons_alone(sides: Sides) -> None:
    await enqueue(sides, MOBILE)
    await sides.mail()
    async with sides.product.database.read() as session:
        written = [repr(vars(row)) for row in await session.scalars(select(AuditEvent))]
        assert not (await session.scalars(select(Contact))).all()
    assert written
    assert not any("3201234600" in row for row in written)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"notifications_url": "https://hub.insurer.example"}, "needs AREACLIENTI_DELIVERY=live"),
        ({"notifications_url": "http://hub.insurer.example", "delivery": "live"}, "must be https"),
    ],
)
def test_a_hub_is_set_whole_or_refused_in_one_line(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        settings_for("sqlite+aiosqlite:///unused.db", **changes)
    assert [told in error["msg"] for error in refused.value.errors()] == [True]


def test_a_hub_needs_neither_mail_server_nor_sms_provider() -> None:
    settings = settings_for(
        "sqlite+aiosqlite:///unused.db", delivery="live", notifications_url="https://hub.insurer.example"
    )
    assert not settings.sends_itself
