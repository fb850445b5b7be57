"""Whether the gateway lives, and whether it can serve."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from sqlalchemy.exc import SQLAlchemyError

from areaclienti.gateway.db.database import check
from areaclienti.gateway.services import Services, services

router = APIRouter(prefix="/health")


@router.get("/live")
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


@router.get("/ready")
async def ready(response: Response, served: Annotated[Services, Depends(services)]) -> dict[str, Any]:
    """Database, engine and identity answer; or 503 with those that don't."""
    names = ("database", "engine", "identity")
    states = await asyncio.gather(_database_answers(served), served.engine.is_ready(), served.identity.is_ready())
    missing = [name for name, is_ready in zip(names, states, strict=True) if not is_ready]
    if missing:
        response.status_code = 503
    return {"not_ready": missing}


async def _database_answers(served: Services) -> bool:
    try:
        await check(served.database)
    except (SQLAlchemyError, OSError):
        return False
    return True
