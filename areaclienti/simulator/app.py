"""The simulator's ASGI application: the Graph side, the phone side and the page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from areaclienti.logging import configure, get_logger
from areaclienti.settings import SimulatorSettings
from areaclienti.simulator import graph, phone_api
from areaclienti.simulator.guards import Guards
from areaclienti.simulator.state import State, make_state

_OWN: Final = Path(__file__).parent / "static"
_SHARED: Final = Path(__file__).parents[1] / "web" / "static"  # the icon, and the helpers that make elements
_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 30.0

log = get_logger()


def create_app(
    settings: SimulatorSettings | None = None, *, webhook_transport: httpx.AsyncBaseTransport | None = None
) -> Starlette:
    """The simulator. Settings come from the environment unless given; so does the way to the gateway's webhook.

    Raises pydantic's ValidationError when a key is missing.
    """
    if settings is None:
        settings = SimulatorSettings()
        configure("simulator", settings.log_level)
    state = make_state(settings, webhook_transport)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        state.tasks.start(_set_webhook_up(state))
        try:
            yield
        finally:
            await state.tasks.close()
            await state.webhooks.close()

    app = Starlette(
        routes=[
            Route("/", _page),
            Route("/health/live", _healthy),
            Route("/health/ready", _healthy),
            *phone_api.routes,
            *graph.routes,
            Mount("/phone", StaticFiles(directory=_OWN)),
            Mount("/static", StaticFiles(directory=_SHARED)),
        ],
        middleware=[Middleware(Guards)],
        exception_handlers={phone_api.Failed: phone_api.failed},
        lifespan=lifespan,
    )
    app.state.simulator = state
    return app


async def _set_webhook_up(state: State) -> None:
    """Ask for the challenge until the gateway gives it back, as when the webhook is set up at Meta."""
    pause = _FIRST_PAUSE_SECONDS
    while True:
        if await state.webhooks.verify():
            log.info("webhook_verified")
            return
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


async def _page(_: Request) -> Response:
    return FileResponse(_OWN / "phone.html")


async def _healthy(_: Request) -> Response:
    return JSONResponse({"status": "ok"})
