"""What every way of sending promises, and how it says that it could not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from areaclienti.identity.delivery.messages import Message

if TYPE_CHECKING:
    from areaclienti.identity.delivery.outbox import Claimed


class NotSent(Exception):
    """The message was not accepted, as far as we know.

    `reason` is a code. `for_good`: trying again is of no use. `retry_after_seconds`: the provider's own wish.
    `provider_fails`: it is the provider that is in trouble, not this message. `maybe_accepted`: the answer was lost, so
    that the provider may have taken it.
    """

    def __init__(
        self,
        reason: str,
        *,
        for_good: bool = False,
        retry_after_seconds: float | None = None,
        provider_fails: bool = False,
        maybe_accepted: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.for_good = for_good
        self.retry_after_seconds = retry_after_seconds
        self.provider_fails = provider_fails
        self.maybe_accepted = maybe_accepted


@dataclass(frozen=True)
class Accepted:
    """The next hop took the message. `provider_id` is its own id for it, if it gave one."""

    provider: str
    provider_id: str | None = None


class Adapter(Protocol):
    """Sends one message. The same id may come twice (at-least-once): a provider is given it to recognise that."""

    needs_seconds: float
    """How long sending may take: a message that expires sooner is not begun, so that none arrives expired."""

    async def send(self, message: Message) -> Accepted:
        """Returns when the next hop has accepted the message. Raises `NotSent`."""
        ...

    async def close(self) -> None: ...


class Sender(Protocol):
    """Takes a message as the outbox holds it: a template's name and parameters, not yet in words."""

    needs_seconds: float
    """As an adapter's."""

    async def send(self, claimed: Claimed) -> Accepted:
        """Returns when the next hop has accepted the message. Raises `NotSent`."""
        ...

    async def close(self) -> None: ...
