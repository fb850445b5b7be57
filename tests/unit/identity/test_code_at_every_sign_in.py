"""Where the insurer wants a second factor each time, not only at the first access (manual 9a; ASVS 6.3.3)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from tests.unit.identity.world import MARIO, World

AWorld = Callable[..., AbstractAsyncContextManager[World]]


async def with_code(world: World) -> dict[str, Any]:
    pending = (await world.sign_in(MARIO["contact"])).json()
    assert pending["outcome"] == "code_required"
    assert pending["session_token"] is None
    path = f"/v1/sign-in/{pending['sign_in_id']}/verification"
    return dict((await world.gateway("POST", path, {"code": await world.newest_code()})).json())


@pytest.mark.parametrize(("every", "second"), [(True, "code_required"), (False, "signed_in")])
async def test_the_second_sign_in_needs_the_code_if_the_setting_says_so(
    a_world: AWorld, every: bool, second: str
) -> None:
    async with a_world(code_at_every_sign_in=every) as world:
        await world.session_of_mario()
        assert (await world.sign_in(MARIO["contact"])).json()["outcome"] == second


async def test_each_code_opens_a_session_of_its_own(a_world: AWorld) -> None:
    async with a_world(code_at_every_sign_in=True) as world:
        await world.account_of_mario()
        first, second = await with_code(world), await with_code(world)
        assert first["outcome"] == second["outcome"] == "signed_in"
        assert first["session_token"] != second["session_token"]
