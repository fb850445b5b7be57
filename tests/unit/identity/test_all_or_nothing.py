"""A use case that fails half-way leaves the state as it was: what was taken can be taken again."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from areaclienti.identity import audit
from areaclienti.identity.db.models import Account, AuditEvent, Challenge, Registration
from tests.unit.identity.world import World


class Broken(Exception):
    """What a failing disk or a bug would raise."""


async def test_a_failure_while_the_account_is_made_leaves_everything_as_it_was(  # ASVS 2.3.3
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    registration_id = (await world.register()).json()["registration_id"]
    reference = await world.deposit("verification_code", await world.newest_code())
    before = await state(world)

    async def fail(*_: object, **__: object) -> None:
        raise Broken

    path, asked = f"/v1/registrations/{registration_id}/verification", {"code_reference": reference}
    with monkeypatch.context() as patched:
        # The last thing before the commit: account, code, reference and attempt are all written by then.
        patched.setattr(audit, "append", fail)
        failed = await world.actions(path, asked)
    assert failed.status_code == 500
    assert await state(world) == before

    made = await world.actions(path, asked)
    assert made.json()["outcome"] == "account_created"
    assert await state(world) != before


async def state(world: World) -> tuple[object, ...]:
    async with world.services.database.read() as session:
        return (
            await session.scalar(select(func.count()).select_from(Account)),
            (await session.execute(select(Challenge.status, Challenge.attempts_used))).all(),
            (await session.execute(select(Registration.status, Registration.password_hash))).all(),
            await session.scalar(select(func.count()).select_from(AuditEvent)),
        )
