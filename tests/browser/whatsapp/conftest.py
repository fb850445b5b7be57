"""The simulator and a scripted business, each served in a thread, and pages that fail on any script or policy error."""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import uvicorn
from playwright.sync_api import Browser, Page
from pydantic import SecretStr
from starlette.applications import Starlette

from areaclienti.settings import SimulatorSettings
from areaclienti.simulator.app import create_app
from areaclienti.supervisor.free_ports import free_ports
from tests.browser.conftest import PATIENCE_MS
from tests.browser.whatsapp.business import Business
from tests.browser.whatsapp.handset import Handset
from tests.browser.widget.conftest import WATCH_POLICY

OpenPage = Callable[..., Page]


class World:
    """A simulator that can be stopped and started again, and its business."""

    def __init__(self) -> None:
        self.port, business_port = free_ports(2)
        self.address = f"http://localhost:{self.port}"
        token = secrets.token_urlsafe(16)
        self.settings = SimulatorSettings(
            _env_file=None,
            simulator_port=self.port,
            whatsapp_webhook_url=f"http://127.0.0.1:{business_port}/webhooks/whatsapp",
            whatsapp_access_token=SecretStr(token),
            whatsapp_app_secret=SecretStr("s"),
            whatsapp_verify_token=SecretStr("v"),
        )
        self.business = Business(f"http://127.0.0.1:{self.port}", token)
        self._business_server = _Served(self.business.app, business_port)
        self._simulator = _Served(create_app(self.settings), self.port)

    def stop_simulator(self) -> None:
        self._simulator.stop()

    def start_simulator(self) -> None:
        """A new process would know as little as this new application."""
        self._simulator = _Served(create_app(self.settings), self.port)

    def close(self) -> None:
        self.business.close()
        self._simulator.stop()
        self._business_server.stop()


class _Served:
    def __init__(self, app: Starlette, port: int) -> None:
        config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="critical", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        deadline = time.monotonic() + 60
        while not self._server.started:
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.01)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(60)


@pytest.fixture
def world() -> Iterator[World]:
    """A simulator of its own for each test."""
    with contextlib.closing(World()) as made:
        yield made


@pytest.fixture
def open_page(browser: Browser, world: World) -> Iterator[OpenPage]:
    """Opens the phone page in a browser context of its own; keyword arguments are the context's options."""
    pages: list[Page] = []
    problems: list[str] = []

    def open_(width: int = 1440, height: int = 900, **options: object) -> Page:
        context = browser.new_context(
            base_url=world.address,
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
        page.goto("/")
        return page

    yield open_
    for page in pages:
        problems += page.evaluate("window.policyViolations")
        page.context.close()
    assert problems == []


@pytest.fixture
def handset(open_page: OpenPage) -> Handset:
    """Mario Rossi's phone in hand, on a desktop."""
    handset = Handset(open_page())
    handset.take("Mario Rossi")
    return handset
