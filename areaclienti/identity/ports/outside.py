"""How a use case asks another system: between two attempts of its transaction, never within one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar, cast

from areaclienti.identity.errors import Refused
from areaclienti.logging import get_logger

log = get_logger()

T = TypeVar("T")


class BackEndUnavailable(Refused):
    """A system of the insurer is down, too slow, or answers what its contract does not say. Nothing was done."""

    def __init__(self, system: str) -> None:
        super().__init__(503, "back_end_unavailable", f"The insurer's {system} did not answer as its contract says.")


class MustAsk(Exception):
    """Ends an attempt whose question has no answer yet: its transaction is undone, and begun again with the answer."""

    def __init__(self, question: Hashable, system: str, call: Callable[[], Awaitable[Any]]) -> None:
        super().__init__("a question for another system")  # the question itself may hold a value
        self.question = question
        self.system = system
        self.call = call


class Answers:
    """What other systems have answered to one request, across the attempts of its transaction.

    An attempt that meets a question without an answer is undone; the question is asked while no transaction is open,
    and the next attempt finds the answer here. So a use case reads from top to bottom, holds no lock while it waits,
    and has done nothing when a system does not answer. What is asked must be a read, or do nothing new when it is asked
    again. All questions of one request together take at most `seconds`.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends_at: float | None = None
        self._known: dict[Hashable, Any] = {}

    def get(self, question: Hashable, system: str, call: Callable[[], Awaitable[T]]) -> T:
        """The answer, if it is known. Raises `MustAsk`."""
        if question not in self._known:
            raise MustAsk(question, system, call)
        return cast(T, self._known[question])

    async def find(self, needed: MustAsk) -> None:
        """Asks. Raises what the call raises, and `BackEndUnavailable` when the time of the request is over."""
        if self._ends_at is None:
            self._ends_at = asyncio.get_running_loop().time() + self._seconds
        try:
            async with asyncio.timeout_at(self._ends_at):
                self._known[needed.question] = await needed.call()
        except TimeoutError:
            log.warning("back_end_failed", reason=f"{needed.system}_deadline")
            raise BackEndUnavailable(needed.system) from None
