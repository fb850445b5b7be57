"""The page that Prometheus reads."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from areaclienti.identity.api.auth import ServicesHere
from areaclienti.metrics import answer

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
async def metrics(request: Request, services: ServicesHere) -> Response:
    """For whoever has the key of the metrics; for everybody else there is no such page."""
    if not services.metrics.allows(request.headers.get("Authorization", "")):
        raise HTTPException(404)
    return answer(await services.metrics.text())
