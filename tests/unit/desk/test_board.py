"""The board is read once for many who ask at once, and hears of what another gateway did."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from areaclienti.desk import board as made
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


async def test_while_everything_rests_a_conversation_that_was_written_in_is_read_by_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made, "PAUSE_FOR_EACH_READING", 1_000_000)
    works: list[object] = []
    read = world.database.read

    async def noting(work: Callable[[Session], Any]) -> Any:
        works.append(work)
        return await read(work)

    world.database.read = noting  # type: ignore[method-assign]
    board, seen = Board(world.database, world.hub), asyncio.Event()
    with board.watched(seen.set):
        running = asyncio.create_task(board.run())
        first = await world.waiting()
        world.hub.grew_elsewhere("desk")
        await asyncio.wait_for(seen.wait(), 60)
        seen.clear()
        assert works.count(made.read_lines) == 1
        second = await world.waiting()
        (line,) = [one for one in (await read(made.read_lines)).values() if one.id == second]
        world.hub.grew_elsewhere(line.conversation_id)
        world.hub.grew_elsewhere("desk")
        await asyncio.wait_for(seen.wait(), 60)
        running.cancel()
    assert set(board.lines) == {first, second}
    assert list(board.lines) == list(await read(made.read_lines)), "in the order of a whole reading"
    assert works.count(made.read_lines) == 1, "not everything again"


async def test_the_place_that_a_new_one_got_through_another_gateway_is_seen_without_being_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made, "LOOKED_AT_SECONDS", 1_000_000)
    monkeypatch.setattr(made, "PAUSE_FOR_EACH_READING", 1_000_000)
    board, seen = Board(world.database, world.hub), asyncio.Event()
    with board.watched(seen.set):
        handover_id = await world.waiting()
        await board.refresh()
        assert board.lines[handover_id].where.level is None
        running = asyncio.create_task(board.run())
        seen.clear()
        await world.place(handover_id)
        await asyncio.wait_for(seen.wait(), 60)
        running.cancel()
    assert board.lines[handover_id].where.level == "pool"
