"""What providers report of messages that they took: recorded forward only, whatever the order, however often."""

from __future__ import annotations

from typing import Final, Literal

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from areaclienti.identity.db.models import OutboxMessage, ProviderMessage, ReceiptCount
from areaclienti.identity.delivery import outbox
from areaclienti.identity.delivery.sms.provider import Receipt
from areaclienti.identity.work import Work

Outcome = Literal["applied", "repeated", "late", "unknown"]

# One order for all: whichever way receipts are mixed, the end is the same. A delivery after a failure is believed: the
# network tried again, or another copy came through.
_ORDER: Final[tuple[str | None, ...]] = (None, "queued", "sent", "undelivered", "delivered")


async def record(work: Work, provider: str, receipt: Receipt) -> Outcome:
    """Records one receipt and counts it. A second copy of a message is counted as `copy` as well."""
    message = await _message_of(work, provider, receipt)
    if message is None:
        outcome: Outcome = "unknown"
    else:
        if receipt.provider_id and await outbox.remember_copy(work, message.id, provider, receipt.provider_id):
            await _count(work, provider, "copy")
        outcome = _apply(work, message, receipt)
        if receipt.status != "undelivered":
            await outbox.sent_says_receipt(work, message, provider)
    await _count(work, provider, outcome)
    return outcome


def _apply(work: Work, message: OutboxMessage, receipt: Receipt) -> Outcome:
    step = _ORDER.index(receipt.status) - _ORDER.index(message.delivery)
    if step == 0:
        return "repeated"
    if step < 0:
        return "late"
    message.delivery, message.delivery_at, message.delivery_reason = receipt.status, work.now, receipt.reason
    if receipt.status == "undelivered":
        work.note("message_undelivered", receipt.reason, message.id)
    return "applied"


async def _message_of(work: Work, provider: str, receipt: Receipt) -> OutboxMessage | None:
    outbox_id = receipt.outbox_id
    if outbox_id is None:
        known = await work.session.get(ProviderMessage, (provider, receipt.provider_id))
        if known is None:
            return None
        outbox_id = known.outbox_id
    return await work.session.scalar(
        select(OutboxMessage).where(OutboxMessage.id == outbox_id, OutboxMessage.channel == "sms").with_for_update()
    )


async def _count(work: Work, provider: str, outcome: str) -> None:
    insert = sqlite_insert if work.database.is_sqlite else postgresql_insert
    statement = insert(ReceiptCount).values(provider=provider, outcome=outcome, count=1)
    await work.session.execute(
        statement.on_conflict_do_update(
            index_elements=["provider", "outcome"], set_={"count": ReceiptCount.count + 1}
        ).execution_options(synchronize_session=False)
    )
