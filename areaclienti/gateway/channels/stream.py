"""The web chat's event stream: the ledger from a cursor on, then whatever comes, without gap or double."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Depends, Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.types import Receive, Scope, Send

from areaclienti.gateway.channels.views import message_view, state_view
from areaclienti.gateway.db.models import Conversation
from areaclienti.gateway.errors import ApiError, slow_down
from areaclienti.gateway.hub import Subscription
from areaclienti.gateway.ledger import ConversationClosed, Page
from areaclienti.gateway.limits import MAX_STREAMS
from areaclienti.gateway.services import Services, services
from areaclienti.gateway.session import COOKIE, open_conversation, resume, token_hash
from areaclienti.logging import get_logger

log = get_logger()

router = APIRouter(prefix="/api")

HEARTBEAT_SECONDS = 15
RECHECK_SECONDS = 15  # a stream of a token that was replaced ends within this
STALLED_SECONDS = 30  # a browser that takes nothing for so long is gone


class LedgerStream(EventSourceResponse):
    """An event stream that ends quietly when its reader stalls; the browser comes back with its cursor."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            log.info("stream_stalled")


@router.get("/events", response_class=LedgerStream)
async def events(
    request: Request,
    conversation: Annotated[Conversation, Depends(open_conversation)],
    served: Annotated[Services, Depends(services)],
    after: int | None = None,
) -> EventSourceResponse:
    """The conversation's messages after the cursor, then live; `state`, `typing` and `heartbeat` in between, `moved` at
    the end when another token replaced the cookie's.
    """
    if served.hub.count(conversation.id) >= MAX_STREAMS:
        raise slow_down(HEARTBEAT_SECONDS)
    cursor = cursor_of(request, after)
    if cursor > conversation.last_seq:
        cursor = 0  # a cursor of another, ended conversation
    token = served.cookies.read(request, COOKIE)
    shutdown = anyio.Event()
    return LedgerStream(
        _follow(served, conversation.id, cursor, token, shutdown),
        shutdown_event=shutdown,
        shutdown_grace_period=1,
        ping=HEARTBEAT_SECONDS,
        ping_message_factory=lambda: sse_event("heartbeat", {}),
        sep="\n",
        send_timeout=STALLED_SECONDS,
    )


async def _follow(
    served: Services, conversation_id: str, cursor: int, token: str | None, shutdown: anyio.Event
) -> AsyncIterator[ServerSentEvent]:
    clock = asyncio.get_running_loop().time
    hashed = token_hash(token) if token else None
    # subscribed before the first reading: what is written meanwhile wakes the loop again
    with served.hub.subscribe(conversation_id) as subscription, closing_at(shutdown, subscription):
        subscription.notice(ledger=True)
        shown: dict[str, Any] | None = None
        checked = clock()
        while not subscription.closed:
            news = await subscription.wait(RECHECK_SECONDS)
            if subscription.closed:
                return
            if news.typing is True:
                yield sse_event("typing", {"on": True})
            is_check_due = clock() - checked >= RECHECK_SECONDS
            if is_check_due:
                if not await _still_valid(served, token):
                    return
                checked = clock()
            if news.ledger or is_check_due:  # who wrote elsewhere may have died before telling
                try:
                    page = await _read(served, conversation_id, cursor)
                except ConversationClosed:
                    return
                if page.conversation.token_hash != hashed:
                    # not even the message that came with the replacement: its client id gets the next token
                    yield sse_event("moved", {})
                    return
                for message in page.messages:
                    cursor = message.seq
                    yield sse_event("message", message_view(message), id=cursor)
                state = state_view(page.conversation, served.texts.progress, page.agent_name)
                if page.messages or state != shown:
                    shown = state
                    yield sse_event("state", state)
            if news.typing is False:
                yield sse_event("typing", {"on": False})


@contextmanager
def closing_at(shutdown: anyio.Event, subscription: Subscription) -> Iterator[None]:
    """End the stream in good order when the server stops."""

    async def close() -> None:
        await shutdown.wait()
        subscription.close()

    waiting = asyncio.create_task(close())
    try:
        yield
    finally:
        waiting.cancel()


async def _read(served: Services, conversation_id: str, cursor: int) -> Page:
    with anyio.CancelScope(shield=True):  # a browser that leaves must not break a connection in the pool
        page = await served.ledger.read_after(conversation_id, cursor)
    return page


async def _still_valid(served: Services, token: str | None) -> bool:
    with anyio.CancelScope(shield=True):
        conversation = await resume(served.ledger, token)
    return conversation is not None


def sse_event(name: str, data: dict[str, Any], *, id: int | None = None) -> ServerSentEvent:
    return ServerSentEvent(
        json.dumps(data, ensure_ascii=False), event=name, id=None if id is None else str(id), sep="\n"
    )


def cursor_of(request: Request, after: int | None) -> int:
    """The seq after which to begin: the browser's own cursor on a reconnect, the page's on the first connection."""
    last = request.headers.get("Last-Event-ID", "")
    if last.isdecimal() and len(last) < 12:
        return int(last)
    if last:
        raise ApiError(400, "bad_cursor", "Last-Event-ID is not a seq")
    return max(after or 0, 0)
