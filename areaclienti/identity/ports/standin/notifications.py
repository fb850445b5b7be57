"""The notification hub as an insurer runs it: here it renders our own templates into its mailbox."""

from __future__ import annotations

import json

from fastapi import APIRouter

from areaclienti.identity.db.engine import insert_if_absent
from areaclienti.identity.db.models import OutboxMessage
from areaclienti.identity.delivery.messages import TEMPLATES
from areaclienti.identity.ports.delivery.wire import NotifyAsked, NotifyBody
from areaclienti.identity.services import Services
from areaclienti.identity.work import Work


def router(services: Services) -> APIRouter:
    routes = APIRouter(prefix="/v1/notifications", tags=["notifications"])

    @routes.post("/send", operation_id="sendNotification")
    async def send(asked: NotifyAsked) -> NotifyBody:
        """Takes a message and sends it. The same id again sends nothing more."""
        if asked.template not in TEMPLATES:
            return NotifyBody(outcome="refused")
        await services.do(lambda work: _put(work, asked))
        return NotifyBody(outcome="accepted")

    return routes


async def _put(work: Work, asked: NotifyAsked) -> None:
    await insert_if_absent(
        work.session,
        OutboxMessage,
        id=asked.id,
        channel="email" if asked.recipient.kind == "email" else "sms",
        template=asked.template,
        destination=asked.recipient.value,
        sealed=work.sealer.seal(json.dumps(asked.parameters), f"outbox {asked.id}"),
        status="pending",
        tries=0,
        created_at=work.now,
        due_at=work.now,
        expires_at=asked.expires_at,
    )
    work.has_mail = True
