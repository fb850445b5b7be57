"""What an agent may know of a conversation's registration: the checks, whose customer it is; never a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from areaclienti.identity.challenges import mask_value
from areaclienti.identity.db.models import Account, AuditEvent, Contact, Customer, Registration
from areaclienti.identity.work import Work

OPENED = "registration_opened"
CHECKS = (
    "match", "identification", "contact_chosen", "code_issued", "code_not_issued", "code_refused", "code_right",
    "account_created", "account_refused",
)  # fmt: skip
_NOBODY = ""  # asked about where nobody was identified, as everywhere


@dataclass(frozen=True)
class Check:
    check: str
    outcome: str | None
    at: datetime


@dataclass(frozen=True)
class DeskSummary:
    registration: str = "none"
    customer_type: str | None = None
    checks: Sequence[Check] = ()
    identified: bool = False
    consultant_code: str | None = None
    consultant_name: str | None = None
    agency_code: str | None = None
    agency_name: str | None = None
    username_masked: str | None = None


async def summary_of(work: Work, conversation_id: str) -> DeskSummary:
    """All registrations of the conversation, the newest for what can be only one. Raises `BackEndUnavailable`."""
    of_conversation = select(Registration).where(Registration.conversation_id == conversation_id)
    registrations = (await work.session.scalars(of_conversation.order_by(Registration.created_at))).all()
    if not registrations:
        return DeskSummary()
    newest = registrations[-1]
    events = await _events(work, [registration.id for registration in registrations])
    opened = [event.reason for event in events if event.event == OPENED]
    customer = await _customer(work, newest)
    profile = await work.ports.registry.profile(work, customer.code if customer else _NOBODY)
    consultant = profile.consultant if profile else None
    return DeskSummary(
        registration="expired" if newest.status == "open" and newest.expires_at <= work.now else newest.status,
        customer_type=opened[-1] if opened else None,
        checks=[Check(event.event, event.reason, event.at) for event in events if event.event in CHECKS],
        identified=customer is not None,
        consultant_code=consultant.code if consultant else None,
        consultant_name=consultant.name if consultant else None,
        agency_code=consultant.agency_code if consultant else None,
        agency_name=consultant.agency if consultant else None,
        username_masked=await _username(work, newest),
    )


async def _events(work: Work, registrations: Sequence[str]) -> Sequence[AuditEvent]:
    query = select(AuditEvent).where(AuditEvent.subject.in_(registrations)).order_by(AuditEvent.id)
    return (await work.session.scalars(query)).all()


async def _customer(work: Work, registration: Registration) -> Customer | None:
    """Whom an exact match or the tax code named."""
    if registration.matched_contact_id is not None:
        contact = await work.session.get_one(Contact, registration.matched_contact_id)
        return await work.session.get_one(Customer, contact.customer_id)
    if registration.identified_customer_id is not None:
        return await work.session.get_one(Customer, registration.identified_customer_id)
    return None


async def _username(work: Work, registration: Registration) -> str | None:
    """The username of the account that the registration made; None where it made none, or it was given up since."""
    account = await work.session.scalar(select(Account).where(Account.registration_id == registration.id))
    return mask_value(account.username_kind, account.username) if account and account.username else None
