"""Notices to customers at their contacts on file: e-mail always, SMS while the day's budget has room for notices."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from areaclienti.identity import sms_budget
from areaclienti.identity.db.models import Contact
from areaclienti.identity.delivery import outbox
from areaclienti.identity.ports.registry.contract import ContactOnFile, CustomerOnFile
from areaclienti.identity.work import Work

_LIFE = timedelta(hours=24)


async def tell(
    work: Work, contact: Contact | ContactOnFile, template: str, parameters: Mapping[str, Any] | None = None
) -> bool:
    """Puts a notice in the outbox and tells whether it did. One that must give way to codes is dropped and audited."""
    if not outbox.is_reachable(contact):
        work.note("notice_dropped", "not_reachable")
        return False
    if contact.kind == "mobile":
        if await sms_budget.seconds_until_notice(work) is not None:
            work.note("notice_dropped", "sms_budget")
            return False
        sms_budget.count(work)
    await outbox.enqueue(
        work, template=template, contact=contact, parameters=parameters or {}, expires_at=work.now + _LIFE
    )
    return True


async def tell_customer(work: Work, customer: CustomerOnFile, template: str) -> None:
    """Tells the customer where he can be reached already, so that somebody else's attempt does not go unseen."""
    emails = [contact for contact in customer.contacts if contact.kind == "email"]
    for contact in emails or customer.contacts:
        await tell(work, contact, template)
