"""Opens the parts of the product that keep personal data, beside the processes that run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from areaclienti.gateway.db.database import Database, open_database
from areaclienti.gateway.engine_client import EngineClient
from areaclienti.identity.clock import system_clock
from areaclienti.identity.services import Services
from areaclienti.supervisor.own_settings import gateway_settings, identity_settings
from areaclienti.supervisor.surroundings import Surroundings


@dataclass(frozen=True)
class Parts:
    """The ledger's database, the engine's channel, identity's services (its tasks don't run here), the folder of the
    receipts, and how long things are kept (`texts.index`).

    The engine is asked for what it keeps, so it has to run.
    """

    ledger: Database
    engine: EngineClient
    identity: Services
    folder: Path
    times: dict[str, float]


@asynccontextmanager
async def open_parts(around: Surroundings) -> AsyncIterator[Parts]:
    """The parts as the operator's settings describe them. Raises `OperatorProblem` when the keys can't be read."""
    gateway = gateway_settings(around)
    engine = EngineClient(gateway.engine_url, gateway.engine_key.get_secret_value(), gateway.turn_timeout_seconds)
    ledger = open_database(gateway.gateway_database_url)
    identity = Services(identity_settings(around), system_clock)
    times = {
        "unfinished_hours": gateway.unfinished_kept_hours,
        "conversation_days": gateway.conversation_kept_days,
        "messages_days": identity.settings.messages_kept_days,
    }
    try:
        yield Parts(ledger, engine, identity, around.var / "privacy", times)
    finally:
        await identity.close()
        await engine.close()
        await ledger.close()
