"""The Graph side: takes the business's messages and receipts as the Cloud API does, or refuses them in its words."""

from __future__ import annotations

import asyncio
import hmac
import json
import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from areaclienti.logging import get_logger
from areaclienti.simulator.checks.message import Accepted, check_message, check_receipt, is_receipt, shown
from areaclienti.simulator.errors import Refusal
from areaclienti.simulator.faults import injected
from areaclienti.simulator.phones import Entry, Phone, new_wamid
from areaclienti.simulator.state import State

log = get_logger()
_VERSION = re.compile(r"v[0-9]{2,3}\.[0-9]")


class _LostAnswer(Response):
    """Breaks the connection in the middle of the answer: the sender can't know that the message was taken."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"400")]})


async def messages(request: Request) -> Response:
    """`POST /v23.0/{phone_number_id}/messages`."""
    state: State = request.app.state.simulator
    await asyncio.sleep(state.faults.graph.delay_ms / 1000)
    body: object = None
    try:
        _check_caller(request, state)
        body = _parsed(await request.body())
        if is_receipt(body):
            return _take_receipt(state, body)
        return _take_message(state, body)
    except Refusal as refusal:
        state.note_refusal(refusal, body)
        log.info("request_refused", code=refusal.error.code, reason=refusal.limit.name if refusal.limit else None)
        return JSONResponse(refusal.body(), refusal.error.status)


def _check_caller(request: Request, state: State) -> None:
    given = request.headers.get("authorization", "").encode()
    expected = f"Bearer {state.settings.whatsapp_access_token.get_secret_value()}".encode()
    if not hmac.compare_digest(given, expected):
        raise Refusal(190, "The access token is missing, or another than the business's.")
    known = request.path_params["phone_number_id"] == state.business.phone_number_id
    if not known or not _VERSION.fullmatch(request.path_params["version"]):
        raise Refusal(100, "Unsupported post request: no such object, version or permission.")


def _parsed(raw: bytes) -> object:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise Refusal(100, "The body is not JSON.") from None


def _take_receipt(state: State, body: object) -> Response:
    receipt = check_receipt(body)
    phone = state.phones.writer_of(receipt.message_id)
    if phone is None:
        raise Refusal(131009, "Param message_id is not a message that came in since the simulator's start.")
    phone.mark_read(receipt.message_id)
    if receipt.typing:
        phone.show_typing()
    return JSONResponse({"success": True})


def _take_message(state: State, body: object) -> Response:
    message = check_message(body)
    state.throughput.take()
    phone = state.phones.addressed(message.to)
    fault = state.faults.next_error(phone.user_id)
    if fault is not None and fault.by == "answer":
        raise injected(fault)
    late: Refusal | None = injected(fault) if fault is not None else None
    if message.type != "template":
        try:
            phone.check_window()
        except Refusal as refusal:
            if state.faults.graph.window_by == "answer":
                raise
            late = refusal
            state.note_refusal(refusal, body)
    state.pair_rate.take(phone.user_id)
    assert isinstance(body, dict)
    entry = _put(phone, message, body, is_shown=late is None)
    state.tasks.start(state.statuses.fail(phone, entry, late) if late else state.statuses.follow(phone, entry))
    if state.faults.loses_answer():
        return _LostAnswer()
    to = {"input": message.given_to} | ({"wa_id": phone.wa_id} if phone.wa_id else {}) | {"user_id": phone.user_id}
    answer = {"messaging_product": "whatsapp", "contacts": [to], "messages": [{"id": entry.wamid}]}
    return JSONResponse(answer)


def _put(phone: Phone, message: Accepted, body: dict[str, Any], is_shown: bool) -> Entry:
    wamid = new_wamid()
    if is_shown:
        return phone.add("business", wamid, shown(body), message.callback_data)
    # What never reaches the person isn't in the chat; its status goes back all the same.
    return Entry(0, wamid, "business", 0.0, shown(body), "waiting", callback_data=message.callback_data)


routes = [Route("/{version}/{phone_number_id}/messages", messages, methods=["POST"])]
