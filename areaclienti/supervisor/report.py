"""What the supervisor tells about its services while it works, for whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

State = Literal["starting", "ready", "waiting", "crash_looping", "stopping", "stopped"]


@dataclass(frozen=True, slots=True)
class Change:
    """A service came into `state`. `note` is one line for people; `seconds` is how long the last state took."""

    service: str
    state: State
    note: str
    seconds: float = 0.0
    details: tuple[str, ...] = ()


class Reporter(Protocol):
    """Takes what happens. Must not block: it is called on the event loop."""

    def changed(self, change: Change) -> None: ...

    def said(self, service: str, line: str) -> None:
        """A service wrote a line to its log."""

    def trouble(self, text: str) -> None:
        """Something about the supervisor itself went wrong that does not stop it."""
