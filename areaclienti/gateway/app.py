"""Wires the gateway: its parts, its routes, its start and its end."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
from fastapi import FastAPI
from starlette.staticfiles import StaticFiles
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from areaclienti.desk.chatwoot import webhook as chatwoot_webhook
from areaclienti.desk.chatwoot.wiring import open_chatwoot
from areaclienti.desk.hours import hours_of
from areaclienti.desk.web import ROUTERS
from areaclienti.desk.wiring import desk_for_customers, open_desk
from areaclienti.gateway import (
    account,
    errors,
    health,
    identity_pages,
    metrics,
    password_reset,
    receipts,
    secret_page,
    signin,
)
from areaclienti.gateway.channels import stream, web
from areaclienti.gateway.channels.whatsapp import webhook
from areaclienti.gateway.channels.whatsapp.channel import WhatsappChannel
from areaclienti.gateway.channels.whatsapp.flows import endpoint as whatsapp_flow
from areaclienti.gateway.db.database import open_database
from areaclienti.gateway.db.migrate import upgrade
from areaclienti.gateway.engine_client import EngineClient
from areaclienti.gateway.guards import BodyLimit, SecurityHeaders
from areaclienti.gateway.hub import Hub
from areaclienti.gateway.identity_client import IdentityClient
from areaclienti.gateway.ledger import Ledger
from areaclienti.gateway.limits import MAX_BODY_BYTES, Limits, RateLimiter
from areaclienti.gateway.locks import Locks
from areaclienti.gateway.metrics import Metrics, Surroundings
from areaclienti.gateway.news import news_of
from areaclienti.gateway.one_time import OneTimeLinks
from areaclienti.gateway.retention import Retention
from areaclienti.gateway.services import Services, origins
from areaclienti.gateway.session import Cookies
from areaclienti.gateway.texts import load_texts
from areaclienti.gateway.turns import TurnQueue, TurnRunner
from areaclienti.logging import configure
from areaclienti.metrics import CountRequests
from areaclienti.settings import GatewaySettings
from areaclienti.web.pages import STATIC_DIR, error_page
from areaclienti.web.pages import router as pages


def create_app(
    settings: GatewaySettings | None = None,
    *,
    engine_transport: httpx.AsyncBaseTransport | None = None,
    identity_transport: httpx.AsyncBaseTransport | None = None,
    graph_transport: httpx.AsyncBaseTransport | None = None,
    chatwoot_transport: httpx.AsyncBaseTransport | None = None,
) -> FastAPI:
    """The gateway's application. Settings come from the environment unless given; so do the ways to the engine, to
    identity, to WhatsApp and to Chatwoot. Raises pydantic's ValidationError when a key is missing.
    """
    is_own_process = settings is None
    if settings is None:  # a process of its own, not a test's or an embedder's
        settings = GatewaySettings()
        configure("gateway", settings.log_level)
    https = settings.public_url.startswith("https://")

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(upgrade, settings.gateway_database_url)
        served = _services(settings, https, engine_transport, identity_transport)
        app.state.services = served
        await served.runner.recover()
        channel = WhatsappChannel(settings, served, graph_transport) if settings.whatsapp != "off" else None
        app.state.whatsapp = channel
        if channel is not None:
            channel.start()
        chatwoot = open_chatwoot(settings, served, chatwoot_transport)
        app.state.chatwoot = chatwoot
        if chatwoot is not None:
            chatwoot.start()
        news = news_of(settings.gateway_database_url, served.database, served.hub)
        tasks = [
            asyncio.create_task(news.run(), name="news"),
            asyncio.create_task(_retention(settings, served).run(), name="retention"),
        ]
        if served.desk is not None:
            tasks.append(asyncio.create_task(served.desk.rounds.run(settings.desk_sweep_seconds), name="desk"))
            tasks.append(asyncio.create_task(served.desk.board.run(), name="desk-board"))
            tasks.append(
                asyncio.create_task(served.desk.errands.run(settings.desk_errands_seconds), name="desk-errands")
            )
        if is_own_process:
            # What the start made stays: no full collection has to look at it, and stop everybody meanwhile.
            gc.collect()
            gc.freeze()
        try:
            yield
        finally:
            if channel is not None:
                await channel.stop()
            if chatwoot is not None:
                await chatwoot.stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            served.hub.close_all()
            await served.runner.stop()
            if served.desk is not None:
                await served.desk.access.close()
            await served.engine.close()
            await served.identity.close()
            await served.database.close()

    # a public process publishes no description of itself
    app = FastAPI(title="Area Clienti gateway", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.has_mailbox = settings.delivery == "mailbox"
    app.state.simulator_url = _simulator_url(settings)
    app.state.flow_door = whatsapp_flow.flow_door(settings)
    errors.install(app, error_page)
    wider = {webhook.PATH: webhook.MAX_BODY_BYTES, **chatwoot_webhook.wider_bodies(settings)}
    app.add_middleware(BodyLimit, max_bytes=MAX_BODY_BYTES, wider=wider)
    app.add_middleware(SecurityHeaders, https=https)
    app.add_middleware(CountRequests, served=lambda scope: scope["app"].state.services.metrics)
    if settings.trusted_proxies:
        trusted = [str(network) for network in settings.trusted_proxies]
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=trusted)
    parts = (
        webhook,
        health,
        metrics,
        web,
        stream,
        identity_pages,
        receipts,
        signin,
        account,
        password_reset,
        secret_page,
    )
    for part in parts:
        app.include_router(part.router)
    if app.state.flow_door is not None:
        app.include_router(whatsapp_flow.router)
    if settings.desk:
        app.state.desk_routes = [route for part in ROUTERS for route in part.routes]
        for router in ROUTERS:
            app.include_router(router)
    if settings.handover == "chatwoot":
        app.include_router(chatwoot_webhook.router)
    app.include_router(pages)
    app.mount("/static", StaticFiles(directory=STATIC_DIR), name="static")
    return app


def _simulator_url(settings: GatewaySettings) -> str | None:
    """The page that looks like a phone, where WhatsApp is simulated on this machine."""
    if settings.whatsapp != "simulator":
        return None
    return f"http://localhost:{urlsplit(settings.whatsapp_graph_url).port}/"


def _retention(settings: GatewaySettings, served: Services) -> Retention:
    return Retention(
        served.database,
        served.engine,
        served.hub,
        kept=timedelta(days=settings.conversation_kept_days),
        unfinished_kept=timedelta(hours=settings.unfinished_kept_hours),
    )


def _told_of(settings: GatewaySettings, engine: EngineClient, identity: IdentityClient) -> Surroundings:
    return Surroundings(
        settings.var_dir,
        timedelta(days=settings.conversation_kept_days),
        timedelta(hours=settings.unfinished_kept_hours),
        hours_of(settings).is_open if settings.desk else None,
        {"engine": engine.is_ready, "identity": identity.is_ready},
    )


def _services(
    settings: GatewaySettings,
    https: bool,
    engine_transport: httpx.AsyncBaseTransport | None,
    identity_transport: httpx.AsyncBaseTransport | None,
) -> Services:
    database = open_database(settings.gateway_database_url)
    customers = desk_for_customers(settings) if settings.desk else None
    engine = EngineClient(
        settings.engine_url, settings.engine_key.get_secret_value(), settings.turn_timeout_seconds, engine_transport
    )
    hub = Hub()
    texts = load_texts()
    identity = IdentityClient(
        settings.identity_url, settings.identity_gateway_key.get_secret_value(), identity_transport
    )
    key = settings.metrics_key.get_secret_value() if settings.metrics_key else None
    measured = Metrics(database, key, _told_of(settings, engine, identity))
    engine.asked, identity.asked = measured.engine, measured.identity
    runner = TurnRunner(TurnQueue(database, customers), engine, hub, texts.failure, measured)
    return Services(
        allowed_origins=origins(settings.public_url, settings.allowed_origins),
        cookies=Cookies(secure=https),
        database=database,
        desk=open_desk(settings, customers, database, hub, identity, engine, runner.wake) if customers else None,
        engine=engine,
        hub=hub,
        identity=identity,
        ledger=Ledger(database, customers),
        limiter=RateLimiter(Limits().scaled(settings.rate_limit_scale)),
        locks=Locks(),
        metrics=measured,
        one_time=OneTimeLinks(database, settings.public_url, settings.one_time_link_seconds),
        runner=runner,
        texts=texts,
    )
