"""POST /v1/vault/secrets: the gateway deposits a secret and gets a reference."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from areaclienti.identity import vault
from areaclienti.identity.api.auth import ServicesHere, for_gateway
from areaclienti.identity.api.errors import documented
from areaclienti.identity.api.schemas import DepositAsked, DepositBody, SecretRejectedBody

router = APIRouter(prefix="/v1/vault", tags=["vault"], dependencies=[for_gateway])

_refusals = documented(401, 403) | {422: {"model": SecretRejectedBody, "description": "Rejected; nothing is stored."}}


@router.post("/secrets", status_code=201, response_model=DepositBody, responses=_refusals)
async def deposit_secret(asked: DepositAsked, services: ServicesHere) -> Any:
    """Keeps a secret for one conversation and one purpose, to be used once; a new one replaces the old one."""
    prepared = await vault.prepare(asked.purpose, asked.value, services.passwords)
    async with services.work() as work:
        return await vault.deposit(work, asked.conversation_id, asked.purpose, prepared, asked.client_address)
