"""An office for each test, and pages that fail it on any script error or policy violation."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import PATIENCE_MS
from tests.browser.desk.office import Agent, Office
from tests.browser.widget.conftest import WATCH_POLICY
from tests.unit.gateway.database import database_file

OpenDesk = Callable[..., Page]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A gateway of its own."""
    with ThreadPoolExecutor(1) as elsewhere:  # Playwright keeps a loop running in this thread
        url = elsewhere.submit(database_file, tmp_path).result()
    with contextlib.closing(Office(url)) as made:
        yield made


@pytest.fixture
def open_desk(browser: Browser, office: Office) -> Iterator[OpenDesk]:
    """Opens a page as an agent, in a browser context of its own; keyword arguments are the context's options."""
    pages: list[Page] = []
    problems: list[str] = []

    def open_(agent: Agent, path: str = "/desk", width: int = 1440, height: int = 900, **options: object) -> Page:
        context = browser.new_context(
            base_url=office.address,
            viewport={"width": width, "height": height},
            locale="it-IT",
            timezone_id="Europe/Rome",
            reduced_motion="reduce",
            **options,  # type: ignore[arg-type]
        )
        context.add_cookies([{"name": agent.cookie, "value": agent.token, "url": office.address}])
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.add_init_script(WATCH_POLICY)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: problems.append(line.text) if "Security Policy" in line.text else None)
        pages.append(page)
        page.goto(path)
        return page

    yield open_
    for page in pages:
        problems += page.evaluate("window.policyViolations")
        page.context.close()
    assert problems == []
