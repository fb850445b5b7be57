"""What the agents' desk may know of a registration."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from areaclienti.identity import desk_summary
from areaclienti.identity.api.auth import ServicesHere, for_gateway
from areaclienti.identity.api.errors import documented
from areaclienti.identity.api.schemas import DeskSummaryBody
from areaclienti.identity.work import Work

router = APIRouter(prefix="/v1/registrations", tags=["desk"], dependencies=[for_gateway])

ConversationId = Annotated[str, Query(pattern=r"^[A-Za-z0-9_.:+-]{1,128}$")]


@router.get("/desk-summary", response_model=DeskSummaryBody, responses=documented(401, 403, 503))
async def read_summary(conversation_id: ConversationId, services: ServicesHere) -> Any:
    """Which checks were made with which outcome, and whose customer it is; `none` for a conversation without any."""

    async def act(work: Work) -> desk_summary.DeskSummary:
        return await desk_summary.summary_of(work, conversation_id)

    return await services.do(act)
