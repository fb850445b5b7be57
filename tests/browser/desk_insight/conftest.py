"""A gateway with a desk and a summer's conversations, in a thread of its own; whoever opens a page is signed in."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Page
from sqlalchemy.orm import Session

from areaclienti.desk import agents
from areaclienti.desk.web import access
from areaclienti.desk.web.access import SignedIn
from areaclienti.gateway.db.desk import Handover
from areaclienti.gateway.ledger import append, locked
from tests.browser.conftest import PATIENCE_MS
from tests.unit.gateway.conftest import build
from tests.unit.gateway.database import database_file
from tests.unit.gateway.doubles import Engine, Identity
from tests.unit.gateway.histories import START, summer, write

OpenPage = Callable[..., Page]
NAMES = ("Mario Rossi", "Lucia D’Amico", "Nicolò Sartori", "Anna Maria Conti", "Officine Bianchi srl")
WATCH_POLICY = """
window.policyViolations = [];
document.addEventListener('securitypolicyviolation', (event) =>
  window.policyViolations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`));
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    with ThreadPoolExecutor(1) as elsewhere:  # Playwright has an event loop in this thread
        url = elsewhere.submit(database_file, tmp_path_factory.mktemp("desk")).result()
    kept = {"conversation_kept_days": 100_000, "unfinished_kept_hours": 1_000_000}  # a summer long ago is not erased
    return build(Engine(), Identity(), url, desk=True, desk_sweep_seconds=3600, **kept)


@pytest.fixture(scope="module")
def address(app: FastAPI) -> Iterator[str]:
    """Where the desk is; its conversations are written, and its supervisor is signed in whoever asks."""
    ready = threading.Event()

    async def signed_in() -> SignedIn:
        found: SignedIn = app.state.supervisor
        return found

    async def fill() -> None:
        chance = random.Random(7)
        made = agents.new_agent("Paola Greco", "paola.greco@example.it", ["supervisore"])
        helper = agents.new_agent("Giulia Conti", "giulia.conti@example.it", ["agente"])

        def work(session: Session) -> None:
            session.add_all([made, helper])
            session.flush()
            for history in summer(420, chance):
                conversation_id = write(session, history, START + timedelta(days=40))
                conversation = locked(session, conversation_id)
                append(session, conversation, "customer", "text", f"sono {chance.choice(NAMES)}")
            for handover in session.query(Handover):
                handover.agent_id = helper.id if handover.claimed_at is not None else None

        await app.state.services.database.write(work)
        app.state.supervisor = SignedIn(made.id, made.name, frozenset({"supervisore"}), None, None, "session")

    async def serve() -> None:
        server_task = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110  uvicorn has no event for it
            await asyncio.sleep(0.01)
        await fill()
        ready.set()
        await server_task

    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", timeout_graceful_shutdown=0)
    server = uvicorn.Server(config)
    app.dependency_overrides[access.signed_in] = signed_in
    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(120), "the desk did not start"
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    del app.dependency_overrides[access.signed_in]  # shared with the applications of other tests in this process
    server.should_exit = True
    thread.join(60)


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[OpenPage]:
    """Opens a page in a browser context of its own; fails the test on script errors and breaches of the policy."""
    pages: list[Page] = []
    problems: list[str] = []

    def open_(path: str, width: int = 1280, height: int = 900, **options: object) -> Page:
        size = {"width": width, "height": height}
        context = browser.new_context(base_url=address, viewport=size, locale="it-IT", **options)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.add_init_script(WATCH_POLICY)
        page.on("console", lambda line: problems.append(line.text) if "Security Policy" in line.text else None)
        pages.append(page)
        page.goto(path)
        return page

    yield open_
    for page in pages:
        problems += page.evaluate("window.policyViolations")
        page.context.close()
    assert problems == []
