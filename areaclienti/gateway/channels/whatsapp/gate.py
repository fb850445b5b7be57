"""Holds all messages back while Meta takes none of ours, lets one try now and then, and tells operators."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

from areaclienti.gateway.channels.whatsapp.verdicts import PAUSING, Verdict
from areaclienti.logging import get_logger

# After a new token the process is started anew; an account is unblocked by people.
_PAUSES = {Verdict.TOKEN: 60.0, Verdict.ACCOUNT: 300.0, Verdict.SPAM: 900.0}
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0
_LONGEST_ASKED_SECONDS = 900.0
_TRIAL_SECONDS = 30.0
_BESIDE_TRIAL_SECONDS = 1.0

log = get_logger()


class Gate:
    """Open, all may pass; closed, none; when its time is over one may try, until one comes through."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._closed_until: float | None = None
        self._trial_until = 0.0
        self._closings = 0
        self._verdict: Verdict | None = None
        self._code: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether all may pass."""
        return self._closed_until is None

    def enter(self) -> float:
        """Seconds to wait; 0 lets the caller through, who must come to `passed`, `close` or `leave`."""
        if self._closed_until is None:
            return 0.0
        at = self._clock()
        if at < self._closed_until:
            return self._closed_until - at
        if at < self._trial_until:
            return _BESIDE_TRIAL_SECONDS
        self._trial_until = at + _TRIAL_SECONDS
        return 0.0

    def remaining(self) -> float:
        """Seconds until one may try; 0 while the gate is open."""
        if self._closed_until is None:
            return 0.0
        return max(self._closed_until - self._clock(), _BESIDE_TRIAL_SECONDS)

    def leave(self) -> None:
        """The caller had nothing to try."""
        self._trial_until = 0.0

    def passed(self) -> bool:
        """A message was taken; tells whether that opened the gate."""
        was_closed = self._closed_until is not None
        if was_closed:
            log.info("whatsapp_resumed", reason=self._reason, code=self._code)
        self._closed_until, self._verdict, self._code = None, None, None
        self._closings, self._trial_until = 0, 0.0
        return was_closed

    def close(self, verdict: Verdict, code: int | None, asked_seconds: float | None = None) -> float:
        """Hold all back, for the seconds that are returned. What needs a person is an error in the log, once."""
        if self._verdict in PAUSING and verdict not in PAUSING:
            return self.remaining()  # it was under way when the gate closed: nothing new
        is_news = verdict is not self._verdict
        self._closings = 1 if is_news else self._closings + 1
        seconds = self._seconds(verdict, asked_seconds)
        self._closed_until, self._trial_until = self._clock() + seconds, 0.0
        self._verdict, self._code = verdict, code
        if is_news:
            write = log.error if verdict in PAUSING else log.warning
            write("whatsapp_paused", reason=verdict.value, code=code, retry_in_seconds=round(seconds, 1))
        return seconds

    def detail(self) -> dict[str, Any] | None:
        """What `GET /health/ready` says while nothing goes out and a person is needed."""
        if self._verdict not in PAUSING:
            return None
        return {"sending": "paused", "reason": self._reason, "code": self._code}

    @property
    def _reason(self) -> str | None:
        return self._verdict.value if self._verdict else None

    def _seconds(self, verdict: Verdict, asked_seconds: float | None) -> float:
        if asked_seconds is not None:
            return min(max(asked_seconds, _FIRST_PAUSE_SECONDS), _LONGEST_ASKED_SECONDS)
        if verdict in _PAUSES:
            return _PAUSES[verdict]
        top = min(_FIRST_PAUSE_SECONDS * 2.0**self._closings, _LONGEST_PAUSE_SECONDS)
        return random.uniform(top / 2, top)
