"""The steps of the outbox at which the identity process is killed, and the naive orders that the controls show.

Loaded inside the process under test by `identity_process`; the product itself has no hook.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from sqlalchemy import select

from areaclienti.identity.db.models import OutboxMessage
from areaclienti.identity.delivery import lane, outbox, receipts, rendered
from areaclienti.identity.work import Work

# In the order of a message's way. Those that a provider must bring about are named by what it does.
IN_PROCESS = (
    "enqueue not committed",
    "claim not committed",
    "claim committed",
    "rendering",
    "before the request",
    "answered, not recorded",
    "recorded, not committed",
    "recorded",
    "refusal not recorded",
    "refusal not committed",
    "drop not committed",
    "receipt not committed",
)
AT_PROVIDER = ("sms sent, not accepted", "sms accepted, not answered", "mail accepted, not answered")
NAIVE = ("mark as sent, then send", "send, then mark")


def install(step: str, marker: Path) -> None:
    """Make this process stop for ever when it comes to the step, after it has made the file `marker`."""

    def stop() -> None:
        marker.touch()
        time.sleep(3600)  # the whole process, in the midst of whatever it does: it waits to be killed

    if step in NAIVE:
        _install_naive(step, stop)
        return
    async_before: dict[str, tuple[Any, str]] = {
        "claim committed": (lane.Lane, "_try"),
        "answered, not recorded": (outbox, "sent"),
        "refusal not recorded": (outbox, "put_back"),
    }
    async_after: dict[str, tuple[Any, str]] = {
        "enqueue not committed": (outbox, "enqueue"),
        "recorded, not committed": (outbox, "sent"),
        "recorded": (lane.Lane, "_sent"),
        "refusal not committed": (outbox, "put_back"),
        "drop not committed": (outbox, "drop"),
        "receipt not committed": (receipts, "record"),
    }
    if step in async_before:
        owner, name = async_before[step]
        setattr(owner, name, _stopping_before(getattr(owner, name), stop))
    elif step in async_after:
        owner, name = async_after[step]
        setattr(owner, name, _stopping_after(getattr(owner, name), stop))
    elif step == "claim not committed":
        outbox.claim = _stopping_after(outbox.claim, stop, when=bool)  # type: ignore[assignment]
    elif step == "rendering":
        rendered.render = lambda *_, **__: stop()  # type: ignore[assignment]
    elif step == "before the request":
        _stop_before_requests(stop)
    else:
        raise ValueError(step)


def _stopping_before(call: Callable[..., Awaitable[Any]], stop: Callable[[], None]) -> Callable[..., Awaitable[Any]]:
    async def stopping(*arguments: Any, **named: Any) -> Any:
        stop()
        return await call(*arguments, **named)

    return stopping


def _stopping_after(
    call: Callable[..., Awaitable[Any]], stop: Callable[[], None], when: Callable[[Any], bool] = lambda _: True
) -> Callable[..., Awaitable[Any]]:
    async def stopping(*arguments: Any, **named: Any) -> Any:
        result = await call(*arguments, **named)
        work = next((argument for argument in arguments if isinstance(argument, Work)), None)
        if work is not None:
            await work.session.flush()  # the statements are with the database, the commit is not
        if when(result):
            stop()
        return result

    return stopping


def _stop_before_requests(stop: Callable[[], None]) -> None:
    from areaclienti.identity.delivery.sms.sender import SmsSender
    from areaclienti.identity.delivery.smtp import Smtp

    for adapter in (SmsSender, Smtp):
        adapter.send = _stopping_before(adapter.send, stop)  # type: ignore[method-assign, assignment]


def _install_naive(step: str, stop: Callable[[], None]) -> None:
    claim = outbox.claim

    async def claim_as_sent(work: Work, *arguments: Any) -> list[outbox.Claimed]:
        claimed = await claim(work, *arguments)
        for one in claimed:
            message = await work.session.get_one(OutboxMessage, one.id)
            message.status, message.sealed, message.destination = "sent", None, None
        return claimed

    async def only_look(work: Work, channel: str, limit: int, needs_seconds: float = 0.0) -> list[outbox.Claimed]:
        due = select(OutboxMessage).where(OutboxMessage.channel == channel, OutboxMessage.status == "pending")
        return [outbox._open(work, message) for message in await work.session.scalars(due.limit(max(limit, 0)))]

    async def mark(work: Work, claimed: outbox.Claimed, *_: Any) -> None:
        message = await work.session.get_one(OutboxMessage, claimed.id)
        message.status, message.sealed, message.destination = "sent", None, None

    if step == "mark as sent, then send":
        outbox.claim = claim_as_sent
        _stop_before_requests(stop)
    else:
        outbox.claim, outbox.sent = only_look, mark
