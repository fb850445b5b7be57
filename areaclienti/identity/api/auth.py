"""Who may call what: a bearer key for each caller, and the scope that goes with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from areaclienti.crypto import same
from areaclienti.identity.errors import Refused
from areaclienti.identity.services import Services

_bearer = HTTPBearer(auto_error=False, description="The gateway's or the actions' key")


async def services_of(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


ServicesHere = Annotated[Services, Depends(services_of)]


def _allow(*scopes: str) -> Callable[..., Awaitable[None]]:
    async def check(
        services: ServicesHere, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> None:
        caller = _caller(services, credentials.credentials if credentials else "")
        if caller is None:
            raise Refused(401, "unauthorised", "The key is missing or unknown.")
        if caller not in scopes:
            raise Refused(403, "forbidden", "This key is not for this endpoint.")

    return check


def _caller(services: Services, key: str) -> str | None:
    settings = services.settings
    # Both are compared whatever the first says: the time must not tell which key is nearer.
    is_gateway = same(key, settings.identity_gateway_key.get_secret_value())
    is_actions = same(key, settings.identity_actions_key.get_secret_value())
    return "gateway" if is_gateway else "actions" if is_actions else None


for_gateway = Depends(_allow("gateway"))
for_actions = Depends(_allow("actions"))
for_both = Depends(_allow("gateway", "actions"))
