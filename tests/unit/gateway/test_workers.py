"""One task a key: nothing is worked on twice at once, and no wake is lost."""

from __future__ import annotations

import asyncio

from areaclienti.gateway.workers import Workers
from tests.unit.gateway.browser import until


async def test_woken_while_it_works_it_looks_again_and_never_twice_at_once() -> None:
    looked, at_once, most = 0, 0, 0
    gate = asyncio.Event()

    async def work(_: str) -> None:
        nonlocal looked, at_once, most
        at_once += 1
        most = max(most, at_once)
        await gate.wait()
        looked, at_once = looked + 1, at_once - 1

    workers = Workers(work, "test", at_once=5)
    workers.wake("a")
    await until(lambda: at_once == 1)
    for _ in range(3):
        workers.wake("a")
    gate.set()
    await workers.settle()
    assert (looked, most) == (2, 1), "once more for all that came meanwhile"


async def test_keys_are_worked_on_side_by_side_within_the_limit() -> None:
    at_once, most = 0, 0
    gate = asyncio.Event()

    async def work(_: str) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await gate.wait()
        at_once -= 1

    workers = Workers(work, "test", at_once=2)
    for key in "abcd":
        workers.wake(key)
    await until(lambda: at_once == 2)
    gate.set()
    await workers.settle()
    assert most == 2


async def test_what_is_put_off_comes_again_and_a_wake_brings_it_forward() -> None:
    looked: list[str] = []
    waits: dict[str, float | None] = {"soon": 0.001, "late": 3600.0}

    async def work(key: str) -> float | None:
        looked.append(key)
        return waits.pop(key, None)

    workers = Workers(work, "test", at_once=2)
    workers.wake("soon")
    workers.wake("late")
    await until(lambda: looked.count("soon") == 2)
    await until(lambda: workers.waits("late"))
    workers.wake("late")
    await workers.settle()
    assert looked.count("late") == 2 and not workers.waits("late")
    await workers.stop()


async def test_stopped_it_takes_nothing_up_any_more() -> None:
    begun = asyncio.Event()

    async def work(_: str) -> None:
        begun.set()
        await asyncio.Event().wait()

    workers = Workers(work, "test", at_once=1)
    workers.wake("a")
    await begun.wait()
    await workers.stop()
    begun.clear()
    workers.wake("a")
    await workers.settle()
    assert not begun.is_set()
