"""How fast messages may follow one another: to one person, and from and to the business number in all."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

from areaclienti.simulator.errors import beyond
from areaclienti.simulator.limits import LIMITS

Clock = Callable[[], float]
_PEOPLE_KEPT: Final = 5_000


class PairRate:
    """One message in six seconds to one person, and a burst borrowed from the future (a token bucket)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._every = LIMITS["pair.every"].value
        self._burst = LIMITS["pair.burst"].value
        self._free_at: OrderedDict[str, float] = OrderedDict()  # when the whole burst is there again

    def take(self, user_id: str) -> None:
        """Count one message. Raises `Refusal` 131056 when it comes too soon; then it isn't counted."""
        now = self._clock()
        free_at = max(self._free_at.get(user_id, now), now) + self._every
        if free_at - now > self._burst * self._every:
            raise beyond("pair.burst", "Too many messages to this user in a short time.")
        self._free_at[user_id] = free_at
        self._free_at.move_to_end(user_id)
        if len(self._free_at) > _PEOPLE_KEPT:
            self._free_at.popitem(last=False)


class Throughput:
    """The messages of the last second, those that come in included."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._limit = LIMITS["throughput.per_second"].value
        self._times: deque[float] = deque(maxlen=self._limit)

    def take(self) -> None:
        """Count one that goes out. Raises `Refusal` 130429 when the second is full; then it isn't counted."""
        now = self._clock()
        if len(self._times) == self._limit and now - self._times[0] < 1:
            raise beyond("throughput.per_second", "Message failed to send because there were too many messages sent.")
        self._times.append(now)

    def count(self) -> None:
        """Count one that came in: those are never refused."""
        self._times.append(self._clock())
