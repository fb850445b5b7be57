"""What the contract allows of each thing in a rolling window, counted by the model from the answers alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

DAY, HOUR, TEN_MINUTES = timedelta(hours=24), timedelta(hours=1), timedelta(minutes=10)

# docs/contracts.md, "Limits": what is counted, how much of it, in which window.
ALLOWED = {
    "checks of a contact": [(10, DAY)],
    "codes to a contact": [(5, DAY), (4, TEN_MINUTES)],
    "codes from an address": [(10, HOUR)],
    "tax codes of a registration": [(3, DAY)],
    "tries of a tax code": [(3, DAY)],
    "tax codes from an address": [(5, DAY)],
    "matches of a conversation": [(10, DAY)],
}


@dataclass
class Counted:
    """Times of events by kind and key; raises AssertionError when one more is too many."""

    times: dict[tuple[str, Hashable], list[datetime]] = field(default_factory=lambda: defaultdict(list))

    def add(self, kind: str, key: Hashable, now: datetime) -> None:
        times = self.times[kind, key]
        times.append(now)
        for allowed, window in ALLOWED[kind]:
            found = sum(time > now - window for time in times)
            assert found <= allowed, f"{found} {kind} within {window}"

    def room(self, kind: str, key: Hashable, now: datetime) -> bool:
        """Whether one more would be allowed."""
        times = self.times[kind, key]
        return all(sum(time > now - window for time in times) < allowed for allowed, window in ALLOWED[kind])
