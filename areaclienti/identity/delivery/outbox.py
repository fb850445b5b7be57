"""The transactional outbox: a message is written with the effect that needs it, claimed once, sent, and erased."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, inspect, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from areaclienti.crypto import new_id
from areaclienti.domain.contacts import Contact as TypedContact
from areaclienti.identity.db.engine import insert_if_absent
from areaclienti.identity.db.models import Challenge, Contact, OutboxMessage, ProviderMessage
from areaclienti.identity.delivery.adapters import Accepted
from areaclienti.identity.delivery.reach import is_italian_mobile
from areaclienti.identity.ports.registry.contract import ContactOnFile
from areaclienti.identity.work import Work

EXPIRED = "expired"
_DEAD_AT_ONCE = 100


@dataclass(frozen=True)
class Claimed:
    """One message that this worker may send now. `tries` is its fence: a later claim makes this one void."""

    id: str
    channel: str
    template: str
    destination: str
    parameters: Mapping[str, Any]
    tries: int
    expires_at: datetime


async def enqueue(
    work: Work,
    *,
    template: str,
    contact: Contact | ContactOnFile | TypedContact,
    parameters: Mapping[str, Any],
    expires_at: datetime,
    challenge_id: str | None = None,
    message_id: str | None = None,
) -> None:
    """Puts a message in the outbox; it goes out after the commit, or not at all if it has expired by then.

    Nothing goes to a contact that was only typed: its row is dropped as it is written, so that whoever measures the
    time sees no difference. Raises ValueError for a number that is no Italian mobile, and for a contact of the registry
    that was never stored. `message_id` is one of the caller's, for what must not be put in twice.
    """
    if not is_reachable(contact):
        raise ValueError("SMS go to Italian mobiles only")
    on_file = not isinstance(contact, TypedContact)
    if isinstance(contact, Contact) and not inspect(contact).has_identity:
        raise ValueError("messages go to contacts on file only")
    message_id = message_id or new_id("out")
    sealed = work.sealer.seal(json.dumps(dict(parameters)), f"outbox {message_id}")
    work.session.add(
        OutboxMessage(
            id=message_id,
            challenge_id=challenge_id,
            channel="email" if contact.kind == "email" else "sms",
            template=template,
            destination=contact.value if on_file else None,
            sealed=sealed if on_file else None,
            status="pending" if on_file else "dropped",
            reason=None if on_file else "not_on_file",
            created_at=work.now,
            due_at=work.now,
            expires_at=expires_at,
            finished_at=None if on_file else work.now,
        )
    )
    work.has_mail = True


def is_reachable(contact: Contact | ContactOnFile | TypedContact) -> bool:
    """Whether messages may go there: e-mail addresses and +39 mobiles, against SMS pumping to costly numbers."""
    return contact.kind == "email" or is_italian_mobile(contact.value)


async def has_work(session: AsyncSession, channel: str, now: datetime, needs_seconds: float) -> bool:
    """Whether `claim` would find anything, without taking the write lock for it."""
    found = select(OutboxMessage.id).outerjoin(Challenge, Challenge.id == OutboxMessage.challenge_id)
    condition = or_(_is_due(channel, now), _is_dead(channel, now, needs_seconds))
    return await session.scalar(found.where(condition).limit(1)) is not None


async def claim(work: Work, channel: str, limit: int, needs_seconds: float = 0.0) -> list[Claimed]:
    """Claims up to `limit` messages that are due, for the length of a lease.

    Expired and replaced ones are dropped first, and so are those that live less than `needs_seconds` from now.
    """
    dead = (
        select(OutboxMessage, Challenge.status)
        .outerjoin(Challenge, Challenge.id == OutboxMessage.challenge_id)
        .where(_is_dead(channel, work.now, needs_seconds))
        .limit(_DEAD_AT_ONCE)
        .with_for_update(of=OutboxMessage, skip_locked=True)
    )
    for message, challenge_status in (await work.session.execute(dead)).all():
        _note_lost_answer(message)
        _end(work, message, "dropped", EXPIRED if challenge_status in (None, "active") else "replaced")
    if limit <= 0:
        return []
    await work.session.flush()
    due = (
        select(OutboxMessage)
        .where(_is_due(channel, work.now))
        .order_by(OutboxMessage.created_at, OutboxMessage.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    lease = timedelta(seconds=work.settings.outbox_lease_seconds)  # a worker that dies gives its messages back then
    claimed = []
    for message in await work.session.scalars(due):
        _note_lost_answer(message)
        try:
            opened = _open(work, message)
        except ValueError:  # sealed under another key: it can never be sent, and must not hold up the others
            _end(work, message, "dropped", "unreadable")
            continue
        message.status, message.tries, message.due_at = "claimed", opened.tries, work.now + lease
        claimed.append(opened)
    return claimed


async def sent(work: Work, claimed: Claimed, accepted: Accepted) -> None:
    """Ends a message as sent, unless another worker has claimed it since; the copy that went out is recorded always."""
    if accepted.provider_id is not None:
        await remember_copy(work, claimed.id, accepted.provider, accepted.provider_id)
    work.count("delivery_attempts", claimed.channel, "accepted")
    message = await _still_mine(work, claimed)
    if message is not None:
        message.provider = accepted.provider
        _end(work, message, "sent", None)


async def drop(work: Work, claimed: Claimed, reason: str, *, maybe_accepted: bool = False) -> None:
    """Ends a message that will not be sent, unless another worker has claimed it since."""
    if reason != EXPIRED:  # then nobody tried
        work.count("delivery_attempts", claimed.channel, "given_up")
    message = await _still_mine(work, claimed)
    if message is not None:
        message.lost_answers += maybe_accepted
        _end(work, message, "dropped", reason)


async def put_back(work: Work, claimed: Claimed, due_at: datetime, reason: str, *, maybe_accepted: bool) -> None:
    """Tries again later."""
    work.count("delivery_attempts", claimed.channel, "failed")
    await work.session.execute(
        update(OutboxMessage)
        .where(_mine(claimed))
        .values(
            status="pending",
            due_at=due_at,
            reason=reason,
            lost_answers=OutboxMessage.lost_answers + int(maybe_accepted),
        )
        .execution_options(synchronize_session=False)
    )


async def remember_copy(work: Work, outbox_id: str, provider: str, provider_id: str) -> bool:
    """Records that a provider has this message under its own id; tells whether that is a further copy of it.

    More than one row for one message is a duplicate: at-least-once is what can be promised to a provider that does not
    recognise an id that it had before.
    """
    is_new = await insert_if_absent(
        work.session,
        ProviderMessage,
        provider=provider,
        provider_id=provider_id,
        outbox_id=outbox_id,
        first_seen_at=work.now,
    )
    if not is_new:
        return False
    others = select(ProviderMessage.provider_id).where(
        ProviderMessage.outbox_id == outbox_id, ProviderMessage.provider_id != provider_id
    )
    return await work.session.scalar(others.limit(1)) is not None


async def sent_says_receipt(work: Work, message: OutboxMessage, provider: str) -> None:
    """A receipt came for a message whose answer was lost: it was accepted, and need not be sent again."""
    if message.status in ("pending", "claimed"):
        message.provider = provider
        _end(work, message, "sent", "receipt")


def _is_due(channel: str, now: datetime) -> ColumnElement[bool]:
    return and_(
        OutboxMessage.channel == channel,
        OutboxMessage.status.in_(("pending", "claimed")),
        OutboxMessage.due_at <= now,
    )


def _is_dead(channel: str, now: datetime, needs_seconds: float) -> ColumnElement[bool]:
    """Not under way, and never to be sent any more: expired, or its code is not the one that counts."""
    return and_(
        OutboxMessage.channel == channel,
        or_(OutboxMessage.status == "pending", and_(OutboxMessage.status == "claimed", OutboxMessage.due_at <= now)),
        or_(
            OutboxMessage.expires_at <= now + timedelta(seconds=needs_seconds),
            and_(Challenge.status.is_not(None), Challenge.status != "active"),
        ),
    )


def _note_lost_answer(message: OutboxMessage) -> None:
    """A claim that ran out: its worker died, perhaps after the provider had taken the message."""
    if message.status == "claimed":
        message.lost_answers += 1


def _open(work: Work, message: OutboxMessage) -> Claimed:
    """Raises `ValueError` when the parameters can't be read."""
    assert message.sealed is not None and message.destination is not None
    parameters = json.loads(work.sealer.open(message.sealed, f"outbox {message.id}"))
    return Claimed(
        message.id,
        message.channel,
        message.template,
        message.destination,
        parameters,
        message.tries + 1,
        message.expires_at,
    )


async def _still_mine(work: Work, claimed: Claimed) -> OutboxMessage | None:
    return await work.session.scalar(select(OutboxMessage).where(_mine(claimed)).with_for_update())


def _mine(claimed: Claimed) -> ColumnElement[bool]:
    return and_(OutboxMessage.id == claimed.id, OutboxMessage.status == "claimed", OutboxMessage.tries == claimed.tries)


def _end(work: Work, message: OutboxMessage, status: str, reason: str | None) -> None:
    message.status, message.reason, message.finished_at = status, reason, work.now
    message.sealed = message.destination = None  # the code and the address are not needed any more
    work.note(f"message_{status}", reason or message.channel, message.id)
    became = status if status == "sent" else reason if reason in (EXPIRED, "replaced", "unreadable") else "refused"
    work.count("messages", message.channel, became)
