"""An engine for a database server, whose pool gives out no connection that the server has closed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

CONNECTIONS = 15  # at most, of one process


def server_engine(url: Any) -> AsyncEngine:
    """For PostgreSQL by asyncpg.

    The driver hears at once when the server goes and closes its connections, so the pool asks the driver. SQLAlchemy's
    `pool_pre_ping` asks the server: three round trips (begin, ping, roll back) before each transaction, half of those
    of a request that reads one row.

    Connections are kept. Those beyond a pool's size are closed after each use, and a new one costs the server a process
    and the driver every statement's preparation anew.
    """
    # hide_parameters: an error of the driver must not carry names into a log
    engine = create_async_engine(url, hide_parameters=True, pool_size=CONNECTIONS, max_overflow=0)
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


def _refuse_closed(connection: Any, _record: object, _proxy: object) -> None:
    if connection.driver_connection.is_closed():
        raise DisconnectionError("the server closed it")  # the pool opens another
