"""What a scenario needs of a channel, and what comes back from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx

# A connection for each request: a server closes one that idles, and a request that it crosses is lost.
EACH_ITS_OWN = httpx.Limits(max_keepalive_connections=0)


@dataclass(frozen=True)
class Message:
    """One line that the customer sees and did not write."""

    seq: int
    author: str
    kind: str
    text: str
    choices: tuple[str, ...]  # their titles


@dataclass(frozen=True)
class Reply:
    """What an input led to: a refusal, or the answer and the state after it. `seq`: the input's place in the ledger."""

    seq: int | None = None
    messages: list[Message] = field(default_factory=list)
    state: dict[str, Any] = field(default_factory=dict)
    refused: dict[str, Any] | None = None  # status, code and what else the body says


class Channel(Protocol):
    """A way to reach the product as a customer does. Every method but `close` waits for the whole answer.

    `name`: what scenarios call it.
    """

    name: str

    async def open(self) -> Reply:
        """Begin a conversation with nothing to say yet: the assistant introduces itself and asks its first question."""
        ...

    async def text(self, text: str) -> Reply:
        """Write a text."""
        ...

    async def choose(self, title: str) -> Reply:
        """Take a choice of the newest answer by its title. Raises LookupError when it is not offered."""
        ...

    async def secret(self, purpose: str, value: str) -> Reply:
        """Give a secret the way this channel takes secrets."""
        ...

    async def again(self) -> Reply:
        """Send the last input once more, as after a lost answer. Without messages in the reply: nothing new came."""
        ...

    async def reload(self) -> Reply:
        """Come back to the conversation, as after a page load."""
        ...

    async def come_back(self) -> Reply:
        """Come back after a while, with nothing to say: the assistant welcomes and asks again. The gateway's clock was
        moved before."""
        ...

    def found_by(self) -> tuple[str, str]:
        """The column and value by which the ledger finds this conversation."""
        ...

    async def close(self) -> None:
        """Leave; the conversation stays."""
        ...


class ChatApp(Channel, Protocol):
    """A channel in which more can be done than to write and to choose."""

    async def send(self, kind: str) -> Reply:
        """Send something without words: `audio`, `image`, … Without messages in the reply: it was not answered."""
        ...

    async def old_choice(self, title: str) -> Reply:
        """Take a choice that an older message offered, by its title."""
        ...
