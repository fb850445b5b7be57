"""A simulator with a receiver of its webhooks, in this process; another is served, for streams and broken lines."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette

from areaclienti.settings import SimulatorSettings
from areaclienti.simulator.app import create_app
from areaclienti.simulator.state import State
from tests.unit.simulator.receiver import Receiver

TOKEN = secrets.token_urlsafe(16)
SECRET = secrets.token_urlsafe(16)
VERIFY = secrets.token_urlsafe(16)
NUMBER_ID = "100000000000001"
MARIO = "+393201234600"


class Sim:
    """What a business and a person do with it."""

    def __init__(self, client: httpx.AsyncClient, state: State, receiver: Receiver) -> None:
        self.client = client
        self.state = state
        self.receiver = receiver

    async def phone(self, mobile: str | None = MARIO, name: str = "Mario Rossi") -> str:
        """The user id of a phone."""
        answer = await self.client.post("/phones", json={"mobile": mobile, "name": name})
        assert answer.status_code == 201
        return str(answer.json()["user_id"])

    async def says(self, user_id: str, text: str = "ciao", **fields: Any) -> dict[str, Any]:
        """The person writes, or does what the fields say."""
        wish = {"type": "text"} | fields
        if wish["type"] in ("text", "edited"):
            wish["text"] = text
        answer = await self.client.post(f"/phones/{user_id}/send", json=wish)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def post(self, body: object, token: str = TOKEN, number_id: str = NUMBER_ID) -> httpx.Response:
        """The business posts something to /messages."""
        headers = {"Authorization": f"Bearer {token}"}
        return await self.client.post(f"/v23.0/{number_id}/messages", json=body, headers=headers)

    async def writes(self, text: str = "Ciao!", to: str = MARIO, **fields: Any) -> httpx.Response:
        """The business sends a text."""
        recipient = {"recipient": to} if "." in to else {"to": to}
        body = {"messaging_product": "whatsapp", **recipient, "type": "text", "text": {"body": text}, **fields}
        return await self.post(body)

    async def goes_wrong(self, **faults: Any) -> None:
        """From now on these faults happen."""
        answer = await self.client.put("/faults", json=faults)
        assert answer.status_code == 200, answer.text

    async def read(self, user_id: str, after: int = 0) -> dict[str, Any]:
        """What the phone got."""
        return dict((await self.client.get(f"/phones/{user_id}/messages", params={"after": after})).json())


def settings(**given: Any) -> SimulatorSettings:
    """With keys of this run alone."""
    keys = {"whatsapp_access_token": TOKEN, "whatsapp_app_secret": SECRET, "whatsapp_verify_token": VERIFY}
    return SimulatorSettings(_env_file=None, **{name: SecretStr(value) for name, value in keys.items()}, **given)


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    """A simulator whose webhooks come to its `receiver`."""
    receiver = Receiver(SECRET, VERIFY)
    app = create_app(settings(), webhook_transport=httpx.ASGITransport(receiver.app))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost:8002") as client,
    ):
        yield Sim(client, app.state.simulator, receiver)


@contextlib.asynccontextmanager
async def serving(app: Starlette) -> AsyncIterator[str]:
    """The address at which an application is served."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(60):
        while not server.started:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task


@pytest.fixture
async def served() -> AsyncIterator[Sim]:
    """The same over real connections."""
    receiver = Receiver(SECRET, VERIFY)
    app = create_app(settings(), webhook_transport=httpx.ASGITransport(receiver.app))
    async with serving(app) as address, httpx.AsyncClient(base_url=address, trust_env=False, timeout=60) as client:
        yield Sim(client, app.state.simulator, receiver)
