"""Whether the gateway lives, and whether it can serve."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.exc import SQLAlchemyError

from areaclienti.gateway.db.database import check
from areaclienti.gateway.services import Services, services

router = APIRouter(prefix="/health")


@router.get("/live")
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


@router.get("/ready")
async def ready(request: Request, response: Response, served: Annotated[Services, Depends(services)]) -> dict[str, Any]:
    """Database, engine and identity answer; or 503 with those that don't. A channel that needs operators says so, and
    is no reason to take the gateway away from the others."""
    names = ("database", "engine", "identity")
    states = await asyncio.gather(_database_answers(served), served.engine.is_ready(), served.identity.is_ready())
    missing = [name for name, is_ready in zip(names, states, strict=True) if not is_ready]
    if missing:
        response.status_code = 503
    parts = {"whatsapp": request.app.state.whatsapp, "chatwoot": request.app.state.chatwoot}
    troubles = {name: trouble for name, part in parts.items() if part is not None and (trouble := part.health())}
    return {"not_ready": missing, **troubles}


async def _database_answers(served: Services) -> bool:
    try:
        await check(served.database)
    except (SQLAlchemyError, OSError):
        return False
    return True
