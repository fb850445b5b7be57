"""Notes how far a registration came, in the transaction that moves its step."""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from areaclienti.gateway.db.figures import Journey
from areaclienti.gateway.db.models import Conversation, now

WALL_CLOCK: Final = ZoneInfo("Europe/Rome")  # what a day is, in the figures of an Italian insurer
NOT_OF_REGISTRATION: Final = ("idle", "handover")  # steps at which it waits for nothing, and keeps the one before
BEFORE_START: Final = ("customer_type",)
SECTION_C: Final = ("recheck", "tax_code", "choose_contact")  # manual 1c, 2c, 3c
RECOGNISED: Final = ("choose_contact", "verification_code", "done")
CODE_SENT: Final = ("verification_code", "done")
_TYPE_ASKED_AT: Final = {"name": "persona", "company_name": "azienda"}


def note(session: Session, conversation: Conversation, step: str, customer_type: str | None = None) -> None:
    """The locked conversation's registration stands at `step`. The same again changes nothing; `customer_type` is what
    is known of it, None where nothing is.

    A milestone keeps the moment at which it was first passed. Who passed a later one has passed those before.
    """
    journey = session.get(Journey, conversation.id)
    if journey is None:
        journey = _begun(conversation)
        session.add(journey)
    journey.customer_type = customer_type or _TYPE_ASKED_AT.get(step) or journey.customer_type
    if step in NOT_OF_REGISTRATION:
        return
    journey.step = step
    journey.section_c = journey.section_c or step in SECTION_C
    if step in BEFORE_START:
        return
    at = now()
    journey.started_at = journey.started_at or at
    if step in RECOGNISED:
        journey.recognised_at = journey.recognised_at or at
    if step in CODE_SENT:
        journey.code_at = journey.code_at or at
    if step == "done":
        journey.account_at = journey.account_at or at


def _begun(conversation: Conversation) -> Journey:
    return Journey(
        conversation_id=conversation.id,
        day=conversation.created_at.astimezone(WALL_CLOCK).date(),
        channel=conversation.channel,
        section_c=False,
        step="customer_type",
    )
