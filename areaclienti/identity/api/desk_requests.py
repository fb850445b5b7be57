"""What the desk asks of identity beside the summary: new contacts for two people to confirm, notices to agencies."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from fastapi import Path as PathParameter

from areaclienti.identity import agency_notices, new_contacts
from areaclienti.identity.api.auth import ServicesHere, for_gateway
from areaclienti.identity.api.errors import documented
from areaclienti.identity.api.pace import not_sooner_than
from areaclienti.identity.api.schemas import (
    AgencyNoticeAsked,
    AgencyNoticeBody,
    DecisionAsked,
    DecisionBody,
    DeskAgentAsked,
    NewContactAsked,
    NewContactBody,
    ShowContactAsked,
    ShownContactBody,
)
from areaclienti.identity.new_contacts import Agent
from areaclienti.identity.work import Work

router = APIRouter(prefix="/v1/desk", tags=["desk"], dependencies=[for_gateway])

RequestId = Annotated[str, PathParameter(pattern=r"^[A-Za-z0-9_-]{1,40}$")]


@router.post("/new-contacts", response_model=NewContactBody, responses=documented(401, 403, 503))
async def ask(asked: NewContactAsked, services: ServicesHere) -> Any:
    """Registers a request for the customer whom the conversation's registration has identified (manual 5c)."""

    async def act(work: Work) -> new_contacts.Asked:
        return await new_contacts.ask(work, asked.conversation_id, _agent(asked), asked.contact)

    async with not_sooner_than(services.settings.answer_floor_seconds):
        return await services.do(act)


@router.post(
    "/new-contacts/{request_id}/decision", response_model=DecisionBody, responses=documented(401, 403, 404, 409, 503)
)
async def decide(request_id: RequestId, asked: DecisionAsked, services: ServicesHere) -> Any:
    """A second person of the customer's agency confirms or refuses. 404 `request_unknown`, 409 `decided`."""

    async def act(work: Work) -> new_contacts.Decided:
        return await new_contacts.decide(work, request_id, _agent(asked), asked.decision, asked.reason)

    async with not_sooner_than(services.settings.answer_floor_seconds):
        return await services.do(act)


@router.post(
    "/new-contacts/{request_id}/show", response_model=ShownContactBody, responses=documented(401, 403, 404, 409, 503)
)
async def show(request_id: RequestId, asked: ShowContactAsked, services: ServicesHere) -> Any:
    """The contact in full, to who may decide; recorded with the reason. 404 `request_unknown`, 409 `same_person`,
    `decided`, `limit_reached`.
    """

    async def act(work: Work) -> new_contacts.Shown:
        return await new_contacts.show(work, request_id, _agent(asked), asked.reason)

    return await services.do(act)


@router.post("/agency-notices", response_model=AgencyNoticeBody, responses=documented(401, 403, 503))
async def tell_agency(asked: AgencyNoticeAsked, services: ServicesHere) -> Any:
    """Tells the agency by e-mail, once for each handover, that a customer of its waits for a call."""

    async def act(work: Work) -> agency_notices.Told:
        return await agency_notices.tell(work, asked.handover_id, asked.agency_code, asked.reason, asked.since)

    return await services.do(act)


def _agent(asked: DeskAgentAsked) -> Agent:
    return Agent(asked.agent_id, asked.agency_code)
