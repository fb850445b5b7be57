"""The desk's JSON: the queue, colleagues, one's presence, and everything that an agent does with a conversation."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from areaclienti.desk.agents import who as rights_of
from areaclienti.desk.board import Line
from areaclienti.desk.given import SHOWN_SECONDS
from areaclienti.desk.operations import To
from areaclienti.desk.web.access import SignedIn, signed_in
from areaclienti.desk.web.errors import told
from areaclienti.desk.web.parts import desk_of
from areaclienti.desk.web.views import card_view, colleague_view, moment, transcript_view
from areaclienti.desk.web.watching import View
from areaclienti.desk.wiring import AgentsDesk
from areaclienti.gateway.db.desk import DeskAgent
from areaclienti.gateway.limits import MAX_MESSAGE_CHARACTERS
from areaclienti.gateway.session import require_origin

router = APIRouter(prefix="/desk/api")

Agent = Annotated[SignedIn, Depends(signed_in)]
Desk = Annotated[AgentsDesk, Depends(desk_of)]
OurPage = Depends(require_origin)
Text = Annotated[str, Field(max_length=MAX_MESSAGE_CHARACTERS)]
ClientId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{8,64}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,32}$")]
Id = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_.-]{1,64}$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class PutPresence(_Body):
    presence: Literal["available", "paused", "offline"]


class PostedTransfer(_Body):
    """To a colleague or to an agency; neither: to the pool."""

    agent_id: Id | None = None
    agency_code: Id | None = None

    @model_validator(mode="after")
    def _not_both(self) -> PostedTransfer:
        if self.agent_id is not None and self.agency_code is not None:
            raise ValueError("one of both")
        return self


class PostedReply(_Body):
    client_id: ClientId
    text: Text
    epoch: int


class Written(_Body):
    text: Text


class PostedHandBack(_Body):
    """The step to resume at, and codes of what was settled and of what is missing."""

    step: Code
    settled: list[Code] = Field(default=[], max_length=20)
    missing: list[Code] = Field(default=[], max_length=20)


class PostedReveal(_Body):
    reason: Code


class PostedClose(_Body):
    outcome: Code


@router.get("/queue")
async def queue(who: Agent, desk: Desk) -> dict[str, Any]:
    """All that the agent may see of what is open, and how he stands himself."""
    with told():
        standing = await desk.operations.standing(who.agent_id)
    await desk.board.refresh()
    return {"me": _me(standing), **View(desk.board, rights_of(standing), desk.hours.next_opening).snapshot()}


@router.get("/agents")
async def agents(who: Agent, desk: Desk) -> dict[str, Any]:
    """Colleagues who are there, to pass a conversation on to."""
    with told():
        return {"agents": [colleague_view(one) for one in await desk.operations.colleagues(who.agent_id)]}


@router.post("/heartbeat", dependencies=[OurPage])
async def heartbeat(who: Agent, desk: Desk) -> dict[str, Any]:
    """The desk is open; the answer says how the agent stands, `offline` when he was not heard from for too long."""
    with told():
        await desk.operations.heartbeat(who.agent_id)
        return {"me": _me(await desk.operations.standing(who.agent_id))}


@router.put("/presence", dependencies=[OurPage])
async def presence(body: PutPresence, who: Agent, desk: Desk) -> dict[str, Any]:
    """Available for offers, paused, or gone: then what he has goes back into the queue."""
    with told():
        await desk.operations.set_presence(who.agent_id, body.presence)
        return {"me": _me(await desk.operations.standing(who.agent_id))}


@router.get("/handovers/{handover_id}")
async def transcript(handover_id: Id, who: Agent, desk: Desk, after: Annotated[int, Field(ge=0)] = 0) -> dict[str, Any]:
    """The conversation after a cursor, with notes, changes of hands and one's own draft."""
    with told():
        found = await desk.operations.transcript(handover_id, who.agent_id, after)
        return {"card": await _card(desk, handover_id, who), **transcript_view(found)}


@router.get("/handovers/{handover_id}/summary")
async def summary(handover_id: Id, who: Agent, desk: Desk) -> dict[str, Any]:
    """What identity tells of the registration: checks and their outcome, never a value."""
    with told():
        return await desk.operations.summary(handover_id, who.agent_id)


