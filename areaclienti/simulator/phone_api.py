"""The phone side, for the page, the tests and the benchmarks: who writes, what stands in the chat, what goes wrong."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any, Final, TypeVar

import anyio
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from areaclienti.simulator import business
from areaclienti.simulator.faults import Faults
from areaclienti.simulator.inbound import Sending, Unfit, contact, make_message
from areaclienti.simulator.limits import LIMITS
from areaclienti.simulator.people import people
from areaclienti.simulator.phones import Entry, Phone
from areaclienti.simulator.state import State
from areaclienti.simulator.webhooks import Webhook

_HEARTBEAT_SECONDS: Final = 15
_STREAMS_A_PHONE: Final = 8
_HIDDEN_ID = re.compile(r"IT\.[0-9]{19}")
Body = TypeVar("Body", bound=BaseModel)
Answering = Callable[[State, Phone, Request], Awaitable[Response]]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewPhone(_Strict):
    """`user_id` brings a user back whose number isn't seen, after a restart."""

    mobile: Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$")] | None
    name: Annotated[str, Field(min_length=1, max_length=80)] = "Cliente"
    user_id: Annotated[str, Field(pattern=_HIDDEN_ID.pattern)] | None = None


class Again(_Strict):
    """The message whose webhook comes once more."""

    wamid: str


class Hours(_Strict):
    """How much time passes for this phone's chat."""

    hours: Annotated[float, Field(gt=0, le=24 * 365)]


class Seen(_Strict):
    """The last entry that the person has seen."""

    n: int


class Failed(Exception):
    """An answer with an error: the status, and a code in snake_case."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.response = JSONResponse({"code": code, "message": message}, status)


async def about(request: Request) -> Response:
    """Who the business is, where the product's pages are, and which start of the simulator this is."""
    state = _state(request)
    public = state.settings.public_url.rstrip("/")
    return JSONResponse(
        {
            "boot": state.boot,
            "business": {"name": business.NAME, "number": state.business.number},
            "home": f"{public}/",
            "mailbox": f"{public}/mailbox" if state.settings.delivery == "mailbox" else None,
            "webhook_verified": state.webhooks.verified,
            "people": people() if state.settings.demo else [],
            "limits": [limit.facts() for limit in LIMITS.values()],
        }
    )


async def open_phone(request: Request) -> Response:
    """`POST /phones`: the phone with this number, or a new user whose number isn't seen."""
    wish = await _body(request, NewPhone)
    phone = _state(request).phones.open(wish.mobile, wish.name, wish.user_id)
    return JSONResponse({"user_id": phone.user_id, "wa_id": phone.wa_id}, 201)


async def read_messages(state: State, phone: Phone, request: Request) -> Response:
    """What the business sent to this phone after the entry `after`."""
    after = _number(request.query_params.get("after", "0"))
    messages = [entry.facts() for entry in phone.entries.values() if entry.side == "business" and entry.n > after]
    return JSONResponse({"messages": messages, "typing": phone.is_typing, "last": phone.last_n})


async def follow(state: State, phone: Phone, request: Request) -> Response:
    """The chat as events: `hello`, `entry` for each entry that is new or changed, `typing`, `heartbeat`."""
    if phone.pages >= _STREAMS_A_PHONE:
        raise Failed(429, "slow_down", "too many streams of this phone")
    # A cursor of an earlier start of the simulator means nothing: then all is sent.
    boot, _, version = request.headers.get("last-event-id", "").partition(":")
    after = _number(version) if boot == state.boot and version else 0
    stop = anyio.Event()
    return EventSourceResponse(
        _events(state, phone, after, stop),
        shutdown_event=stop,
        shutdown_grace_period=1,
        ping=_HEARTBEAT_SECONDS,
        ping_message_factory=lambda: ServerSentEvent("{}", event="heartbeat", sep="\n"),
        sep="\n",
        send_timeout=30,
    )


async def _events(state: State, phone: Phone, after: int, stop: anyio.Event) -> AsyncIterator[ServerSentEvent]:
    typing = False
    with phone.watched() as changed, phone.shown():
        yield _event("hello", {"boot": state.boot})
        while not stop.is_set():
            changed.clear()
            version = phone.version
            news = sorted((entry.version, entry.n) for entry in phone.entries.values() if entry.version > after)
            for _, n in news:
                if n in phone.entries:  # a long chat may have forgotten it while the page was slow
                    yield _event("entry", phone.entries[n].facts())
            if typing != phone.is_typing:
                typing = phone.is_typing
                yield _event("typing", {"on": typing})
            if version > after:
                # After all of it: a stream that breaks in the middle gets it again.
                after = version
                yield _event("upto", {}, f"{state.boot}:{version}")
            with anyio.move_on_after(1):  # the dots end by themselves
                await changed.wait()


