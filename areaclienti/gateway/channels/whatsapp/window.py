"""The 24 hours after a customer's message, in which anything may be sent; outside them only templates."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from areaclienti.gateway.db.models import Message
from areaclienti.gateway.db.whatsapp import WhatsappPerson

# https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages#customer-service-windows
LENGTH = timedelta(hours=24)


def open_until(session: Session, person: WhatsappPerson | None, conversation_id: str) -> datetime | None:
    """Until when the person may be answered; None where the person never wrote.

    A message stands in the ledger a moment before it is noted with the person: the later of the two counts.
    """
    by_whatsapp = (Message.author == "customer") & Message.client_id.startswith("wa-")
    in_ledger = select(func.max(Message.at)).where(Message.conversation_id == conversation_id, by_whatsapp)
    written = [session.scalar(in_ledger), person.last_inbound_at if person else None]
    return max((at + LENGTH for at in written if at is not None), default=None)
