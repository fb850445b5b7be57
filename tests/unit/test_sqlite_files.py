"""A file keeps its journal beside it before anybody works with it, since SQLite makes nobody wait for that change."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from areaclienti.gateway.db import migrate as gateway
from areaclienti.identity.db import migrate as identity
from areaclienti.sqlite_files import keep_journal, sqlite_file


@pytest.mark.parametrize("upgrade", [gateway.upgrade, identity.upgrade])
def test_a_prepared_file_asks_no_connection_to_change_its_journal(
    tmp_path: Path, upgrade: Callable[[str], None]
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'data' / 'made.db'}"
    upgrade(url)
    upgrade(url)
    file = sqlite_file(url)
    assert file is not None
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_who_changes_it_waits_for_others_whom_sqlite_would_not_wait_for(tmp_path: Path) -> None:
    file = tmp_path / "used.db"
    held, released = Event(), Event()

    def hold() -> None:
        with closing(sqlite3.connect(file, isolation_level=None)) as reader:
            reader.execute("CREATE TABLE things (id INTEGER)")
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM things").fetchall()
            held.set()
            released.wait(60)
            reader.execute("COMMIT")

    with ThreadPoolExecutor(2) as threads:
        holding = threads.submit(hold)
        held.wait(60)
        with (
            closing(sqlite3.connect(file, timeout=0.2)) as hasty,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            hasty.execute("PRAGMA journal_mode=WAL")
        patient = threads.submit(keep_journal, file)
        released.set()
        holding.result(60)
        patient.result(60)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize(
    "url", ["postgresql+asyncpg://somebody@host/name", "sqlite+aiosqlite:///:memory:", "sqlite://"]
)
def test_a_server_and_what_is_in_memory_have_no_file(url: str) -> None:
    assert sqlite_file(url) is None
