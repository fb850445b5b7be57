"""Of many phones that use one Flow token at once one is served, whatever the database and however many gateways."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI

from areaclienti.gateway import one_time
from tests.unit.gateway.conftest import Start
from tests.unit.gateway.doubles import Engine, Identity
from tests.unit.gateway.test_races import url
from tests.unit.gateway.test_secrets import AT_PASSWORD, PASSWORD
from tests.unit.gateway.whatsapp.flow_phone import FlowPhone
from tests.unit.gateway.whatsapp.test_flow_endpoint import KEY, SECRET, client, giving, settings, token_for

__all__ = ["settings", "url"]


async def test_of_many_at_once_one_value_is_taken(
    start: Start, settings: dict[str, Any], identity: Identity, engine: Engine
) -> None:
    app = await start(**settings)
    token = await token_for(app, AT_PASSWORD)
    assert await at_once([app] * 12, token) == [200] + [427] * 11
    await app.state.services.runner.settle()
    assert len(identity.deposits) == 1
    assert [turn.intent for turn in engine.turns] == ["give_secret"]


async def test_two_gateways_take_one_value(start: Start, settings: dict[str, Any], identity: Identity) -> None:
    """Each has its own locks: only the claim in the database keeps the second out."""
    apps = [await start(**settings), await start(**settings)]
    token = await token_for(apps[0], AT_PASSWORD)
    assert await at_once(apps, token, together=True) == [200, 427]
    assert len(identity.deposits) == 1


async def test_the_race_would_be_lost_by_looking_before_taking(
    start: Start, settings: dict[str, Any], identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: with a claim that only reads, both gateways take a value."""
    monkeypatch.setattr(one_time, "_claim", one_time._due)
    apps = [await start(**settings), await start(**settings)]
    token = await token_for(apps[0], AT_PASSWORD)
    await at_once(apps, token, together=True)
    assert len(identity.deposits) == 2


async def at_once(apps: list[FastAPI], token: str, together: bool = False) -> list[int]:
    """The statuses of as many phones that give a password with one token at once; `together`: all have read the link
    before any takes it.
    """
    met = asyncio.Barrier(len(apps))
    reads = one_time.OneTimeLinks.find

    async def find_together(self: one_time.OneTimeLinks, token: str) -> Any:
        due = await reads(self, token)
        await met.wait()
        return due

    async def give(app: FastAPI, number: int) -> int:
        async with client(app) as http:
            phone = FlowPhone(KEY.public_key(), SECRET, http)
            return (await phone.ask(giving(token, "password", f"{PASSWORD}{number}")))[0]

    with pytest.MonkeyPatch.context() as patch:
        if together:
            patch.setattr(one_time.OneTimeLinks, "find", find_together)
        return sorted(await asyncio.gather(*(give(app, number) for number, app in enumerate(apps))))
