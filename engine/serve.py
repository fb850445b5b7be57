"""Starts the engine: Rasa's server with our channel, store, responses and action client, and nothing else open."""

from __future__ import annotations

import logging
from asyncio import AbstractEventLoop
from pathlib import Path

import rasa.core.channels.channel as rasa_channels
from rasa.core.agent import Agent
from rasa.core.lock_store import InMemoryLockStore
from rasa.core.run import create_http_input_channels
from rasa.core.tracker_store import TrackerStore
from rasa.core.utils import AvailableEndpoints
from rasa.model import get_local_model
from sanic import Sanic

from engine.action_server import ActionServer
from engine.responses import OrderedResponses
from engine.store import ConversationStore
from engine.turn import note_failure

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 64 * 1024


def load_agent(models: Path, endpoints: AvailableEndpoints) -> Agent:
    """An agent with the newest model of `models`. Raises ModelNotFound when there is none."""
    store = TrackerStore.create(endpoints.tracker_store)
    if not isinstance(store, ConversationStore):
        raise ValueError("endpoints.yml: tracker_store has to be engine.store.ConversationStore")
    agent = Agent(
        generator=OrderedResponses({}),
        tracker_store=store,
        lock_store=InMemoryLockStore(),
        action_endpoint=ActionServer(url=endpoints.action.url, headers=endpoints.action.headers),
    )
    # Agent wraps the store in one that turns a failed read into an empty tracker: amnesia in the middle of a form.
    agent.tracker_store = store
    agent.load_model(get_local_model(str(models)))
    agent.processor.on_circuit_break = _fail_turn
    return agent


def _fail_turn(*_: object) -> None:
    """Rules that go round in circles: Rasa would stop and keep what was said so far."""
    note_failure("action limit reached")


def create_app(models: Path, endpoints_file: Path, credentials_file: Path) -> Sanic:
    """The Sanic app with the turn channel under /webhooks/turn; the agent is loaded before it serves."""
    endpoints = AvailableEndpoints.read_endpoints(str(endpoints_file))
    app = Sanic("engine", configure_logging=False)
    app.config.REQUEST_MAX_SIZE = MAX_BODY_BYTES
    app.config.FALLBACK_ERROR_FORMAT = "json"
    app.config.KEEP_ALIVE_TIMEOUT = 60
    rasa_channels.register(create_http_input_channels(None, str(credentials_file)), app, route="/webhooks/")

    @app.before_server_start
    async def load(app: Sanic, loop: AbstractEventLoop) -> None:
        app.ctx.agent = load_agent(models, endpoints)
        logger.info("engine ready with model %s", app.ctx.agent.model_name)

    @app.after_server_stop
    async def close(app: Sanic, loop: AbstractEventLoop) -> None:
        await app.ctx.agent.action_endpoint.close()

    return app
