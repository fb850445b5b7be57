"""What pages show straight from identity: the privacy notice, and the mailbox of an embedded installation."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from areaclienti.gateway.errors import ApiError, identity_unavailable
from areaclienti.gateway.identity_client import IdentityRefused, IdentityUnavailable
from areaclienti.gateway.services import Services, services

router = APIRouter(prefix="/api")

Served = Annotated[Services, Depends(services)]


@router.get("/privacy-notice")
async def privacy_notice(served: Served) -> dict[str, Any]:
    """The privacy notice in force."""
    return await _from_identity(served, "/v1/privacy-notice")


@router.get("/mailbox")
async def mailbox(served: Served, after: Annotated[str | None, Query(max_length=64)] = None) -> dict[str, Any]:
    """The e-mails and SMS that would have been sent, newest first; 404 where they really are."""
    return await _from_identity(served, "/v1/mailbox/messages", {"after": after} if after else None)


async def _from_identity(served: Services, path: str, params: dict[str, str] | None = None) -> dict[str, Any]:
    try:
        return await served.identity.ask("GET", path, params=params)
    except IdentityRefused as refused:
        if refused.status == 404:
            raise ApiError(404, "not_found", "identity has nothing here") from None
        raise identity_unavailable() from None
    except IdentityUnavailable:
        raise identity_unavailable() from None
