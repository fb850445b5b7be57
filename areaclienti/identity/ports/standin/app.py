"""The ASGI application of the stand-in: the ports that it serves, behind one key.

AREACLIENTI_STANDIN_KEY=… uvicorn --factory areaclienti.identity.ports.standin.app:create_app --port 8090
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from areaclienti.crypto import same
from areaclienti.identity.clock import system_clock
from areaclienti.identity.db import migrate
from areaclienti.identity.errors import Refused
from areaclienti.identity.ports.standin import accounts, codes, notifications, registry
from areaclienti.identity.ports.wire import RefusalBody
from areaclienti.identity.services import Services
from areaclienti.settings import IdentitySettings

_bearer = HTTPBearer(auto_error=False, description="The key that Area Clienti was given for this service")
_responses: dict[int | str, dict[str, Any]] = {
    401: {"model": RefusalBody, "description": "The key is missing or unknown."},
    422: {"model": RefusalBody, "description": "The body does not have the form that it should."},
}

PORTS: dict[str, Callable[[Services], APIRouter]] = {
    "registry": registry.router,
    "challenges": codes.router,
    "accounts": accounts.router,
    "notifications": notifications.router,
}


class StandInSettings(BaseSettings):
    """Where the stand-in keeps its data, and the key that it asks for."""

    model_config = SettingsConfigDict(env_prefix="AREACLIENTI_STANDIN_", env_file=".env", extra="ignore")

    database_url: str = "sqlite+aiosqlite:///var/standin.db"
    key: Annotated[SecretStr, Field(min_length=8)]


def create_app(settings: StandInSettings | None = None) -> FastAPI:
    """All ports on a database of their own. Without `settings` they are read from the environment."""
    settings = settings or StandInSettings()
    key = settings.key.get_secret_value()
    services = Services(
        IdentitySettings(
            _env_file=None,
            identity_database_url=settings.database_url,
            identity_gateway_key=key,
            identity_actions_key=key,
            code_key=key,
            vault_key=key,
        ),
        system_clock,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(migrate.upgrade, settings.database_url)
        services.start()
        try:
            yield
        finally:
            await services.close()

    app = serve(services, key, *PORTS)
    app.router.lifespan_context = lifespan
    return app


def serve(services: Services, key: str, *names: str) -> FastAPI:
    """The named ports over the SQL implementation in the database of `services`, which the caller starts and closes."""
    app = FastAPI(
        title=f"Area Clienti: {', '.join(names)} of the insurer",
        version="1",
        description="What a system of the insurer serves to take the place of ours (docs/ports.md).",
        docs_url=None,
        redoc_url=None,
    )
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    for name in names:
        app.include_router(PORTS[name](services), dependencies=[Depends(_key_is(key))], responses=_responses)
    return app


def describe(name: str) -> dict[str, Any]:
    """The OpenAPI document of one port."""
    nobody = cast(Services, None)  # nothing is asked of them while a service is only described
    return serve(nobody, "", name).openapi()


def _key_is(key: str) -> Callable[..., Awaitable[None]]:
    async def check(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> None:
        if not same(credentials.credentials if credentials else "", key):
            raise Refused(401, "unauthorised", "The key is missing or unknown.")

    return check


async def _refused(_: Request, raised: Exception) -> JSONResponse:
    assert isinstance(raised, Refused)
    return JSONResponse({"code": raised.code, "message": raised.message}, raised.status)


async def _invalid(_: Request, __: Exception) -> JSONResponse:
    return JSONResponse({"code": "invalid_input", "message": "The body does not have the form that it should."}, 422)
