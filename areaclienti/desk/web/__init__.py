"""The desk on the web: its routers, which the gateway includes when the desk is on."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter

from areaclienti.desk.web import access, api, contacts, figures, invitation, oidc, pages, search, stream

ROUTERS: Sequence[APIRouter] = (
    access.router,
    oidc.router,
    invitation.router,
    api.router,
    stream.router,
    pages.router,
    figures.router,
    search.router,
    contacts.router,
)
