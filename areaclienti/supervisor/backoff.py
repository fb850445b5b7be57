"""How long to wait before a dead process is started again, and when it counts as crash-looping."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class BackoffPolicy:
    """All times in seconds."""

    first_delay: float = 0.5
    factor: float = 2.0
    longest_delay: float = 30.0
    steady_after: float = 60.0  # a process that lived this long starts with a clean sheet
    crash_loop_after: int = 4  # deaths in a row


@dataclass(slots=True)
class Backoff:
    """The deaths of one service so far."""

    policy: BackoffPolicy
    deaths_in_a_row: int = field(default=0, init=False)

    def died(self, lived_seconds: float) -> float:
        """Count a death; return the seconds to wait before the next start."""
        if lived_seconds >= self.policy.steady_after:
            self.deaths_in_a_row = 0
        self.deaths_in_a_row += 1
        delay = self.policy.first_delay * self.policy.factor ** (self.deaths_in_a_row - 1)
        return min(delay, self.policy.longest_delay)

    @property
    def crash_looping(self) -> bool:
        return self.deaths_in_a_row >= self.policy.crash_loop_after
