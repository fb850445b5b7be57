"""What a request asks of the database, in order: requests that ask the same take the same time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from areaclienti.identity.db.engine import Database


@contextmanager
def statements_of(database: Database) -> Iterator[list[str]]:
    """The statements of the present task, each as its verb and its tables; those of background tasks are left out."""
    mine = asyncio.current_task()
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if asyncio.current_task() is mine:
            tables = re.findall(r"\b(?:FROM|INTO|UPDATE|JOIN) (\w+)", statement)
            seen.append(f"{statement.split()[0]} {' '.join(tables)}")

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)
