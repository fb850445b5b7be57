"""`/webhooks/whatsapp`: where Meta asks whether the address is ours, and delivers what happened."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from areaclienti.gateway.channels.whatsapp.channel import WhatsappChannel, whatsapp
from areaclienti.gateway.channels.whatsapp.inbound import NotJson, events_in
from areaclienti.gateway.channels.whatsapp.intake import NotStored
from areaclienti.gateway.channels.whatsapp.signature import SIGNATURE_HEADER, is_signed
from areaclienti.gateway.db.models import now
from areaclienti.gateway.errors import ApiError
from areaclienti.logging import get_logger

log = get_logger()

PATH = "/webhooks/whatsapp"
MAX_BODY_BYTES = 3 * 1024 * 1024  # https://developers.facebook.com/docs/whatsapp/cloud-api/guides/set-up-webhooks

router = APIRouter(include_in_schema=False)
Channel = Annotated[WhatsappChannel, Depends(whatsapp)]


@router.get(PATH)
async def confirm_address(
    channel: Channel,
    mode: Annotated[str, Query(alias="hub.mode")] = "",
    token: Annotated[str, Query(alias="hub.verify_token")] = "",
    challenge: Annotated[str, Query(alias="hub.challenge", max_length=1_024)] = "",
) -> Response:
    """Repeat Meta's challenge to whoever knows the verify token; 403 to anybody else."""
    is_right = hmac.compare_digest(token.encode(), channel.verify_token.encode())
    if mode != "subscribe" or not is_right:
        raise ApiError(403, "not_meta", "hub.mode or hub.verify_token is not the agreed one")
    return PlainTextResponse(challenge)


@router.post(PATH)
async def deliver(request: Request, channel: Channel) -> Response:
    """200 once everything in the payload is stored durably, known before or not; it is processed afterwards.

    401 without Meta's signature: nothing was looked at; 400 for what is no JSON; 413 above 3 MB; 503 while nothing can
    be stored: Meta comes again.
    """
    body = await request.body()
    if not is_signed(channel.app_secret, body, request.headers.get(SIGNATURE_HEADER)):
        log.warning("whatsapp_unsigned")
        raise ApiError(401, "bad_signature", f"{SIGNATURE_HEADER} is missing or wrong")
    try:
        events = events_in(body, channel.phone_number_id, now())
    except NotJson:
        raise ApiError(400, "not_json", "the body is not JSON") from None
    try:
        new = await channel.intake.take(events)
    except NotStored as error:
        log.error("whatsapp_not_stored", exc_info=error)
        raise ApiError(503, "not_stored", "nothing was stored", headers={"Retry-After": "5"}) from None
    channel.processing.wake_for(new)
    return JSONResponse({})
