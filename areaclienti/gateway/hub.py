"""Wakes the event streams of a conversation when there is something new in it: written here, or by another gateway."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class News:
    """What happened since the last look: the ledger grew or the state changed, the assistant is typing or stopped."""

    ledger: bool
    typing: bool | None


class Subscription:
    """One stream's mailbox. It holds flags, not messages, so a slow reader costs the same as a quick one."""

    def __init__(self) -> None:
        self._wake = asyncio.Event()
        self._ledger = False
        self._typing: bool | None = None
        self.closed = False

    async def wait(self, seconds: float) -> News:
        """The news, or no news after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return News(ledger=False, typing=None)
        self._wake.clear()
        news = News(ledger=self._ledger, typing=self._typing)
        self._ledger, self._typing = False, None
        return news

    def notice(self, *, ledger: bool = False, typing: bool | None = None) -> None:
        """Leave news for the reader."""
        self._ledger = self._ledger or ledger
        self._typing = self._typing if typing is None else typing
        self._wake.set()

    def close(self) -> None:
        """Tell the reader to end."""
        self.closed = True
        self._wake.set()


class Watcher(Protocol):
    """Who is told of every conversation. Returns at once, raises nothing."""

    def ledger_grew(self, conversation_id: str) -> None:
        """As the hub's own."""

    def typing(self, conversation_id: str, on: bool) -> None:
        """As the hub's own."""


class Hub:
    """The open streams of each conversation in this process, and who watches them all."""

    def __init__(self) -> None:
        self._tell_others: Callable[[str], None] = lambda _: None
        self._bells: list[Callable[[str], None]] = []
        self._watchers: list[Watcher] = []
        self._subscriptions: defaultdict[str, set[Subscription]] = defaultdict(set)
        self._typing: set[str] = set()

    @contextmanager
    def subscribe(self, conversation_id: str) -> Iterator[Subscription]:
        """A subscription that lives as long as the block. It misses nothing from its first line on."""
        subscription = Subscription()
        self._subscriptions[conversation_id].add(subscription)
        if conversation_id in self._typing:
            subscription.notice(typing=True)
        try:
            yield subscription
        finally:
            self._subscriptions[conversation_id].discard(subscription)
            if not self._subscriptions[conversation_id]:
                del self._subscriptions[conversation_id]

    def watch(self, watcher: Watcher) -> None:
        """Tell it whatever happens from now on, for good."""
        self._watchers.append(watcher)

    def share(self, tell: Callable[[str], None]) -> None:
        """Have `tell` called with each conversation in which this gateway wrote: it lets the others know."""
        self._tell_others = tell

    def ring(self, bell: Callable[[str], None]) -> None:
        """Call it with each conversation in which something was written, here or elsewhere, for good."""
        self._bells.append(bell)

    def count(self, conversation_id: str) -> int:
        """How many streams of the conversation are open."""
        return len(self._subscriptions.get(conversation_id, ()))

    def ledger_grew(self, conversation_id: str) -> None:
        """Messages were appended or the state changed (after the commit)."""
        for subscription in self._subscriptions.get(conversation_id, ()):
            subscription.notice(ledger=True)
        for watcher in self._watchers:
            watcher.ledger_grew(conversation_id)
        for bell in self._bells:
            bell(conversation_id)
        self._tell_others(conversation_id)

    def grew_elsewhere(self, conversation_id: str) -> None:
        """Another gateway may have done so; whoever watches it is told there."""
        for subscription in self._subscriptions.get(conversation_id, ()):
            subscription.notice(ledger=True)
        for bell in self._bells:
            bell(conversation_id)

    def anything_elsewhere(self) -> None:
        """Nobody knows what other gateways wrote meanwhile: every stream looks."""
        for conversation_id in list(self._subscriptions):
            self.grew_elsewhere(conversation_id)

    def typing(self, conversation_id: str, on: bool) -> None:
        """The assistant began or ended an answer."""
        if on:
            self._typing.add(conversation_id)
        else:
            self._typing.discard(conversation_id)
        for subscription in self._subscriptions.get(conversation_id, ()):
            subscription.notice(typing=on)
        for watcher in self._watchers:
            watcher.typing(conversation_id, on)

    def close(self, conversation_id: str) -> None:
        """End the streams of one conversation."""
        for subscription in self._subscriptions.get(conversation_id, ()):
            subscription.close()

    def close_all(self) -> None:
        """End every stream: the process stops."""
        for subscriptions in self._subscriptions.values():
            for subscription in subscriptions:
                subscription.close()
