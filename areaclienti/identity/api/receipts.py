"""Receipts of SMS providers, relayed by the gateway as they came."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any

from fastapi import APIRouter, Path

from areaclienti.identity.api.auth import ServicesHere, for_gateway
from areaclienti.identity.api.errors import documented
from areaclienti.identity.api.schemas import ReceiptsBody, RelayedAsked
from areaclienti.identity.delivery import receipts
from areaclienti.identity.delivery.sms.provider import ReceiptRefused, Relayed
from areaclienti.identity.errors import Refused
from areaclienti.logging import get_logger

router = APIRouter(prefix="/v1/receipts", tags=["receipts"], dependencies=[for_gateway])

log = get_logger()


@router.post("/sms/{provider}", response_model=ReceiptsBody, responses=documented(401, 403, 404))
async def take_receipts(
    provider: Annotated[str, Path(pattern=r"^[a-z]{1,16}$")], asked: RelayedAsked, services: ServicesHere
) -> Any:
    """Proves that the call is the provider's and records what it says; an id that is not ours is counted only."""
    known = services.sms_provider
    if known is None or known.name != provider:
        raise Refused(404, "not_found", "There is nothing here.")
    relayed = Relayed(
        path_token=asked.path_token,
        query=asked.query,
        headers={name.lower(): value for name, value in asked.headers.items()},
        body=_bytes_of(asked.body),
    )
    try:
        reported = known.read_receipts(relayed)
    except ReceiptRefused:
        log.warning("receipt_refused", provider=provider)
        raise Refused(403, "not_the_provider", "The signature or the token is missing or wrong.") from None
    outcomes = []
    for receipt in reported:
        async with services.work() as work:
            outcomes.append(await receipts.record(work, provider, receipt))
    log.info("receipts_taken", provider=provider, count=len(outcomes))
    return ReceiptsBody(outcomes=outcomes)


def _bytes_of(body: str) -> bytes:
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise Refused(422, "invalid_input", "The body is not base64.") from None
