"""The privacy notice in force, and the acknowledgement that it was seen."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from areaclienti.identity import notices
from areaclienti.identity.api.auth import ServicesHere, for_actions, for_both
from areaclienti.identity.api.errors import documented
from areaclienti.identity.api.schemas import AcknowledgementAsked, AcknowledgementBody, NoticeBody

router = APIRouter(prefix="/v1/privacy-notice", tags=["privacy notice"])


@router.get("", response_model=NoticeBody, dependencies=[for_both], responses=documented(401))
async def read_notice(services: ServicesHere) -> Any:
    """The notice that is to be shown before a registration."""
    return services.notice


@router.post(
    "/acknowledgements",
    response_model=AcknowledgementBody,
    dependencies=[for_actions],
    responses=documented(401, 403, 409),
)
async def acknowledge_notice(asked: AcknowledgementAsked, services: ServicesHere) -> Any:
    """Records that the notice was seen; the same again gives the same id. 409 `notice_changed` if it is not current."""
    async with services.work() as work:
        known = await notices.acknowledge(
            work, services.notice, asked.conversation_id, asked.channel, asked.version, asked.sha256
        )
        return AcknowledgementBody(acknowledgement_id=known.id, acknowledged_at=known.acknowledged_at)
