"""New contacts on the web: the request beside a conversation, and the page where a second person decides."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import yaml
from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from areaclienti.desk.contacts import REASONS
from areaclienti.desk.operations import DeskRefused, Forbidden, Unknown
from areaclienti.desk.web.access import SignedIn, signed_in
from areaclienti.desk.web.errors import told
from areaclienti.desk.web.frame import ANSWERING, CONTACTS, desk_page
from areaclienti.desk.web.parts import desk_of
from areaclienti.desk.wiring import AgentsDesk
from areaclienti.gateway.identity_client import IdentityUnavailable
from areaclienti.gateway.session import require_origin
from areaclienti.web.pages import error_page

router = APIRouter(prefix="/desk", include_in_schema=False)

Agent = Annotated[SignedIn, Depends(signed_in)]
Desk = Annotated[AgentsDesk, Depends(desk_of)]
OurPage = Depends(require_origin)
Code = Annotated[str, Form(max_length=40)]


class Words(BaseModel):
    """What the page calls things, by their codes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: dict[str, str]
    states: dict[str, str]
    reasons: dict[str, dict[str, str]]
    troubles: dict[str, str]
    done: dict[str, str]


class PostedContact(BaseModel):
    """An e-mail address or an Italian mobile in any presentation; it goes to identity and nowhere else."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    contact: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


@router.post("/api/handovers/{handover_id}/new-contact", dependencies=[OurPage])
async def request(handover_id: str, body: PostedContact, who: Agent, desk: Desk) -> dict[str, Any]:
    """Ask for a new contact of the customer whose conversation one has: what came of it, and the mask."""
    with told():
        outcome, masked = await desk.contacts.request(handover_id, who.agent_id, body.contact)
    return {"outcome": outcome, "masked": masked}


@router.get("/recapiti", response_class=HTMLResponse)
async def listed(request: Request, who: Agent, desk: Desk, fatto: str = "") -> Response:
    """What waits for a second person, and what was decided lately."""
    return await _page(request, who, desk, done=fatto if fatto in contact_words().done else None)


@router.post("/recapiti/{request_id}/mostra", dependencies=[OurPage], response_class=HTMLResponse)
async def show(request: Request, request_id: str, who: Agent, desk: Desk, motivo: Code = "") -> Response:
    """The same page with the contact in full, once; on record with the reason."""
    try:
        shown = await desk.contacts.show(request_id, who.agent_id, motivo)
    except Unknown:
        return error_page(request, 404)
    except (DeskRefused, ValueError, IdentityUnavailable) as refused:
        return await _troubled(request, who, desk, request_id, refused)
    return await _page(request, who, desk, shown=(request_id, shown))


@router.post("/recapiti/{request_id}/decisione", dependencies=[OurPage], response_class=HTMLResponse)
async def decide(
    request: Request, request_id: str, who: Agent, desk: Desk, decisione: Code = "", motivo: Code = ""
) -> Response:
    """Confirm or refuse."""
    try:
        state = await desk.contacts.decide(request_id, who.agent_id, decisione, motivo)
    except Unknown:
        return error_page(request, 404)
    except (DeskRefused, ValueError, IdentityUnavailable) as refused:
        return await _troubled(request, who, desk, request_id, refused)
    return RedirectResponse(f"{CONTACTS}?fatto={state}", status_code=303)


async def _troubled(request: Request, who: SignedIn, desk: AgentsDesk, request_id: str, refused: Exception) -> Response:
    code, status = "decided", 409
    if isinstance(refused, Forbidden):
        code, status = "forbidden", 403
    elif isinstance(refused, DeskRefused):
        code = refused.code if refused.code in contact_words().troubles else "decided"
    elif isinstance(refused, IdentityUnavailable):
        code, status = "unavailable", 503
    else:
        code, status = "reason", 422
    return await _page(request, who, desk, status_code=status, trouble=code, about=request_id)


async def _page(
    request: Request,
    who: SignedIn,
    desk: AgentsDesk,
    *,
    status_code: int = 200,
    shown: tuple[str, str] | None = None,
    trouble: str | None = None,
    about: str | None = None,
    done: str | None = None,
) -> Response:
    try:
        found = await desk.contacts.listed(who.agent_id)
    except Unknown:
        return error_page(request, 404)
    waiting = [one for one in found if one.state in ("requested", "deciding")]
    response = desk_page(
        request,
        who,
        "desk/contacts.html",
        status_code,
        to_decide=[one for one in waiting if one.may_decide],
        others=[one for one in waiting if not one.may_decide],
        decided=[one for one in found if one not in waiting],
        decides=bool(who.roles & ANSWERING),
        reasons=REASONS,
        words=contact_words(),
        zone=desk.hours.zone,
        shown=shown,
        trouble=trouble,
        about=about,
        done=done,
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@lru_cache(maxsize=1)
def contact_words() -> Words:
    """The words, checked once."""
    read: Any = yaml.safe_load((Path(__file__).parent / "contacts.yml").read_text(encoding="utf-8"))
    return Words.model_validate(read)
