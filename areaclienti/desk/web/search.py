"""The page that finds conversations again, and its file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from areaclienti.desk.finding import Finding, Line, Place, Sought
from areaclienti.desk.operations import Forbidden, Unknown
from areaclienti.desk.scope import Who, may, overall, sees_all
from areaclienti.desk.sheets import Cell, sheet
from areaclienti.desk.web.access import SignedIn, signed_in
from areaclienti.desk.web.figures import figure_words, file
from areaclienti.desk.web.frame import desk_page
from areaclienti.desk.words import load_words
from areaclienti.gateway.journeys import WALL_CLOCK
from areaclienti.gateway.lookout import is_secret_of_customer
from areaclienti.gateway.services import Services, services
from areaclienti.web.pages import error_page

router = APIRouter(prefix="/desk", include_in_schema=False, default_response_class=HTMLResponse)

Served = Annotated[Services, Depends(services)]
Agent = Annotated[SignedIn, Depends(signed_in)]
Text = Annotated[str, Query(max_length=100)]


_FIELDS = ("cosa", "testo", "motivo", "dal", "al", "agente", "stato", "canale", "codice")
_OUR_ID = re.compile(r"[0-9a-f]{32}")  # among so many digits any number can stand by chance


@dataclass(frozen=True)
class Asked:
    """What the form asks for, as it and the links repeat it; `trouble` names a field that can't be understood."""

    sought: Sought
    fields: dict[str, str]
    after: Place | None
    trouble: str | None

    def query(self, after: Place | None = None) -> str:
        """The same, for a link; from that place on."""
        place = {"dopo": f"{after.at.isoformat()}~{after.id}"} if after is not None else {}
        return urlencode({name: value for name, value in self.fields.items() if value} | place)


async def asked(
    cosa: Text = "",
    testo: Text = "",
    motivo: Text = "",
    dal: Text = "",
    al: Text = "",
    agente: Text = "",
    stato: Text = "",
    canale: Text = "",
    codice: Text = "",
    dopo: Text = "",
) -> Asked:
    """The fields of the form; an empty one asks for nothing. A secret is looked for nowhere and not repeated."""
    given = (cosa, testo, motivo, dal, al, agente, stato, canale, codice)
    if any(_is_secret(text) for text in given):
        return Asked(Sought(), dict.fromkeys(_FIELDS, ""), None, "secret")
    trouble = None
    days: list[date | None] = []
    for name, text in (("dal", dal), ("al", al)):
        try:
            days.append(date.fromisoformat(text) if text else None)
        except ValueError:
            days.append(None)
            trouble = name
    if days[0] is not None and days[1] is not None and days[1] < days[0]:
        trouble = "al"
    sought = Sought(
        kind="conversations" if cosa == "assistente" else "handovers",
        words=testo.strip() or None,
        reason=motivo or None,
        first=days[0],
        last=days[1],
        agent_id=agente or None,
        state=stato or None,
        channel=canale or None,
        id=codice.strip().lower() or None,
    )
    return Asked(sought, dict(zip(_FIELDS, given, strict=True)), _place(dopo), trouble)


@router.get("/cerca")
async def search(request: Request, who: Agent, served: Served, wanted: Annotated[Asked, Depends(asked)]) -> Response:
    """The newest first, a page at a time: what he may read, and nothing else."""
    finding, rights = Finding(served.database), _rights(who)
    try:
        found = await finding.page(who.agent_id, wanted.sought, wanted.after) if wanted.trouble is None else None
        colleagues = await finding.agents(who.agent_id)
    except (Unknown, Forbidden):
        return error_page(request, 404)
    return desk_page(
        request,
        who,
        "desk/search.html",
        200 if found is not None else 422,
        wanted=wanted,
        found=found,
        colleagues=colleagues,
        sees_all=sees_all(rights),
        may_export=may(rights, "export", overall(rights)),
        words=load_words(),
        figure_words=figure_words(),
        zone=WALL_CLOCK,
    )


@router.get("/cerca.csv")
async def search_file(
    request: Request, who: Agent, served: Served, wanted: Annotated[Asked, Depends(asked)]
) -> Response:
    """The whole list as a file, for supervisors and auditors; noted in the audit record. No word of a customer's."""
    if wanted.trouble is not None:
        return error_page(request, 404)
    try:
        lines = await Finding(served.database).all(who.agent_id, wanted.sought)
    except (Unknown, Forbidden):
        return error_page(request, 404)
    return file("area-clienti-conversazioni.csv", _content(lines))


def _content(lines: Sequence[Line]) -> bytes:
    words, heads = load_words(), figure_words().search
    rows: list[list[Cell]] = []
    for line in lines:
        rows.append(
            [
                line.at.astimezone(WALL_CLOCK).strftime("%Y-%m-%d %H:%M"),
                words.channels.get(line.channel, line.channel),
                words.states.get(line.state, line.state),
                words.reasons.get(line.reason or "", line.reason),
                words.steps.get(line.step, line.step),
                line.agent_name,
                line.agency_code,
                words.outcomes.get(line.outcome or "", line.outcome),
                line.rating,
                line.handover_id,
                line.conversation_id,
            ]
        )
    return sheet(heads, rows)


def _is_secret(text: str) -> bool:
    return not _OUR_ID.fullmatch(text.strip().lower()) and is_secret_of_customer(text)


def _place(text: str) -> Place | None:
    """Where a link goes on; from the beginning, where it says nothing that can be understood."""
    moment, _, id_ = text.partition("~")
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return Place(at, id_) if at.tzinfo is not None and id_ else None


def _rights(who: SignedIn) -> Who:
    return Who(who.agent_id, who.roles, who.agency_code, who.consultant_code, True)
