"""Of many who use one link at once one is taken, whatever the database and however many gateways."""

from __future__ import annotations

import asyncio

import pytest
from fastapi import FastAPI

from areaclienti.gateway import one_time
from areaclienti.gateway.one_time import Due, OneTimeLinks
from tests.unit.gateway.browser import Browser
from tests.unit.gateway.conftest import Start
from tests.unit.gateway.doubles import Engine, Identity
from tests.unit.gateway.test_races import url
from tests.unit.gateway.test_secret_page import Phone, csrf_of, link
from tests.unit.gateway.test_secrets import AT_PASSWORD, PASSWORD, stand_at

__all__ = ["url"]


async def test_of_many_at_once_one_value_is_taken(
    browser: Browser, app: FastAPI, identity: Identity, engine: Engine
) -> None:
    await stand_at(app, *AT_PASSWORD)
    url = await link(browser)
    phones = [Phone(app, f"198.51.100.{number}") for number in range(1, 13)]
    pages = [await phone.open(url) for phone in phones]
    forms = [
        phone.send(url, {"csrf": csrf_of(page), "new-password": f"{PASSWORD}{number}"})
        for number, (phone, page) in enumerate(zip(phones, pages, strict=True))
    ]
    statuses = sorted(answer.status_code for answer in await asyncio.gather(*forms))
    assert statuses == [303] + [404] * 11
    assert len(identity.deposits) == 1
    assert [turn.intent for turn in engine.turns[1:]] in ([], ["give_secret"])


async def test_two_gateways_take_one_value(start: Start, engine: Engine, identity: Identity) -> None:
    """Each has its own locks: only the claim in the database keeps the second out."""
    apps = [await start(), await start()]
    browser = Browser(apps[0])
    await browser.open()
    await apps[0].state.services.runner.settle()
    await stand_at(apps[0], *AT_PASSWORD)
    url = await link(browser)
    assert await _at_once(apps, url, identity) == 1


async def test_the_race_would_be_lost_by_looking_before_taking(
    start: Start, engine: Engine, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: with a claim that only reads, both gateways take a value."""
    monkeypatch.setattr(one_time, "_claim", one_time._due)
    apps = [await start(), await start()]
    browser = Browser(apps[0])
    await browser.open()
    await apps[0].state.services.runner.settle()
    await stand_at(apps[0], *AT_PASSWORD)
    url = await link(browser)
    assert await _at_once(apps, url, identity) == 2


async def _at_once(apps: list[FastAPI], url: str, identity: Identity) -> int:
    """How many of two gateways put their value into the vault, both having read the link before either took it."""
    met = asyncio.Barrier(2)
    reads = OneTimeLinks.find

    async def find_together(self: OneTimeLinks, token: str) -> Due | None:
        due = await reads(self, token)
        if together.is_set():
            await met.wait()
        return due

    together = asyncio.Event()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(OneTimeLinks, "find", find_together)
        phones = [Phone(app) for app in apps]
        pages = [await phone.open(url) for phone in phones]
        together.set()
        await asyncio.gather(
            *(
                phone.send(url, {"csrf": csrf_of(page), "new-password": PASSWORD})
                for phone, page in zip(phones, pages, strict=True)
            )
        )
    return len(identity.deposits)
