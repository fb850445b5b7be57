"""The board is read once for many who ask at once, and hears of what another gateway did."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from areaclienti.desk.board import Board
from tests.unit.desk.world import World


async def test_many_who_come_at_once_are_answered_with_a_reading_or_two(world: World) -> None:
    handover_id = await world.waiting()
    board, readings = Board(world.database, world.hub), 0
    read = world.database.read

    async def counting(work: Callable[[Session], Any]) -> Any:
        nonlocal readings
        readings += 1
        return await read(work)

    world.database.read = counting  # type: ignore[method-assign]
    await asyncio.gather(*(board.refresh() for _ in range(50)))
    assert list(board.lines) == [handover_id]
    assert readings <= 2, "one that was under way, and one for all who came meanwhile"


async def test_who_asks_while_a_reading_is_under_way_sees_what_was_written_before_he_asked(world: World) -> None:
    board, read = Board(world.database, world.hub), world.database.read
    under_way, goes_on = asyncio.Event(), asyncio.Event()

    async def slowly(work: Callable[[Session], Any]) -> Any:
        found = await read(work)
        under_way.set()
        await goes_on.wait()
        return found

    world.database.read = slowly  # type: ignore[method-assign]
    first = asyncio.create_task(board.refresh())
    await under_way.wait()
    world.database.read = read  # type: ignore[method-assign]
    handover_id = await world.waiting()
    second = asyncio.create_task(board.refresh())
    goes_on.set()
    await asyncio.gather(first, second)
    assert list(board.lines) == [handover_id]


async def test_what_another_gateway_did_is_read_as_well(world: World) -> None:
    board = Board(world.database, world.hub)
    seen = asyncio.Event()
    with board.watched(seen.set):
        running = asyncio.create_task(board.run())
        await board.refresh()
        handover_id = await world.waiting()
        world.hub.grew_elsewhere("desk")
        await asyncio.wait_for(seen.wait(), 60)
        running.cancel()
    assert list(board.lines) == [handover_id]
