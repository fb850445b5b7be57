"""What concerns an SQLite file as a whole: the kind of its journal, and taking out what was deleted."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

LARGEST_REWRITTEN = 256 * 1024 * 1024  # bytes; writers wait while a file is rewritten, a second or two for so many
_PATIENCE_SECONDS = 5.0
_CHECKPOINT_TRIES = 50
_PAUSE_SECONDS = 0.1


def sqlite_file(url: str) -> Path | None:
    """The file of a database's URL; None of a server's, or of one in memory."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        return None
    return Path(str(parsed.database))


def keep_journal(path: Path) -> None:
    """Have whoever opens the file keep a journal beside it (`-wal`), so that a writer and readers don't wait in turns.

    The file remembers it. It belongs before all work with the file: of two connections that ask for the change in one
    moment, SQLite refuses one at once. Blocks. Raises sqlite3.OperationalError when somebody holds the file for 5 s.
    """
    ends = time.monotonic() + _PATIENCE_SECONDS
    with closing(sqlite3.connect(path, timeout=_PATIENCE_SECONDS, isolation_level=None)) as connection:
        while True:
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError:
                if time.monotonic() > ends:
                    raise
                time.sleep(_PAUSE_SECONDS)


def forget_deleted(path: Path, *, rewrite: bool) -> bool:
    """Empty the journal (`-wal`) and, with `rewrite`, write the file anew; tell whether all that was done.

    Deleted rows are overwritten as they are deleted (`secure_delete`), but their bytes stay in the journal until it is
    emptied, and SQLite leaves copies in pages that it split before: only rewriting the file takes those out. A file of
    more than LARGEST_REWRITTEN bytes is not rewritten. Other processes may use the file meanwhile. Blocks.
    """
    try:
        with closing(sqlite3.connect(path, timeout=_PATIENCE_SECONDS, isolation_level=None)) as connection:
            connection.execute("PRAGMA secure_delete = ON")
            is_small = path.stat().st_size <= LARGEST_REWRITTEN
            if rewrite and is_small:
                connection.execute("VACUUM")
            return _empty_journal(connection) and (is_small or not rewrite)
    except sqlite3.OperationalError:  # somebody held the file for too long
        return False


def _empty_journal(connection: sqlite3.Connection) -> bool:
    connection.execute("PRAGMA busy_timeout = 200")  # it holds up writers while it waits for a reader
    for _ in range(_CHECKPOINT_TRIES):
        [busy, _, _] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not busy:
            return True
        time.sleep(_PAUSE_SECONDS)
    return False
