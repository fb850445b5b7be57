"""The ASGI application of the identity service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from areaclienti import logging
from areaclienti.identity import notices
from areaclienti.identity.api import (
    account,
    customers,
    desk,
    desk_requests,
    envelope,
    errors,
    health,
    mailbox,
    metrics,
    notice,
    password_resets,
    receipts,
    registrations,
    sign_in,
    vault,
)
from areaclienti.identity.clock import Clock, system_clock
from areaclienti.identity.db import migrate
from areaclienti.identity.demo import refuse_demo
from areaclienti.identity.services import Services
from areaclienti.metrics import CountRequests
from areaclienti.settings import IdentitySettings


def create_app(settings: IdentitySettings | None = None, clock: Clock = system_clock) -> FastAPI:
    """The service as docs/contracts.md describes it. Without `settings` they are read from the environment.

    Starting it brings the database to the newest schema (unless the settings leave that to the operator), records the
    privacy notice, and begins to empty the outbox. With live delivery it does not start beside demo customers.
    """
    settings = settings or IdentitySettings()
    services = Services(settings, clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        logging.configure("identity", settings.log_level)
        if settings.identity_migrate_on_start:
            await asyncio.to_thread(migrate.upgrade, settings.identity_database_url)
        if settings.delivery == "live":
            async with services.database.read() as session:
                await refuse_demo(session)
        async with services.work() as work:
            await notices.record(work, services.notice)
        services.start()
        try:
            yield
        finally:
            await services.close()

    app = FastAPI(
        title="Area Clienti: identity",
        version="1",
        description="Registry match, verification codes, accounts, sign-in and the vault of secrets.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.services = services
    errors.install(app)
    envelope.install(app)
    app.add_middleware(CountRequests, served=lambda scope: services.metrics)
    parts = (
        vault,
        notice,
        registrations,
        desk,
        desk_requests,
        sign_in,
        customers,
        account,
        password_resets,
        mailbox,
        receipts,
        health,
        metrics,
    )
    for part in parts:
        app.include_router(part.router)
    return app
