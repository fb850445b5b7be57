"""Holds a provider's messages back while it fails, and lets one through now and then to see whether it is back."""

from __future__ import annotations

import time
from collections.abc import Callable

_FAILURES_TO_OPEN = 5
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0
_LONGEST_ASKED_SECONDS = 300.0  # a code by SMS lives 5 minutes: whoever is asked to wait longer looks again then


class Circuit:
    """Closed, all may pass; open, none; after the pause one at a time, until one succeeds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._pause = 0.0
        self._open_until: float | None = None

    @property
    def is_closed(self) -> bool:
        return self._open_until is None

    def slots(self, free: int, busy: int) -> int:
        """How many of the `free` places may be filled now, while `busy` messages are under way."""
        if self._open_until is None:
            return free
        if self._clock() < self._open_until or busy:
            return 0
        return min(free, 1)

    def seconds_to_wait(self) -> float:
        """Seconds until the next message may try."""
        return 0.0 if self._open_until is None else max(0.0, self._open_until - self._clock())

    def succeeded(self) -> None:
        self._failures, self._pause, self._open_until = 0, 0.0, None

    def failed(self, asked_seconds: float | None = None) -> float | None:
        """Counts a failure of the provider. Gives the seconds of the pause that it begins, None while none is needed.

        `asked_seconds` is the provider's own wish (429 with Retry-After): it is obeyed at the first failure.
        """
        self._failures += 1
        now = self._clock()
        if asked_seconds is not None:
            pause = min(asked_seconds, _LONGEST_ASKED_SECONDS)
        elif self._open_until is not None and now < self._open_until:
            return None  # it was under way when the circuit opened: it says nothing new
        elif self._open_until is None and self._failures < _FAILURES_TO_OPEN:
            return None
        else:
            pause = self._pause = min(max(self._pause * 2, _FIRST_PAUSE_SECONDS), _LONGEST_PAUSE_SECONDS)
        self._open_until = max(self._open_until or 0.0, now + pause)
        return pause
