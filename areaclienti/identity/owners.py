"""Tells who has an account, or holds a contact, that somebody tried to register: he may know, who tried must not."""

from __future__ import annotations

import asyncio
import json
import secrets
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import select

from areaclienti.domain.contacts import Contact as TypedContact
from areaclienti.domain.contacts import ContactKind
from areaclienti.identity import limits, telling
from areaclienti.identity.db.models import UseOfContact
from areaclienti.identity.ports.registry.contract import ContactOnFile, CustomerType
from areaclienti.identity.work import Do, Work
from areaclienti.logging import get_logger

_WITH_CONTACT = "registration_attempt"
_WITH_TAX_CODE = "account_exists"
SEALED = "use of contact"  # what the uses are bound to
_PERIOD_SECONDS = 2.0
_TYPES: tuple[CustomerType, ...] = ("persona", "azienda")

log = get_logger()


def record(work: Work, typed: TypedContact, reason: str) -> None:
    """Remembers that a contact was typed and what the match said, whatever it said.

    Whether anybody is to be told is looked at later, at a moment that has nothing to do with this request: neither the
    statements nor the time of the answer depend on whose contact it is.
    """
    _keep(work, {"kind": typed.kind, "key": typed.key, "reason": reason})


def record_identification(work: Work, registered: str | None) -> None:
    """The same for a tax code: `registered` is the number of the customer who has an account already, if it is his."""
    _keep(work, {"customer": registered})


def _keep(work: Work, use: dict[str, str | None]) -> None:
    within = max(1, int(work.settings.owner_told_within_seconds * 1000))
    work.session.add(
        UseOfContact(
            sealed=work.sealer.seal(json.dumps(use), SEALED),
            due_at=work.now + timedelta(milliseconds=secrets.randbelow(within)),
        )
    )


async def run(do: Do, stopping: asyncio.Event) -> None:
    """Looks at what is due every two seconds until `stopping` is set."""
    while not stopping.is_set():
        try:
            while not stopping.is_set() and await do(tell_next):
                pass
        except Exception:
            log.exception("owners_failed")
        with suppress(TimeoutError):
            async with asyncio.timeout(_PERIOD_SECONDS):
                await stopping.wait()


async def tell_next(work: Work) -> bool:
    """Looks at one use of a contact that is due, and forgets it; gives whether there was one.

    The owner of an account, or of the device contact of somebody else, is told where the contact leads; one contact
    once a day, so that this can't be used to bother him.
    """
    use = await work.session.scalar(
        select(UseOfContact)
        .where(UseOfContact.due_at <= work.now)
        .order_by(UseOfContact.due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if use is None:
        return False
    await work.session.delete(use)
    try:
        said = json.loads(work.sealer.open(use.sealed, SEALED))
    except ValueError:  # sealed under a key that was lost: it must not hold up the others
        work.note("owner_not_told", "unreadable")
        return True
    if "customer" in said:
        contact, template = await _username_of(work, said["customer"]), _WITH_TAX_CODE
    else:
        contact, template = await _in_use(work, said["kind"], said["key"], said["reason"]), _WITH_CONTACT
    if contact is not None and await limits.reserve(work, limits.OWNER_TOLD, contact.key, 1) is None:
        await telling.tell(work, contact, template)
        work.note("owner_told", template)
    return True


async def _username_of(work: Work, code: str | None) -> ContactOnFile | None:
    """The contact that is the username of a customer's account, if he still has it on file."""
    customer = await work.ports.registry.customer(work, code) if code else None
    if customer is None:
        return None
    on_file = [(contact.kind, contact.key) for contact in customer.contacts]
    standing = await work.ports.accounts.standing(work, customer.code, on_file)
    used = [contact for contact in customer.contacts if contact.key in standing.taken]
    return used[0] if standing.has_account and used else None


async def _in_use(work: Work, kind: ContactKind, key: str, reason: str) -> ContactOnFile | None:
    """The contact as it is on file with its owner, if it is in use by him."""
    if reason == "strong":
        return None
    holders = [
        holder
        for customer_type in _TYPES
        for holder in await work.ports.registry.with_contact(work, customer_type, kind, key)
    ]
    for holder in holders:
        contact = holder.contact(key)
        standing = await work.ports.accounts.standing(work, holder.code, [])
        in_use = standing.has_account or (reason == "contact_in_use" and contact and contact.is_device)
        if contact is not None and in_use:
            return contact
    return None