async def send(state: State, phone: Phone, request: Request) -> Response:
    """`POST …/send`: what the person writes or does; the signed webhook is on its way when this answers."""
    wish = await _body(request, Sending)
    try:
        message = make_message(phone, wish, state.business.number)
    except Unfit as unfit:
        raise Failed(422, "invalid_input", str(unfit)) from None
    entry = phone.add("person", message["id"], message) if _is_shown(wish, phone) else None
    state.phones.wrote(phone, message["id"])
    state.throughput.count()
    change = state.business.change({"contacts": [contact(phone)], "messages": [message]})
    webhook = await state.webhooks.deliver(message["type"], phone.user_id, change, message["id"])
    if entry is not None:
        phone.move_forward(entry, "sent")
        state.tasks.start(_tick(phone, entry, webhook))
    return JSONResponse({"wamid": message["id"], "delivered": webhook.delivered})


async def resend(state: State, phone: Phone, request: Request) -> Response:
    """`POST …/resend`: the webhook of a message once more, the very same bytes."""
    wish = await _body(request, Again)
    webhook = await state.webhooks.again(wish.wamid)
    if webhook is None or webhook.user_id != phone.user_id:
        raise Failed(404, "unknown_message", "no webhook of this message is kept")
    return JSONResponse({"wamid": wish.wamid, "delivered": webhook.delivered})


async def let_pass(state: State, phone: Phone, request: Request) -> Response:
    """`POST …/clock`: time passes for this chat, so that its window closes."""
    phone.let_pass((await _body(request, Hours)).hours)
    return Response(status_code=204)


async def see(state: State, phone: Phone, request: Request) -> Response:
    """`POST …/seen`: the person has seen the chat up to this entry."""
    seen = await _body(request, Seen)
    for entry in phone.entries.values():
        if entry.side == "business" and entry.n <= seen.n:
            phone.move_forward(entry, "read")
    return Response(status_code=204)


async def faults(request: Request) -> Response:
    """What goes wrong on purpose; `PUT` says it anew, as a whole."""
    state = _state(request)
    if request.method == "PUT":
        state.set_faults(await _body(request, Faults))
    return JSONResponse(state.faults.model_dump())


async def refused(request: Request) -> Response:
    """The last requests that the Graph side refused, newest first, each with its code, limit and document."""
    state = _state(request)
    return JSONResponse({"refused": list(reversed(state.refused)), "in_all": state.refused_in_all})


async def webhooks(request: Request) -> Response:
    """The last webhooks as they were sent, newest first."""
    return JSONResponse({"webhooks": [webhook.facts() for webhook in reversed(_state(request).webhooks.last)]})


def _is_shown(wish: Sending, phone: Phone) -> bool:
    """Whether this is a bubble of its own; a reaction, a deletion and a change are seen at the message they are of."""
    if wish.type not in ("reaction", "deleted", "edited") or wish.wamid is None:
        return True
    about = phone.find(wish.wamid)
    if about is not None:
        if wish.type == "reaction":
            about.react("person", wish.emoji)
        elif wish.type == "deleted":
            about.deleted = True
            about.payload = {"type": "deleted"}
        elif wish.text is not None:
            about.edited = True
            about.payload = about.payload | {"type": "text", "text": {"body": wish.text}}
        phone.changed(about)
    return False


async def _tick(phone: Phone, entry: Entry, webhook: Webhook) -> None:
    """The second tick comes when the gateway took the message, however long that takes."""
    await webhook.taken.wait()
    phone.move_forward(entry, "delivered")


def _with_phone(answering: Answering) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        state = _state(request)
        phone = state.phones.get(request.path_params["user_id"])
        if phone is None:
            raise Failed(404, "unknown_phone", "no such phone since the simulator's start")
        return await answering(state, phone, request)

    return endpoint


def _state(request: Request) -> State:
    state: State = request.app.state.simulator
    return state


async def _body(request: Request, model: type[Body]) -> Body:
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise Failed(415, "not_json", "the body must be application/json")  # a form of another site never is
    try:
        return model.model_validate_json(await request.body())
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Failed(422, "invalid_input", f"{where}: {first['msg']}") from None


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 12:
        raise Failed(400, "bad_cursor", "not a number")
    return int(text)


def _event(name: str, data: dict[str, Any], event_id: str | None = None) -> ServerSentEvent:
    return ServerSentEvent(json.dumps(data, ensure_ascii=False), event=name, id=event_id, sep="\n")


def failed(_: Request, error: Exception) -> Response:
    """The answer to `Failed`."""
    assert isinstance(error, Failed)
    return error.response


routes = [
    Route("/about", about),
    Route("/phones", open_phone, methods=["POST"]),
    Route("/phones/{user_id}/messages", _with_phone(read_messages)),
    Route("/phones/{user_id}/events", _with_phone(follow)),
    Route("/phones/{user_id}/send", _with_phone(send), methods=["POST"]),
    Route("/phones/{user_id}/resend", _with_phone(resend), methods=["POST"]),
    Route("/phones/{user_id}/clock", _with_phone(let_pass), methods=["POST"]),
    Route("/phones/{user_id}/seen", _with_phone(see), methods=["POST"]),
    Route("/faults", faults, methods=["GET", "PUT"]),
    Route("/refused", refused),
    Route("/webhooks", webhooks),
]
