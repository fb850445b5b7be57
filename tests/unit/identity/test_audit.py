"""`areaclienti audit verify`: every kind of tampering by somebody who owns the database is found."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from typer.testing import CliRunner

from areaclienti.audit_chain import GENESIS
from areaclienti.cli import app
from tests.unit.identity.world import World

Verify = Callable[..., Awaitable[Result]]

COLUMNS = "at, event, reason, subject, conversation_id, previous_sha256, sha256"


@pytest.fixture
async def world(world: World) -> World:
    """With a record of some twenty rows."""
    await world.account_of_mario()
    await world.register("conv-2", given_name="Maria")
    await world.mail()
    return world


@pytest.fixture
def verify(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Verify:
    monkeypatch.setenv("AREACLIENTI_IDENTITY_DATABASE_URL", database_url)

    async def run(*options: str) -> Result:
        # The command has an event loop of its own.
        return await asyncio.to_thread(CliRunner().invoke, app, ["audit", "verify", *options], None, None, False)

    return run


async def as_owner(world: World, *statements: str, **values: object) -> None:
    """Does what the triggers refuse, as the owner of the file or a superuser of the server can."""
    async with world.services.database.write() as session:
        await _disarm(session, world.services.database.is_sqlite)
        for statement in statements:
            await session.execute(text(statement), values)


async def _disarm(session: AsyncSession, is_sqlite: bool) -> None:
    if is_sqlite:
        for verb in ("update", "delete"):
            await session.execute(text(f"DROP TRIGGER IF EXISTS audit_no_{verb}"))
    else:
        await session.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))


async def ids(world: World) -> list[int]:
    async with world.services.database.read() as session:
        return list(await session.scalars(text("SELECT id FROM audit ORDER BY id")))


async def test_a_whole_record_is_said_to_be_whole(world: World, verify: Verify) -> None:
    told = await verify()
    assert (told.exit_code, f"whole: {len(await ids(world))} rows" in told.output) == (0, True)


@pytest.mark.parametrize("column", ["event", "reason", "subject", "conversation_id", "sha256", "previous_sha256"])
async def test_a_changed_value_is_found(world: World, verify: Verify, column: str) -> None:
    changed = (await ids(world))[3]
    await as_owner(world, f"UPDATE audit SET {column} = 'x' WHERE id = :id", id=changed)
    told = await verify()
    assert (told.exit_code, f"broken at id {changed}:" in told.output) == (1, True)


async def test_a_changed_time_is_found(world: World, verify: Verify) -> None:
    changed = (await ids(world))[3]
    earlier = "datetime(at, '-1 hour')" if world.services.database.is_sqlite else "at - interval '1 hour'"
    await as_owner(world, f"UPDATE audit SET at = {earlier} WHERE id = :id", id=changed)
    told = await verify()
    assert (told.exit_code, f"broken at id {changed}:" in told.output) == (1, True)


@pytest.mark.parametrize("place", [0, 3])
async def test_a_deleted_row_is_found(world: World, verify: Verify, place: int) -> None:
    deleted, following = (await ids(world))[place : place + 2]
    await as_owner(world, "DELETE FROM audit WHERE id = :id", id=deleted)
    told = await verify()
    assert (told.exit_code, f"broken at id {following}:" in told.output) == (1, True)


async def test_two_rows_in_each_others_place_are_found(world: World, verify: Verify) -> None:
    first, second = (await ids(world))[3:5]
    move = "UPDATE audit SET id = {} WHERE id = {}"
    await as_owner(world, move.format(-1, first), move.format(first, second), move.format(second, -1))
    told = await verify()
    assert (told.exit_code, f"broken at id {first}:" in told.output) == (1, True)


async def test_a_row_put_in_between_is_found(world: World, verify: Verify) -> None:
    third, fourth = (await ids(world))[3:5]
    room = [f"UPDATE audit SET id = id + {shift} WHERE id >= :id" for shift in (1000, -999)]
    insert = (
        f"INSERT INTO audit (id, {COLUMNS}) SELECT :id, at, event, reason, subject, conversation_id, "
        f"'{'1' * 64}', '{'2' * 64}' FROM audit WHERE id = {third}"
    )
    await as_owner(world, room[0], room[1].replace(":id", "1000 + :id"), insert, id=fourth)
    told = await verify()
    assert (told.exit_code, f"broken at id {fourth}:" in told.output) == (1, True)


async def test_a_cut_off_end_is_found_with_the_anchor_only(world: World, verify: Verify, tmp_path: Path) -> None:
    anchor = str(tmp_path / "anchor.json")
    assert (await verify("--anchor", anchor)).exit_code == 0
    kept = (tmp_path / "anchor.json").read_text()
    await as_owner(world, "DELETE FROM audit WHERE id > :id", id=(await ids(world))[-3])
    assert (await verify()).exit_code == 0  # the control: nothing in the record itself can tell
    told = await verify("--anchor", anchor)
    assert (told.exit_code, "cut off or written anew" in told.output) == (1, True)
    assert (tmp_path / "anchor.json").read_text() == kept  # and the alarm does not silence itself


async def test_an_emptied_record_is_found_with_the_anchor(world: World, verify: Verify, tmp_path: Path) -> None:
    anchor = str(tmp_path / "anchor.json")
    await verify("--anchor", anchor)
    await as_owner(world, "DELETE FROM audit")
    assert (await verify("--anchor", anchor)).exit_code == 1


async def test_a_record_written_anew_from_the_beginning_is_found_with_the_anchor(
    world: World, verify: Verify, tmp_path: Path
) -> None:
    anchor = str(tmp_path / "anchor.json")
    await verify("--anchor", anchor)
    await as_owner(world, "DELETE FROM audit")
    for number in range(30):
        async with world.services.work() as work:
            work.note("match", "strong", f"reg_{number}")
    assert (await verify()).exit_code == 0
    assert (await verify("--anchor", anchor)).exit_code == 1


async def test_an_anchor_follows_a_record_that_grows(world: World, verify: Verify, tmp_path: Path) -> None:
    anchor = str(tmp_path / "anchor.json")
    for _ in range(3):
        told = await verify("--anchor", anchor)
        assert told.exit_code == 0, told.output
        async with world.services.work() as work:
            work.note("match", "strong", "reg_x")
    assert "goes on from the anchor" in told.output


async def test_an_anchor_that_cannot_be_read_is_said(verify: Verify, tmp_path: Path) -> None:
    (tmp_path / "anchor.json").write_text('{"rows": 1')
    told = await verify("--anchor", str(tmp_path / "anchor.json"))
    assert (told.exit_code, "can't be understood" in told.output) == (1, True)


async def test_an_empty_record_is_whole_and_its_anchor_fits_what_follows(
    database_url: str, verify: Verify, tmp_path: Path
) -> None:
    anchor = str(tmp_path / "anchor.json")
    told = await verify("--anchor", anchor)
    assert (told.exit_code, GENESIS in told.output) == (0, True)
    assert (await verify("--anchor", anchor)).exit_code == 0


async def test_a_long_record_is_followed_in_parts(
    world: World, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("areaclienti.audit_chain.ROWS_AT_ONCE", 4)
    assert f"whole: {len(await ids(world))} rows" in (await verify()).output
    changed = (await ids(world))[10]
    await as_owner(world, "UPDATE audit SET reason = 'x' WHERE id = :id", id=changed)
    assert f"broken at id {changed}:" in (await verify()).output
