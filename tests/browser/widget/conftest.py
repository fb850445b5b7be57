"""The stub gateway in a thread of its own, and pages that fail a test on any script error or policy violation."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
import uvicorn
from playwright.sync_api import Browser, Page

from tests.browser.conftest import PATIENCE_MS
from tests.browser.widget.chat import Chat
from tests.browser.widget.stub import Stub

WATCH_POLICY = """
window.policyViolations = [];
document.addEventListener('securitypolicyviolation', (event) =>
  window.policyViolations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`));
"""
OpenPage = Callable[..., Page]


@pytest.fixture
def stub() -> Iterator[Stub]:
    """A fresh stub gateway; `stub.address` says where."""
    stub = Stub()
    config = uvicorn.Config(stub.app, host="127.0.0.1", port=0, log_level="critical", timeout_graceful_shutdown=0)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started:
        assert time.monotonic() < deadline, "the stub gateway did not start"
        time.sleep(0.01)
    stub.address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield stub
    stub.drop_streams()
    server.should_exit = True
    thread.join(60)


@pytest.fixture
def open_page(browser: Browser, stub: Stub) -> Iterator[OpenPage]:
    """Opens a page of the stub in a browser context of its own; keyword arguments are the context's options."""
    pages: list[Page] = []
    problems: list[str] = []

    def open_(path: str, width: int = 1280, height: int = 900, **options: object) -> Page:
        context = browser.new_context(
            base_url=stub.address,
            viewport={"width": width, "height": height},
            locale="it-IT",
            timezone_id="Europe/Rome",
            **options,  # type: ignore[arg-type]
        )
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


@pytest.fixture
def chat(open_page: OpenPage) -> Chat:
    """The home page with the conversation open."""
    return Chat(open_page("/"))
