"""The transactional outbox: a message is written with the effect that needs it, claimed once, sent, and erased."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, inspect, select, update

from areaclienti.domain.contacts import Contact as TypedContact
from areaclienti.identity.crypto import new_id
from areaclienti.identity.db.models import Challenge, Contact, OutboxMessage
from areaclienti.identity.ports.registry.contract import ContactOnFile
from areaclienti.identity.work import Work

_BATCH = 10
_LEASE = timedelta(seconds=60)  # a worker that dies gives its messages back after this
_ITALIAN_MOBILE = re.compile(r"\+393[0-9]{8,9}", re.ASCII)


@dataclass(frozen=True)
class Claimed:
    """One message that this worker may send now. `tries` is its fence: a later claim makes this one void."""

    id: str
    channel: str
    template: str
    destination: str
    parameters: Mapping[str, Any]
    tries: int


async def enqueue(
    work: Work,
    *,
    template: str,
    contact: Contact | ContactOnFile | TypedContact,
    parameters: Mapping[str, Any],
    expires_at: datetime,
    challenge_id: str | None = None,
) -> None:
    """Puts a message in the outbox; it goes out after the commit, or not at all if it has expired by then.

    Nothing goes to a contact that was only typed: its row is dropped as it is written, so that whoever measures the
    time sees no difference. Raises ValueError for a number that is no Italian mobile, and for a contact of the registry
    that was never stored.
    """
    if not is_reachable(contact):
        raise ValueError("SMS go to Italian mobiles only")
    on_file = not isinstance(contact, TypedContact)
    if isinstance(contact, Contact) and not inspect(contact).has_identity:
        raise ValueError("messages go to contacts on file only")
    message_id = new_id("out")
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
    return contact.kind == "email" or _ITALIAN_MOBILE.fullmatch(contact.value) is not None


async def claim(work: Work) -> list[Claimed]:
    """Claims messages that are due, for the length of a lease; expired and replaced ones are dropped on the way."""
    due = (
        select(OutboxMessage, Challenge.status)
        .outerjoin(Challenge, Challenge.id == OutboxMessage.challenge_id)
        .where(OutboxMessage.status.in_(("pending", "claimed")), OutboxMessage.due_at <= work.now)
        .order_by(OutboxMessage.created_at, OutboxMessage.id)
        .limit(_BATCH)
        .with_for_update(of=OutboxMessage, skip_locked=True)
    )
    claimed = []
    for message, challenge_status in (await work.session.execute(due)).all():
        if message.expires_at <= work.now:
            _end(work, message, "dropped", "expired")
        elif challenge_status not in (None, "active"):
            _end(work, message, "dropped", "replaced")
        else:
            message.status, message.tries, message.due_at = "claimed", message.tries + 1, work.now + _LEASE
            claimed.append(_open(work, message))
    return claimed


async def finish(work: Work, claimed: Claimed, status: str, reason: str | None = None) -> None:
    """Ends a message (`sent` or `dropped`), unless another worker has claimed it since."""
    message = await _still_mine(work, claimed)
    if message is not None:
        _end(work, message, status, reason)


async def put_back(work: Work, claimed: Claimed, after: timedelta, reason: str) -> None:
    """Tries again later."""
    await work.session.execute(
        update(OutboxMessage)
        .where(_mine(claimed))
        .values(status="pending", due_at=work.now + after, reason=reason)
        .execution_options(synchronize_session=False)
    )


def _open(work: Work, message: OutboxMessage) -> Claimed:
    assert message.sealed is not None and message.destination is not None
    parameters = json.loads(work.sealer.open(message.sealed, f"outbox {message.id}"))
    return Claimed(message.id, message.channel, message.template, message.destination, parameters, message.tries)


async def _still_mine(work: Work, claimed: Claimed) -> OutboxMessage | None:
    return await work.session.scalar(select(OutboxMessage).where(_mine(claimed)).with_for_update())


def _mine(claimed: Claimed) -> Any:
    return and_(OutboxMessage.id == claimed.id, OutboxMessage.status == "claimed", OutboxMessage.tries == claimed.tries)


def _end(work: Work, message: OutboxMessage, status: str, reason: str | None) -> None:
    message.status, message.reason, message.finished_at = status, reason, work.now
    message.sealed = message.destination = None  # the code and the address are not needed any more
    work.note(f"message_{status}", reason or message.channel, message.id)
