"""An agent's way in, as he sees it: wrong password, wrong code, right; an invitation; the demo's people by a click."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect

from areaclienti.crypto import Sealer
from areaclienti.desk.administration import Administration, Position
from areaclienti.desk.demo import DEMO_PASSWORD, load_people
from areaclienti.gateway.db.database import open_database
from areaclienti.password_hashes import Passwords
from tests.browser.conftest import PATIENCE_MS
from tests.browser.widget.conftest import WATCH_POLICY
from tests.unit.gateway.conftest import DESK_KEY, build
from tests.unit.gateway.database import database_file
from tests.unit.gateway.doubles import Engine, Identity

Axe = Callable[[Page], list[str]]
EMAIL, PASSWORD = "anna.sereni@example.it", "Girasole-Tenace4"
PICTURES = os.environ.get("AREACLIENTI_TEST_PICTURES")  # a folder to keep what was seen


class Product:
    """A gateway that listens, with the demo's people, and a link for Anna who is new."""

    def __init__(self, folder: Path) -> None:
        with ThreadPoolExecutor(1) as elsewhere:  # Playwright keeps a loop running in this thread
            self.url = elsewhere.submit(database_file, folder).result()
            listening = socket.create_server(("127.0.0.1", 0))
            self.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
            app = build(Engine(), Identity(), self.url, public_url=self.address, desk=True)
            self._server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=0))
            self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listening]})
            self._thread.start()
            deadline = time.monotonic() + 60
            while not self._server.started:
                assert time.monotonic() < deadline, "the gateway did not start"
                time.sleep(0.01)
            self.link = elsewhere.submit(_run, self._people).result()

    async def _people(self) -> str:
        database, sealer = open_database(self.url), Sealer(DESK_KEY)
        try:
            hashed = await Passwords(memory_kib=8 * 1024, rounds=1, at_once=1).hash(DEMO_PASSWORD)
            await database.write(lambda session: load_people(session, sealer, hashed))
            position = Position("Anna Sereni", EMAIL, ["agente"])
            return await Administration(database, sealer, self.address, timedelta(hours=1)).invite(position)
        finally:
            await database.close()

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(60)


def _run(work: Callable[[], object]) -> str:
    import asyncio

    return str(asyncio.run(work()))  # type: ignore[arg-type]


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    made = Product(tmp_path)
    yield made
    made.close()


@pytest.fixture
def page(browser: Browser, product: Product) -> Iterator[Page]:
    """A window that fails the test on any script error or policy violation."""
    problems: list[str] = []
    context = browser.new_context(base_url=product.address, viewport={"width": 1280, "height": 900}, locale="it-IT")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.add_init_script(WATCH_POLICY)
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    problems += page.evaluate("window.policyViolations ?? []")
    context.close()
    assert problems == []


def keep(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


def test_an_invited_agent_gets_in_and_comes_back_with_both_factors_on_accessible_pages(
    page: Page, product: Product, axe: Axe
) -> None:
    page.goto(product.link)
    expect(page.get_by_role("img", name="Codice QR")).to_be_visible()
    assert axe(page) == []
    keep(page, "desk-invitation")
    page.get_by_text("Non riesci a inquadrarlo?").click()
    generator = pyotp.TOTP(page.locator(".secret-key").inner_text().replace(" ", ""))
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Codice di sei cifre").fill("000000" if generator.now() != "000000" else "111111")
    page.get_by_role("button", name="Entra al desk").click()
    expect(page.get_by_role("alert")).to_contain_text("Il codice non corrisponde")
    assert axe(page) == []
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    first = generator.now()
    page.get_by_label("Codice di sei cifre").fill(first)
    page.get_by_role("button", name="Entra al desk").click()
    page.wait_for_url("**/desk")
    page.context.clear_cookies()

    page.goto("/desk/accesso")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill("Girasole-Tenace5")
    page.get_by_role("button", name="Continua").click()
    expect(page.get_by_role("alert")).to_contain_text("Email o password non corrette")
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_label("Email")).to_have_value(EMAIL)
    assert axe(page) == []
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Mostra la password").click()
    page.get_by_role("button", name="Continua").click()
    page.wait_for_url("**/codice")
    assert axe(page) == []
    page.get_by_label("Codice di sei cifre").fill(first)  # taken once already
    page.get_by_role("button", name="Accedi").click()
    expect(page.get_by_role("alert")).to_contain_text("Il codice non va bene")
    assert axe(page) == []
    later = generator.at(int(time.time()) + 30)
    page.get_by_label("Codice di sei cifre").fill(later)
    page.get_by_role("button", name="Accedi").click()
    page.wait_for_url("**/desk")


def test_who_tries_the_demo_is_in_with_two_clicks_on_accessible_pages(page: Page, axe: Axe) -> None:
    page.goto("/desk")
    expect(page.get_by_text("solo nella demo")).to_be_visible()
    assert axe(page) == []
    keep(page, "desk-sign-in")
    page.get_by_role("button", name="Marta Ricci").click()
    assert axe(page) == []
    keep(page, "desk-sign-in-code")
    page.get_by_role("button", name="Usa questo codice").click()
    page.wait_for_url("**/desk")
    expect(page.get_by_text("Marta Ricci").first).to_be_attached()


@pytest.mark.parametrize("window", [(320, 640), (320, 256)])
def test_on_a_narrow_window_the_door_is_accessible(
    page: Page, product: Product, axe: Axe, window: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": window[0], "height": window[1]})
    for path in ("/desk/accesso", product.link):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert axe(page) == []
