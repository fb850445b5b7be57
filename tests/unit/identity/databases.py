"""Empty, migrated databases for tests: copies of one that is migrated once, on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import shutil
import uuid
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from areaclienti.identity.db.migrate import upgrade

_POSTGRES = "AREACLIENTI_TEST_POSTGRES_URL"
_made: dict[str, str] = {}


def a_sqlite_copy(folder: Path, templates: Path) -> str:
    """The URL of a migrated SQLite file in `folder`."""
    if "sqlite" not in _made:
        _made["sqlite"] = str(templates / f"template-{uuid.uuid4().hex}.db")
        upgrade(f"sqlite+aiosqlite:///{_made['sqlite']}")
    shutil.copy(_made["sqlite"], folder / "identity.db")
    return f"sqlite+aiosqlite:///{folder}/identity.db"


@asynccontextmanager
async def a_postgres_copy() -> AsyncIterator[str]:
    """The URL of a migrated PostgreSQL database, dropped at the end. Skips, loudly, where there is no server."""
    server = os.environ.get(_POSTGRES)
    if not server:
        _skip_loudly(f"{_POSTGRES} is not set: nothing of identity was tested on PostgreSQL")
    assert server is not None
    name = f"identity_test_{uuid.uuid4().hex}"
    admin = await asyncpg.connect(server.replace("postgresql+asyncpg://", "postgresql://"))
    try:
        if "postgresql" not in _made:
            _made["postgresql"] = f"identity_test_template_{os.getpid()}"
            await admin.execute(f"DROP DATABASE IF EXISTS {_made['postgresql']}")
            await admin.execute(f"CREATE DATABASE {_made['postgresql']}")
            upgrade(_url_of(server, _made["postgresql"]))
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {_made['postgresql']} STRATEGY FILE_COPY")
        try:
            yield _url_of(server, name)
        finally:
            await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


async def drop_postgres_template() -> None:
    """To be called when all tests have run."""
    server = os.environ.get(_POSTGRES)
    if server and "postgresql" in _made:
        admin = await asyncpg.connect(server.replace("postgresql+asyncpg://", "postgresql://"))
        await admin.execute(f"DROP DATABASE IF EXISTS {_made.pop('postgresql')}")
        await admin.close()


def _url_of(server: str, database: str) -> str:
    return f"{server.rpartition('/')[0]}/{database}"


def _skip_loudly(reason: str) -> None:
    if os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(reason)
    warnings.warn(reason, stacklevel=2)
    pytest.skip(reason)
