"""`/webhooks/chatwoot`: where Chatwoot tells what agents did; stored, then answered, acted on afterwards."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import SecretStr
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse, Response

from areaclienti.desk.chatwoot.adapter import Chatwoot
from areaclienti.desk.chatwoot.events import NotJson, event_in
from areaclienti.desk.chatwoot.signature import DELIVERY_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, is_signed
from areaclienti.gateway.db.models import now
from areaclienti.gateway.errors import ApiError
from areaclienti.logging import get_logger
from areaclienti.settings import GatewaySettings

log = get_logger()

PATH = "/webhooks/chatwoot"
MAX_BODY_BYTES = 1024 * 1024  # a message of Chatwoot's has at most 150,000 characters, and comes with its conversation

router = APIRouter(include_in_schema=False)


async def chatwoot(request: Request) -> Chatwoot:
    """The connection of the application that serves this request. Raises 404 not_found where it has none."""
    found: Chatwoot | None = request.app.state.chatwoot
    if found is None:
        raise ApiError(404, "not_found", "Chatwoot is not used here")
    return found


Here = Annotated[Chatwoot, Depends(chatwoot)]


@router.post(PATH)
async def deliver_signed(request: Request, here: Here) -> Response:
    """200 once what concerns us is stored, known before or not. 401 without Chatwoot's signature of the last five
    minutes: nothing was looked at; 400 for what is no JSON; 503 while nothing can be stored.
    """
    body = await request.body()
    secret = _given(here.settings.chatwoot_webhook_secret)
    headers = request.headers
    if not secret or not is_signed(secret, body, headers.get(TIMESTAMP_HEADER), headers.get(SIGNATURE_HEADER), now()):
        log.warning("chatwoot_unsigned")
        raise ApiError(401, "bad_signature", f"{SIGNATURE_HEADER} is missing, wrong or old")
    return await _take(body, headers.get(DELIVERY_HEADER), here)


@router.post(PATH + "/{secret}")
async def deliver_unsigned(secret: str, request: Request, here: Here) -> Response:
    """The same for servers that sign nothing, under an address that nobody else knows; 404 under any other."""
    expected = _given(here.settings.chatwoot_webhook_path)
    if not expected or not hmac.compare_digest(secret.encode(), expected.encode()):
        raise ApiError(404, "not_found", "Not Found")
    return await _take(await request.body(), request.headers.get(DELIVERY_HEADER), here)


def wider_bodies(settings: GatewaySettings) -> dict[str, int]:
    """How large a body may be, by path."""
    path = _given(settings.chatwoot_webhook_path)
    return {PATH: MAX_BODY_BYTES} | ({f"{PATH}/{path}": MAX_BODY_BYTES} if path else {})


async def _take(body: bytes, delivery: str | None, here: Chatwoot) -> Response:
    try:
        event = event_in(body)
    except NotJson:
        raise ApiError(400, "not_json", "the body is not a JSON object") from None
    if event is not None and event.account_id in (None, here.settings.chatwoot_account_id):
        try:
            await here.told(event, delivery)
        except SQLAlchemyError as error:
            log.error("chatwoot_not_stored", exc_info=error)
            raise ApiError(503, "not_stored", "nothing was stored", headers={"Retry-After": "5"}) from None
    return JSONResponse({})


def _given(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
