"""An office for each test, and pages that fail it on any script error or policy violation."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import PATIENCE_MS
from tests.browser.desk.office import Agent, Office
from tests.browser.widget.conftest import WATCH_POLICY
from tests.contract.desk.provider import CLIENT_ID, CLIENT_SECRET, Listening, OpenIdProvider
from tests.unit.gateway.database import database_file

OpenDesk = Callable[..., Page]


@pytest.fixture(scope="module")
def listening() -> Iterator[OpenIdProvider]:
    with Listening(OpenIdProvider()) as provider:
        yield provider


@pytest.fixture
def provider(listening: OpenIdProvider) -> OpenIdProvider:
    """The stand-in for the insurer's own sign-in, which is listened to only where a test asks for it."""
    listening.forget()
    return listening


@pytest.fixture
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    """A gateway of its own; for a test that asks for `provider`, with the insurer's own sign-in and the demo."""
    with ThreadPoolExecutor(1) as elsewhere:  # Playwright keeps a loop running in this thread
        url = elsewhere.submit(database_file, tmp_path).result()
    more: dict[str, Any] = {}
    if "provider" in request.fixturenames:
        issuer = request.getfixturevalue("provider").address
        more = {
            "demo": True, "desk_oidc_issuer": issuer, "desk_oidc_client_id": CLIENT_ID,
            "desk_oidc_client_secret": CLIENT_SECRET,
        }  # fmt: skip
    with contextlib.closing(Office(url, **more)) as made:
        yield made


@pytest.fixture
def open_desk(browser: Browser, office: Office) -> Iterator[OpenDesk]:
    """Opens a page as an agent, or as nobody, in a context of its own; keyword arguments are its options."""
    pages: list[Page] = []
    problems: list[str] = []

    def open_(
        agent: Agent | None, path: str = "/desk", width: int = 1440, height: int = 900, **options: object
    ) -> Page:
        context = browser.new_context(
            base_url=office.address,
            viewport={"width": width, "height": height},
            locale="it-IT",
            timezone_id="Europe/Rome",
            reduced_motion="reduce",
            **options,  # type: ignore[arg-type]
        )
        if agent is not None:
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
