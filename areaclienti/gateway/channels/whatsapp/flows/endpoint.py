"""`POST /webhooks/whatsapp/flow`: where a Flow's screens come from and where their values go. Only ciphertext passes.

Statuses with a meaning of their own: https://developers.facebook.com/docs/whatsapp/flows/reference/error-codes
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse

from areaclienti.gateway.channels.whatsapp.flows import screens
from areaclienti.gateway.channels.whatsapp.flows.crypto import Envelope, FlowKey, NotDecryptable, load_flow_key
from areaclienti.gateway.channels.whatsapp.flows.screens import SCREENS, flow_texts
from areaclienti.gateway.channels.whatsapp.people import client_address_of, person_of
from areaclienti.gateway.channels.whatsapp.signature import SIGNATURE_HEADER, is_signed
from areaclienti.gateway.errors import ApiError
from areaclienti.gateway.identity_client import IdentityUnavailable, SecretRejected
from areaclienti.gateway.ledger import ConversationClosed
from areaclienti.gateway.one_time import Due
from areaclienti.gateway.secrets import LinkGone, give_by_link
from areaclienti.gateway.services import Services, services
from areaclienti.gateway.texts import Purpose
from areaclienti.logging import get_logger
from areaclienti.settings import GatewaySettings

log = get_logger()
PATH = "/webhooks/whatsapp/flow"
router = APIRouter(include_in_schema=False)

CANNOT_DECRYPT = 421  # the phone fetches our public key again and repeats the request
TOKEN_OVER = 427  # the phone closes the Flow and disables its button
BAD_SIGNATURE = 432
ANSWER_WITHIN_SECONDS = 8.0  # the phone waits ten
MAX_VALUE_CHARACTERS = 1_000
TOO_LONG: Mapping[Purpose, str] = {"password": "too_long", "tax_code": "not_a_tax_code"}
MAX_TOKEN_CHARACTERS = 100
# pywa, and Meta's own texts, name the key in these ways.
_ERRORS = frozenset({"error", "error_message", "error_key"})


@dataclass(frozen=True)
class FlowDoor:
    """What opens the endpoint: Meta's signature and our key."""

    app_secret: str = field(repr=False)
    key: FlowKey


def flow_door(settings: GatewaySettings) -> FlowDoor | None:
    """The door of the settings' Flow, None where there is none. Raises FlowKeyError."""
    secret, file, passphrase = (
        settings.whatsapp_app_secret,
        settings.whatsapp_flow_private_key_file,
        settings.whatsapp_flow_passphrase,
    )
    if settings.whatsapp == "off" or secret is None or file is None:
        return None
    key = load_flow_key(file, passphrase.get_secret_value() if passphrase else None)
    return FlowDoor(secret.get_secret_value(), key)


@dataclass(frozen=True)
class _Answer:
    body: dict[str, Any]
    status: int = 200


@router.post(PATH)
async def exchange(request: Request, served: Annotated[Services, Depends(services)]) -> Response:
    """One exchange with a phone. 432 without Meta's signature, 421 for what our key doesn't open; else 200 or 427, with
    a sealed answer.
    """
    door: FlowDoor = request.app.state.flow_door
    body = await request.body()
    if not is_signed(door.app_secret, body, request.headers.get(SIGNATURE_HEADER)):
        log.warning("flow_signature_refused")
        return Response(status_code=BAD_SIGNATURE)
    try:
        envelope = door.key.open(body)
    except NotDecryptable:
        log.warning("flow_not_decryptable")
        return Response(status_code=CANNOT_DECRYPT)
    answer = await _answer(served, envelope)
    return PlainTextResponse(envelope.seal(answer.body), answer.status, {"Cache-Control": "no-store"})


async def _answer(served: Services, envelope: Envelope) -> _Answer:
    asked = envelope.request
    if asked.get("action") == "ping":
        return _Answer({"data": {"status": "active"}})
    given = asked.get("data")
    data = given if isinstance(given, dict) else {}
    if _ERRORS & data.keys():
        log.warning("flow_error_reported")  # what it was stands in Meta's own figures of the Flow
        return _Answer({"data": {"acknowledged": True}})
    token = asked.get("flow_token")
    found = await _found(served, token) if isinstance(token, str) and len(token) <= MAX_TOKEN_CHARACTERS else None
    if found is None:
        return _over()
    try:
        screen = await _screen(served, asked, data, str(token), *found)
    except (LinkGone, ConversationClosed):
        return _over()
    return _Answer({"version": asked.get("version"), **screen})


async def _found(served: Services, token: str) -> tuple[Due, str] | None:
    """What a token of ours is good for, and whose it is; None for all others."""
    due = await served.one_time.find(token)
    if due is None or due.purpose not in SCREENS:
        return None
    conversation_id = due.conversation_id
    person = await served.database.read(lambda session: person_of(session, conversation_id))
    return (due, client_address_of(person.user_id)) if person else None


async def _screen(
    served: Services, asked: Mapping[str, Any], data: dict[str, Any], token: str, due: Due, address: str
) -> dict[str, Any]:
    purpose = due.purpose
    # INIT, BACK, and a screen of another secret than the one that is due
    if asked.get("action") != "data_exchange" or asked.get("screen") != SCREENS[purpose]:
        return screens.opened(purpose)
    value = data.get(purpose)
    if not isinstance(value, str) or not value.strip():
        return screens.again(purpose, flow_texts().screens[purpose].empty)
    if len(value) > MAX_VALUE_CHARACTERS:
        return screens.refused(purpose, served.texts.faults([TOO_LONG[purpose]]))
    try:
        served.limiter.session.take(due.conversation_id)
    except ApiError as slow:
        return screens.again(purpose, flow_texts().too_fast.format(seconds=slow.fields["retry_after_seconds"]))
    return await _take(served, token, due, address, value)


async def _take(served: Services, token: str, due: Due, address: str, value: str) -> dict[str, Any]:
    try:
        async with asyncio.timeout(ANSWER_WITHIN_SECONDS):
            await give_by_link(served, token, due, address, value)
    except SecretRejected as rejected:
        return screens.refused(due.purpose, served.texts.faults(rejected.failed_rules))
    except (IdentityUnavailable, TimeoutError):
        return screens.again(due.purpose, flow_texts().unavailable)
    finally:  # also after a timeout, which may have come when the ledger was written already
        served.hub.ledger_grew(due.conversation_id)
        served.runner.wake(due.conversation_id)
    return screens.closed(token, due.client_id)


def _over() -> _Answer:
    """One answer for unknown, used, replaced and old tokens: it tells nobody which."""
    return _Answer({"error_msg": flow_texts().over}, TOKEN_OVER)
