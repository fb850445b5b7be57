"""How much may be sent, and how fast: token buckets per session and per client address."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from areaclienti.gateway.errors import slow_down

MAX_BODY_BYTES = 16 * 1024
MAX_MESSAGE_CHARACTERS = 2_000
MAX_STREAMS = 10  # open event streams of one conversation
MAX_BUCKETS = 50_000


@dataclass(frozen=True)
class Rate:
    """`burst` requests at once, `per_second` afterwards."""

    burst: float
    per_second: float

    def scaled(self, factor: float) -> Rate:
        """The same rate, `factor` times as wide."""
        return Rate(self.burst * factor, self.per_second * factor)


@dataclass(frozen=True)
class Limits:
    """The rates in force."""

    session: Rate = Rate(burst=20, per_second=1)
    address: Rate = Rate(burst=100, per_second=10)  # a whole office, or a mobile operator's NAT
    new_session: Rate = Rate(burst=30, per_second=0.5)  # per address
    sign_in: Rate = Rate(burst=10, per_second=0.2)  # per address
    receipts: Rate = Rate(burst=300, per_second=50)  # per address of an SMS provider

    def scaled(self, factor: float) -> Limits:
        """The same limits, `factor` times as wide."""
        return Limits(
            session=self.session.scaled(factor),
            address=self.address.scaled(factor),
            new_session=self.new_session.scaled(factor),
            sign_in=self.sign_in.scaled(factor),
            receipts=self.receipts.scaled(factor),
        )


class Buckets:
    """One token bucket a key, in this process. The least recently used are forgotten past MAX_BUCKETS."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> None:
        """Use one token of `key`. Raises 429 slow_down, with the whole seconds to wait, when none is left."""
        at = self._clock()
        level, since = self._levels.pop(key, (self._rate.burst, at))
        level = min(self._rate.burst, level + (at - since) * self._rate.per_second)
        allowed = level >= 1
        self._levels[key] = (level - 1 if allowed else level, at)
        if len(self._levels) > MAX_BUCKETS:
            self._levels.popitem(last=False)
        if not allowed:
            raise slow_down(math.ceil((1 - level) / self._rate.per_second))


class RateLimiter:
    """The buckets of every kind."""

    def __init__(self, limits: Limits) -> None:
        self.session = Buckets(limits.session)
        self.address = Buckets(limits.address)
        self.new_session = Buckets(limits.new_session)
        self.sign_in = Buckets(limits.sign_in)
        self.receipts = Buckets(limits.receipts)
