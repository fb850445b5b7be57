"""One write transaction with what use cases need in it: the session, the time, the keys, and the audit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from areaclienti.crypto import Mac, Sealer
from areaclienti.identity.audit import Event
from areaclienti.identity.db.engine import Database
from areaclienti.identity.ports.outside import Answers
from areaclienti.settings import IdentitySettings

if TYPE_CHECKING:
    from areaclienti.identity.ports.chosen import Ports

T = TypeVar("T")


@dataclass
class Work:
    """All that one request does: it happens whole, with its audit events, or not at all."""

    session: AsyncSession
    database: Database
    settings: IdentitySettings
    sealer: Sealer
    mac: Mac
    now: datetime
    ports: Ports
    answers: Answers  # of the insurer's own systems, where a port is one
    events: list[Event] = field(default_factory=list)
    counts: list[tuple[str, ...]] = field(default_factory=list)  # for the metrics: what, and its labels
    has_mail: bool = False  # set when a message was put in the outbox: its worker is woken after the commit

    def note(
        self, event: str, reason: str | None = None, subject: str | None = None, conversation_id: str | None = None
    ) -> None:
        """Records reason codes and ids, never values."""
        self.events.append(Event(event, reason, subject, conversation_id))

    def count(self, what: str, *labels: str) -> None:
        """One more of what `metrics.COUNTED` names, once this is committed; labels are codes, never values."""
        self.counts.append((what, *labels))


class Do(Protocol):
    """`Services.do`: one write transaction, in which the ports may be asked."""

    async def __call__(self, act: Callable[[Work], Awaitable[T]]) -> T: ...
