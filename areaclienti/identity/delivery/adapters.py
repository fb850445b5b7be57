"""What every way of sending promises, and how it says that it could not."""

from __future__ import annotations

from typing import Protocol

from areaclienti.identity.delivery.messages import Message


class NotSent(Exception):
    """The message was not accepted. `reason` is a code; `for_good` says that trying again is of no use."""

    def __init__(self, reason: str, *, for_good: bool = False, retry_after_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.for_good = for_good
        self.retry_after_seconds = retry_after_seconds


class Adapter(Protocol):
    """Sends one message. The same id may come twice (at-least-once): a provider is given it to recognise that."""

    async def send(self, message: Message) -> None:
        """Returns when the next hop has accepted the message. Raises `NotSent`."""
        ...

    async def close(self) -> None: ...