@router.get("/handovers/{handover_id}/given")
async def given(handover_id: Id, who: Agent, desk: Desk) -> dict[str, Any]:
    """What the customer said who he is, masked."""
    with told():
        found = await desk.given.masked(handover_id, who.agent_id)
    return {
        "customer_type": found.customer_type,
        "fields": [{"field": one, "masked": mask} for one, mask in found.fields],
    }


@router.post("/handovers/{handover_id}/given/{field}", dependencies=[OurPage])
async def reveal(handover_id: Id, field: Code, body: PostedReveal, who: Agent, desk: Desk) -> dict[str, Any]:
    """One of it in full, for so many seconds; on record with the reason."""
    with told():
        value = await desk.given.show(handover_id, who.agent_id, field, body.reason)
    return {"value": value, "seconds": SHOWN_SECONDS}


@router.post("/handovers/{handover_id}/claim", dependencies=[OurPage])
async def claim(handover_id: Id, who: Agent, desk: Desk) -> dict[str, Any]:
    """Take it; 409 `taken` says who was faster."""
    with told():
        return {"card": _shown(desk, *await desk.operations.claim(handover_id, who.agent_id))}


@router.post("/handovers/{handover_id}/force-take", dependencies=[OurPage])
async def force_take(handover_id: Id, who: Agent, desk: Desk) -> dict[str, Any]:
    """A supervisor takes it, whoever has it."""
    with told():
        await desk.operations.force_take(handover_id, who.agent_id)
        return {"card": await _card(desk, handover_id, who)}


@router.post("/handovers/{handover_id}/transfer", dependencies=[OurPage], status_code=204)
async def transfer(handover_id: Id, body: PostedTransfer, who: Agent, desk: Desk) -> None:
    """Pass it on."""
    with told():
        await desk.operations.transfer(handover_id, who.agent_id, To(body.agent_id, body.agency_code))


@router.post("/handovers/{handover_id}/release", dependencies=[OurPage], status_code=204)
async def release(handover_id: Id, who: Agent, desk: Desk) -> None:
    """Back into the queue, at its place."""
    with told():
        await desk.operations.release(handover_id, who.agent_id)


@router.post("/handovers/{handover_id}/replies", dependencies=[OurPage])
async def reply(handover_id: Id, body: PostedReply, who: Agent, desk: Desk) -> dict[str, int]:
    """Write to the customer; the same client id again is the same line."""
    with told():
        return {
            "seq": await desk.operations.reply(handover_id, who.agent_id, body.client_id, body.text.strip(), body.epoch)
        }


@router.post("/handovers/{handover_id}/notes", dependencies=[OurPage])
async def note(handover_id: Id, body: Written, who: Agent, desk: Desk) -> dict[str, int]:
    """Write for colleagues alone."""
    with told():
        return {"id": await desk.operations.note(handover_id, who.agent_id, body.text.strip())}


@router.put("/handovers/{handover_id}/draft", dependencies=[OurPage], status_code=204)
async def draft(handover_id: Id, body: Written, who: Agent, desk: Desk) -> None:
    """Keep what is typed; an empty text forgets it."""
    with told():
        await desk.operations.draft(handover_id, who.agent_id, body.text if body.text.strip() else "")


@router.post("/handovers/{handover_id}/hand-back", dependencies=[OurPage], status_code=204)
async def hand_back(handover_id: Id, body: PostedHandBack, who: Agent, desk: Desk) -> None:
    """Give it back to the assistant."""
    with told():
        await desk.operations.hand_back(handover_id, who.agent_id, body.step, body.settled, body.missing)


@router.post("/handovers/{handover_id}/close", dependencies=[OurPage], status_code=204)
async def close(handover_id: Id, body: PostedClose, who: Agent, desk: Desk) -> None:
    """Say that it is done, and how."""
    with told():
        await desk.operations.close(handover_id, who.agent_id, body.outcome)


async def _card(desk: AgentsDesk, handover_id: str, who: SignedIn) -> dict[str, Any]:
    return _shown(desk, *await desk.operations.line(handover_id, who.agent_id))


def _shown(desk: AgentsDesk, line: Line, agent: DeskAgent) -> dict[str, Any]:
    return card_view(line, rights_of(agent), desk.hours.next_opening)


def _me(agent: Any) -> dict[str, Any]:
    return {
        "id": agent.id,
        "name": agent.name,
        "presence": agent.presence,
        "seen_at": moment(agent.seen_at),
        "capacity": agent.capacity,
    }
