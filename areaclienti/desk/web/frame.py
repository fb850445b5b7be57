"""The frame of the desk's pages: who is signed in, which pages he may see, the words that the scripts share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from areaclienti.desk.web.access import SignedIn
from areaclienti.desk.words import load_words
from areaclienti.gateway.services import services_of
from areaclienti.web.pages import render

QUEUE, CONTACTS, SEARCH, FIGURES = "/desk", "/desk/recapiti", "/desk/cerca", "/desk/andamento"
ANSWERING = frozenset({"agente", "supervisore"})


@dataclass(frozen=True)
class Entry:
    """A page in the navigation, and the roles that have it."""

    path: str
    label: str
    icon: str
    roles: frozenset[str]


NAVIGATION = (
    Entry(QUEUE, "Conversazioni", "chats", frozenset({"agente", "supervisore", "auditor"})),
    Entry(CONTACTS, "Recapiti", "contacts", ANSWERING),
    Entry(SEARCH, "Cerca", "search", frozenset({"agente", "supervisore", "auditor"})),
    Entry(FIGURES, "Andamento", "figures", frozenset({"supervisore", "auditor"})),
)


def desk_page(request: Request, who: SignedIn, template: str, status_code: int = 200, **values: Any) -> HTMLResponse:
    """A page that extends desk/base.html, for who is signed in."""
    words = load_words()
    shown = {
        "who": who,
        "roles": [words.roles[role] for role in sorted(who.roles) if role in words.roles],
        "answers": bool(who.roles & ANSWERING),
        "navigation": [one for one in NAVIGATION if who.roles & one.roles and _is_served(request, one.path)],
        "desk_data": data_of(request, who),
    }
    return render(request, template, status_code, **shown, **values)


def data_of(request: Request, who: SignedIn) -> Mapping[str, Any]:
    """What the scripts of every page know: who is signed in, the words for codes, how patient the desk is."""
    desk = services_of(request).desk
    assert desk is not None, "the desk's routes are included only with a desk"
    patience = desk.patience
    waits = [patience.levels[level].total_seconds() for level in ("consultant", "agency", "pool")]
    return {
        "me": {"id": who.agent_id, "name": who.name, "roles": sorted(who.roles), "agency_code": who.agency_code},
        "answers": bool(who.roles & ANSWERING),
        "words": load_words().model_dump(by_alias=True),
        "sla": {"soon": waits[0] + waits[1], "late": sum(waits)},
        "lease_seconds": patience.lease.total_seconds(),
    }


def _is_served(request: Request, path: str) -> bool:
    """A page whose routes this process has."""
    return any(getattr(route, "path", None) == path for route in request.app.state.desk_routes)
