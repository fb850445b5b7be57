"""What identity is made of, on a database of the benchmark's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from areaclienti.identity.db.migrate import upgrade
from areaclienti.identity.services import Services
from areaclienti.settings import IdentitySettings

_KEY = "a key of the benchmark alone, for no secret"


@asynccontextmanager
async def identity_services(database_url: str) -> AsyncIterator[Services]:
    """Services with production settings on the newest schema; nothing runs in the background."""
    upgrade(database_url)
    services = Services(
        IdentitySettings(
            _env_file=None,
            identity_database_url=database_url,
            identity_gateway_key=_KEY,
            identity_actions_key=_KEY,
            code_key=_KEY,
            vault_key=_KEY,
        ),
        lambda: datetime.now(UTC),
    )
    try:
        yield services
    finally:
        await services.close()
