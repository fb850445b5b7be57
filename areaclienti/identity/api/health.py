"""Whether the process lives, and whether it can serve."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from areaclienti.identity.api.auth import ServicesHere
from areaclienti.identity.api.schemas import LiveBody, ReadyBody
from areaclienti.identity.db.migrate import head_revision
from areaclienti.identity.services import Services

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live", response_model=LiveBody)
async def live() -> Any:
    """The process answers."""
    return LiveBody()


@router.get(
    "/ready",
    response_model=ReadyBody,
    responses={503: {"model": ReadyBody, "description": "It cannot serve now; the body says what is missing."}},
)
async def ready(services: ServicesHere) -> Any:
    """The database answers at this code's schema, and the tasks in the background run."""
    not_ready = services.stopped_tasks() + await _missing_of_database(services)
    return JSONResponse({"not_ready": not_ready}, 503 if not_ready else 200)


async def _missing_of_database(services: Services) -> list[str]:
    try:
        async with services.database.read() as session:
            revision = await session.scalar(text("SELECT version_num FROM alembic_version"))
    except (SQLAlchemyError, OSError):
        return ["database"]
    return [] if revision == head_revision() else ["schema"]
