"""The desk's event streams: the queue as it changes, and a conversation from a cursor on, without gap or double."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import Annotated, Any, TypeVar

import anyio
from fastapi import APIRouter, Depends, Request
from sse_starlette import EventSourceResponse, ServerSentEvent

from areaclienti.desk.agents import who as rights_of
from areaclienti.desk.operations import DeskRefused
from areaclienti.desk.web.access import SignedIn, signed_in, still_signed_in
from areaclienti.desk.web.errors import told
from areaclienti.desk.web.parts import desk_of
from areaclienti.desk.web.views import card_view, transcript_view
from areaclienti.desk.web.watching import View
from areaclienti.desk.wiring import AgentsDesk
from areaclienti.gateway.channels.stream import (
    HEARTBEAT_SECONDS,
    STALLED_SECONDS,
    LedgerStream,
    closing_at,
    cursor_of,
    sse_event,
)  # fmt: skip
from areaclienti.gateway.services import Services, services

router = APIRouter(prefix="/desk/api")

SIGNED_IN_SECONDS = 10.0  # a stream of somebody who was signed out or revoked ends within this
LOOKED_AT_SECONDS = 1.0  # what another gateway wrote, and what WhatsApp says of a message, is seen within this

Agent = Annotated[SignedIn, Depends(signed_in)]
Desk = Annotated[AgentsDesk, Depends(desk_of)]
Served = Annotated[Services, Depends(services)]
Result = TypeVar("Result")


@router.get("/events", response_class=LedgerStream)
async def queue_events(request: Request, who: Agent, desk: Desk, served: Served) -> EventSourceResponse:
    """`queue` first: all that the agent may see; then `card` for what came or changed, `gone`, `heartbeat`, and
    `signed_out` at the end.
    """
    shutdown = anyio.Event()
    return _streaming(_queue(request, who, desk, served, shutdown), shutdown)


@router.get("/handovers/{handover_id}/events", response_class=LedgerStream)
async def transcript_events(
    handover_id: str, request: Request, who: Agent, desk: Desk, served: Served, after: int | None = None
) -> EventSourceResponse:
    """The conversation's lines after the cursor (`message`, id = seq), then live, with `note`, `change`, `delivery` and
    `writable` in between; beside them the events of the queue.
    """
    with told():
        line, _ = await desk.operations.line(handover_id, who.agent_id)
    cursor, shutdown = cursor_of(request, after), anyio.Event()
    events = _conversation(request, who, desk, served, handover_id, line.conversation_id, cursor, shutdown)
    return _streaming(events, shutdown)


def _streaming(events: AsyncIterator[ServerSentEvent], shutdown: anyio.Event) -> EventSourceResponse:
    return LedgerStream(
        events,
        shutdown_event=shutdown,
        shutdown_grace_period=1,
        ping=HEARTBEAT_SECONDS,
        ping_message_factory=lambda: sse_event("heartbeat", {}),
        sep="\n",
        send_timeout=STALLED_SECONDS,
    )


async def _queue(
    request: Request, who: SignedIn, desk: AgentsDesk, served: Services, shutdown: anyio.Event
) -> AsyncIterator[ServerSentEvent]:
    clock = asyncio.get_running_loop().time
    with (
        served.hub.subscribe(stream_key(who.agent_id)) as subscription,
        closing_at(shutdown, subscription),
        desk.board.watched(subscription.notice),
    ):
        view = await _view(desk, who)
        yield sse_event("queue", view.snapshot())
        checked = clock()
        while not subscription.closed:
            await subscription.wait(SIGNED_IN_SECONDS)
            if subscription.closed:
                return
            if clock() - checked >= SIGNED_IN_SECONDS:
                if not await _still(request, who):
                    yield sse_event("signed_out", {})
                    return
                checked = clock()
            for name, data in view.changes():
                yield sse_event(name, data)


async def _conversation(
    request: Request,
    who: SignedIn,
    desk: AgentsDesk,
    served: Services,
    handover_id: str,
    conversation_id: str,
    cursor: int,
    shutdown: anyio.Event,
) -> AsyncIterator[ServerSentEvent]:
    clock = asyncio.get_running_loop().time
    # subscribed before the first reading: what is written meanwhile wakes the loop again
    with (
        served.hub.subscribe(conversation_id) as subscription,
        closing_at(shutdown, subscription),
        desk.board.watched(subscription.notice),
    ):
        subscription.notice(ledger=True)
        view = await _view(desk, who)
        yield sse_event("queue", view.snapshot())
        seen, newest = _Seen(cursor), None
        checked = looked = clock()
        while not subscription.closed:
            news = await subscription.wait(LOOKED_AT_SECONDS)
            if subscription.closed:
                return
            if clock() - checked >= SIGNED_IN_SECONDS:
                if not await _still(request, who):
                    yield sse_event("signed_out", {})
                    return
                checked = clock()
            for name, data in view.changes():
                yield sse_event(name, data)
            if news.typing is not None:
                yield sse_event("typing", {"on": news.typing})
            if not news.ledger and clock() - looked < LOOKED_AT_SECONDS:
                continue
            looked = clock()
            try:
                mark = await _shielded(desk.operations.newest(handover_id, who.agent_id))
                if mark == newest and not mark.is_on_its_way:
                    continue
                newest = mark
                found = await _shielded(desk.operations.transcript(handover_id, who.agent_id, seen.cursor))
                line, agent = await _shielded(desk.operations.line(handover_id, who.agent_id))
            except DeskRefused:  # it went to another agency, or was erased
                yield sse_event("gone", {"id": handover_id})
                return
            for name, data, seq in seen.news(transcript_view(found)):
                yield sse_event(name, data, id=seq)
            if seen.is_other("card", card := card_view(line, rights_of(agent), desk.hours.next_opening)):
                yield sse_event("card", card)


class _Seen:
    """What one stream has sent, so that each thing is sent once."""

    def __init__(self, cursor: int) -> None:
        self.cursor = cursor
        self._notes = 0
        self._changes = 0
        self._last: dict[Any, Any] = {}

    def news(self, found: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], int | None]]:
        """Events: name, data, and the seq for those that move the cursor."""
        for change in found["changes"]:
            if change["id"] > self._changes:
                self._changes = change["id"]
                yield "change", change, None
        for message in found["messages"]:
            if message["seq"] > self.cursor:
                self.cursor = message["seq"]
                yield "message", message, self.cursor
        for note in found["notes"]:
            if note["id"] > self._notes:
                self._notes = note["id"]
                yield "note", note, None
        for delivery in found["deliveries"]:
            if self.is_other(delivery["seq"], delivery):
                yield "delivery", delivery, None
        until = {"until": found["writable_until"]}
        if self.is_other("writable", until):
            yield "writable", until, None

    def is_other(self, key: Any, value: Any) -> bool:
        """Whether it is another value than the one sent last; it is the last one from now on."""
        before, self._last[key] = self._last.get(key), value
        return bool(before != value)


def stream_key(agent_id: str) -> str:
    """The hub's key of an agent's streams of the queue: closing it ends them."""
    return f"desk-agent:{agent_id}"


async def _view(desk: AgentsDesk, who: SignedIn) -> View:
    agent = await _shielded(desk.operations.standing(who.agent_id))
    await _shielded(desk.board.refresh())
    return View(desk.board, rights_of(agent), desk.hours.next_opening)


async def _still(request: Request, who: SignedIn) -> bool:
    return await _shielded(still_signed_in(request, who))


async def _shielded(work: Awaitable[Result]) -> Result:
    with anyio.CancelScope(shield=True):  # a browser that leaves must not break a connection in the pool
        result = await work
    return result
