"""The embedded default's mailbox; not there at all with live delivery."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import select

from areaclienti.identity.api.auth import ServicesHere, for_gateway
from areaclienti.identity.api.errors import documented
from areaclienti.identity.api.schemas import MailboxBody, MailboxMessageBody
from areaclienti.identity.db.models import MailboxMessage
from areaclienti.identity.errors import Refused

router = APIRouter(prefix="/v1/mailbox", tags=["mailbox"], dependencies=[for_gateway])

_NEWEST = 200


@router.get("/messages", response_model=MailboxBody, responses=documented(401, 403, 404))
async def read_mailbox(services: ServicesHere, after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0) -> Any:
    """The newest messages that would have been sent, of those after an id."""
    if services.settings.delivery != "mailbox":
        raise Refused(404, "not_found", "There is nothing here.")
    newest = select(MailboxMessage).where(MailboxMessage.id > after).order_by(MailboxMessage.id.desc()).limit(_NEWEST)
    async with services.database.read() as session:
        messages = (await session.scalars(newest)).all()
    return MailboxBody(
        messages=[
            MailboxMessageBody.model_validate(
                {
                    "id": message.id,
                    "channel": message.channel,
                    "to": message.recipient,
                    "subject": message.subject,
                    "text": message.text,
                    "html": message.html,
                    "sent_at": message.sent_at,
                }
            )
            for message in messages
        ]
    )
