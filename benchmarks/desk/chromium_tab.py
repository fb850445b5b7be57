"""The desk's real conversation page in Chromium, as a tab of `tabs`."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
from collections.abc import AsyncIterator

from playwright.async_api import Page, async_playwright

from benchmarks.desk.agent_browser import AgentBrowser

_PATIENCE = 120_000  # ms
_LINES = "[role=log] .line:not(.note) .words"


class ChromiumMissing(Exception):
    """There is no browser on this machine."""


class ChromiumTab:
    """What a person would read on it."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def shown(self) -> list[str]:
        return await self._page.locator(_LINES).all_inner_texts()

    async def suspend(self, is_suspended: bool) -> None:
        session = await self._page.context.new_cdp_session(self._page)
        await session.send("Page.setWebLifecycleState", {"state": "frozen" if is_suspended else "active"})
        await session.detach()


@contextlib.asynccontextmanager
async def chromium_page(
    agent: AgentBrowser, handover_id: str, url: str, _chance: random.Random
) -> AsyncIterator[ChromiumTab]:
    """The page at that address, in a browser of its own, signed in as the agent. Raises ChromiumMissing."""
    named = os.environ.get("AREACLIENTI_TEST_CHROMIUM")
    chromium = named or shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise ChromiumMissing("install Debian's chromium, or name a binary in AREACLIENTI_TEST_CHROMIUM")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = await browser.new_context()
        cookies = [pair.partition("=") for pair in agent.cookie.split("; ")]
        await context.add_cookies([{"name": name, "value": value, "url": url} for name, _, value in cookies])
        page = await context.new_page()
        page.set_default_timeout(_PATIENCE)
        await page.goto(f"{url}/desk/conversazioni/{handover_id}")
        await page.locator(_LINES).first.wait_for()
        try:
            yield ChromiumTab(page)
        finally:
            await browser.close()
