"""The gateway in a thread of its own, a customer who chats, and phones that fail a test on any refused resource."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, Page

from tests.browser.conftest import PATIENCE_MS
from tests.browser.widget.conftest import WATCH_POLICY
from tests.unit.gateway.conftest import build
from tests.unit.gateway.doubles import Engine, Identity

OpenPhone = Callable[..., Page]


class Product:
    """A gateway that listens, the doubles behind it, and one customer's chat."""

    def __init__(self, address: str, engine: Engine, identity: Identity) -> None:
        self.address = address
        self.engine = engine
        self.identity = identity
        self._http = httpx.Client(base_url=address, headers={"Origin": address})

    def chat_at(self, step: str, expects: str) -> None:
        """Begin a chat that stands at a step."""
        self.engine.expect(step, expects)
        self._http.headers["X-CSRF-Token"] = self._http.post("/api/session", json={}).json()["csrf_token"]
        deadline = time.monotonic() + 60
        while self._http.post("/api/session", json={}).json()["state"]["expects"] != expects:
            assert time.monotonic() < deadline, "the assistant did not speak"
            time.sleep(0.05)

    def link(self) -> str:
        """The one-time page for what is due."""
        url: str = self._http.post("/api/secrets/link", json={}).json()["url"]
        return url

    def close(self) -> None:
        self._http.close()


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    engine, identity = Engine(), Identity()
    listening = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    app = build(engine, identity, f"sqlite+aiosqlite:///{tmp_path / 'gateway.db'}", public_url=address)
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started:
        assert time.monotonic() < deadline, "the gateway did not start"
        time.sleep(0.01)
    product = Product(address, engine, identity)
    yield product
    product.close()
    server.should_exit = True
    thread.join(60)


@pytest.fixture
def open_phone(browser: Browser) -> Iterator[OpenPhone]:
    """Opens an address on a phone of its own; keyword arguments are the context's options."""
    pages: list[Page] = []
    problems: list[str] = []

    def open_(url: str, **options: object) -> Page:
        phone = {"viewport": {"width": 390, "height": 844}, "locale": "it-IT", "is_mobile": True, "has_touch": True}
        context = browser.new_context(**{**phone, **options})  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.add_init_script(WATCH_POLICY)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: problems.append(line.text) if "Security Policy" in line.text else None)
        pages.append(page)
        page.goto(url)
        return page

    yield open_
    for page in pages:
        problems += page.evaluate("window.policyViolations ?? []")
        page.context.close()
    assert problems == []
