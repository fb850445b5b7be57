"""An operator ends sessions: one customer's or everybody's, at once, written down, and without any secret."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from areaclienti.cli import app
from areaclienti.domain.contacts import ContactRejected
from areaclienti.identity import audit
from areaclienti.identity.db.models import AuditEvent
from areaclienti.identity.revocation import Ended, NoSuchAccount, end_sessions
from tests.unit.identity.databases import a_sqlite_copy
from tests.unit.identity.world import MARIO, OFFICINE, World, running, settings_for


async def is_live(world: World, token: str) -> bool:
    return (await world.gateway("GET", "/v1/customers/me", **{"X-Session-Token": token})).status_code == 200


async def a_session_of_the_company(world: World) -> str:
    begun = (await world.register("conv-2", **OFFICINE)).json()
    await world.verify(begun["registration_id"], await world.newest_code(), "conv-2")
    pending = (await world.sign_in(OFFICINE["contact"])).json()
    path = f"/v1/sign-in/{pending['sign_in_id']}/verification"
    return str((await world.gateway("POST", path, {"code": await world.newest_code()})).json()["session_token"])


async def noted(world: World) -> list[str | None]:
    async with world.services.database.read() as session:
        assert await audit.first_broken_link(session) is None
        found = select(AuditEvent.subject).where(AuditEvent.reason == "by_operator").order_by(AuditEvent.id)
        return list(await session.scalars(found))


async def test_one_customers_sessions_end_and_nobody_elses(world: World) -> None:
    mine, companys = await world.session_of_mario(), await a_session_of_the_company(world)
    second = str((await world.sign_in(MARIO["contact"])).json()["session_token"])
    ended = await end_sessions(world.services.database, world.clock(), " Mario.Rossi@Posta.Example")
    assert ended == Ended(2, 0)
    assert [await is_live(world, token) for token in (mine, second, companys)] == [False, False, True]
    assert len(await noted(world)) == 1


async def test_everybodys_sessions_end_and_each_account_is_noted(world: World) -> None:
    tokens = [await world.session_of_mario(), await a_session_of_the_company(world)]
    assert await end_sessions(world.services.database, world.clock(), None) == Ended(2, 0)
    assert [await is_live(world, token) for token in tokens] == [False, False]
    assert len(await noted(world)) == 2
    assert (await world.sign_in(MARIO["contact"])).json()["outcome"] == "signed_in"


async def test_who_waits_for_the_code_has_to_begin_again(world: World) -> None:
    await world.account_of_mario()
    pending = (await world.sign_in(MARIO["contact"])).json()
    code = await world.newest_code()
    assert await end_sessions(world.services.database, world.clock(), MARIO["contact"]) == Ended(0, 1)
    answer = await world.gateway("POST", f"/v1/sign-in/{pending['sign_in_id']}/verification", {"code": code})
    assert answer.json()["code"] == "sign_in_unknown"


async def test_nobodys_username_ends_nothing(world: World) -> None:
    token = await world.session_of_mario()
    with pytest.raises(NoSuchAccount):
        await end_sessions(world.services.database, world.clock(), "nessuno@posta.example")
    with pytest.raises(ContactRejected):
        await end_sessions(world.services.database, world.clock(), "nessuno")
    assert await is_live(world, token)


def test_the_command_signs_a_customer_out(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = a_sqlite_copy(tmp_path, tmp_path_factory.getbasetemp())

    async def begin() -> str:
        async with running(settings_for(url)) as world:
            return await world.session_of_mario()

    async def is_still_live(token: str) -> bool:
        async with running(settings_for(url), with_registry=False) as world:
            return await is_live(world, token)

    token = asyncio.run(begin())
    monkeypatch.setenv("AREACLIENTI_IDENTITY_DATABASE_URL", url)
    for asked, said in (([], "Whose sessions?"), (["x@y.example"], "No account"), (["nessuno"], "neither an e-mail")):
        refused = CliRunner().invoke(app, ["accounts", "end-sessions", *asked])
        assert (refused.exit_code, said in refused.output) == (1, True)
    assert asyncio.run(is_still_live(token))
    done = CliRunner().invoke(app, ["accounts", "end-sessions", MARIO["contact"]])
    assert (done.exit_code, "Ended: 1 sessions" in done.output) == (0, True)
    assert not asyncio.run(is_still_live(token))
