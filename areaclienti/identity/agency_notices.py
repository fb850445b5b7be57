"""Tells an agency by e-mail that a customer of its waits for a call, once for each handover; never who that is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from areaclienti.domain.contacts import ContactRejected, parse_contact
from areaclienti.identity.db.models import OutboxMessage
from areaclienti.identity.delivery import outbox
from areaclienti.identity.ports.registry.contract import ContactOnFile
from areaclienti.identity.work import Work

TEMPLATE = "customer_waits"
_LIFE = timedelta(days=3)  # over a weekend
_SHOWN_AS = "%d/%m/%Y, %H:%M"


@dataclass(frozen=True)
class Told:
    outcome: Literal["queued", "known", "no_address"]


async def tell(work: Work, handover_id: str, agency_code: str | None, reason: str, since: datetime) -> Told:
    """Puts the e-mail in the outbox, which tries again as it does for codes: to the agency's address by the settings or
    the registry, else to the pool's. `reason` is the handover's code, `since` is shown in the zone that it comes in.

    Raises `BackEndUnavailable`.
    """
    message_id = f"out_{work.mac.hex('agency notice', handover_id)[:32]}"
    await work.database.serialise(work.session, "agency notice", handover_id)
    if await work.session.get(OutboxMessage, message_id) is not None:
        return Told("known")
    to = await _address(work, agency_code)
    if to is None:
        work.note("agency_not_told", "no_address")
        return Told("no_address")
    link = f"{work.settings.public_url.rstrip('/')}/desk/conversazioni/{handover_id}"
    await outbox.enqueue(
        work,
        template=TEMPLATE,
        contact=to,
        parameters={"since": since.strftime(_SHOWN_AS), "reason": reason, "link": link},
        expires_at=work.now + _LIFE,
        message_id=message_id,
    )
    work.note("agency_told", reason, message_id)
    return Told("queued")


async def _address(work: Work, agency_code: str | None) -> ContactOnFile | None:
    if agency_code is not None:
        listed = work.settings.desk_agency_emails.get(agency_code)
        listed = listed or await work.ports.registry.agency_email(work, agency_code)
        if (address := _email(listed)) is not None:
            return address
    return _email(work.settings.desk_pool_address)


def _email(address: str | None) -> ContactOnFile | None:
    try:
        parsed = parse_contact(address or "")
    except ContactRejected:
        return None
    return ContactOnFile("email", parsed.value, parsed.key, False) if parsed.kind == "email" else None
