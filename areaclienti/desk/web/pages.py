"""The pages on which agents work: the queue with what is theirs, and a conversation."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from areaclienti.desk.canned import load_canned
from areaclienti.desk.operations import MISSING, OUTCOMES, SETTLED, Unknown
from areaclienti.desk.web.access import SignedIn, signed_in
from areaclienti.desk.web.frame import desk_page
from areaclienti.desk.web.parts import desk_of
from areaclienti.desk.wiring import AgentsDesk
from areaclienti.web.pages import error_page

router = APIRouter(prefix="/desk", include_in_schema=False, default_response_class=HTMLResponse)

Agent = Annotated[SignedIn, Depends(signed_in)]
Desk = Annotated[AgentsDesk, Depends(desk_of)]


@router.get("")
async def queue(request: Request, who: Agent) -> HTMLResponse:
    """What waits, what is offered, what one has, whom to call back."""
    return desk_page(request, who, "desk/queue.html")


@router.get("/conversazioni/{handover_id}")
async def conversation(request: Request, handover_id: str, who: Agent, desk: Desk) -> HTMLResponse:
    """One conversation, to answer or to read; 404 for what may not be seen."""
    try:
        await desk.operations.line(handover_id, who.agent_id)
    except Unknown:
        return error_page(request, 404)
    canned = [reply.model_dump() for reply in load_canned()]
    codes = {"settled": SETTLED, "missing": MISSING, "outcomes": OUTCOMES}
    return desk_page(
        request, who, "desk/conversation.html", handover_id=handover_id, conversation_data={"canned": canned, **codes}
    )
