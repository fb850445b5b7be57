"""The pool of a database server: a connection that the server has closed is given to nobody."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from areaclienti.server_engine import server_engine


async def test_after_the_server_has_closed_a_connection_the_next_transaction_gets_another(postgres_url: str) -> None:
    engine = server_engine(postgres_url)
    try:
        ended = await _end_the_pooled_connection(engine)
        assert await _who_serves(engine) != ended
    finally:
        await engine.dispose()


async def test_without_asking_the_driver_the_next_transaction_fails(postgres_url: str) -> None:
    """The control: what the test above proves is not what every pool does."""
    engine = create_async_engine(postgres_url)
    try:
        await _end_the_pooled_connection(engine)
        with pytest.raises(DBAPIError):
            await _who_serves(engine)
    finally:
        await engine.dispose()


async def _end_the_pooled_connection(engine: AsyncEngine) -> int:
    pooled = await _who_serves(engine)
    other = create_async_engine(engine.url)
    try:
        async with other.begin() as connection:
            # with a time it waits until the process is gone
            assert await connection.scalar(text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": pooled})
    finally:
        await other.dispose()
    return pooled


async def _who_serves(engine: AsyncEngine) -> int:
    async with engine.begin() as connection:
        return int(await connection.scalar(text("SELECT pg_backend_pid()")))
