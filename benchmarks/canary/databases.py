"""Which table each byte of an SQLite file belongs to, and what stands in each column: hits get a place, not a file."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_WAL_HEADER, _FRAME_HEADER = 32, 24  # bytes; https://www.sqlite.org/fileformat2.html#the_write_ahead_log
FREE = "(free pages)"
SCHEMA = "(schema)"


@dataclass(frozen=True)
class Pages:
    """The tables of a database's pages; an index belongs to its table."""

    size: int
    table_of: dict[int, str]

    def table_at(self, offset: int) -> str:
        """Of an offset in the database file."""
        return self.table_of.get(offset // self.size + 1, FREE)

    def table_in_wal(self, wal: bytes, offset: int) -> str:
        """Of an offset in the write-ahead log, by the page that the frame holds."""
        frame = (offset - _WAL_HEADER) // (_FRAME_HEADER + self.size)
        at = _WAL_HEADER + frame * (_FRAME_HEADER + self.size)
        return self.table_of.get(int.from_bytes(wal[at : at + 4], "big"), FREE)


def pages_of(database: Path) -> Pages:
    """Raises sqlite3.OperationalError where SQLite is built without dbstat."""
    with _reading(database) as connection:
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        rows = connection.execute(
            "SELECT pageno, coalesce(m.tbl_name, ?) FROM dbstat LEFT JOIN sqlite_master m USING (name)", (SCHEMA,)
        )
        return Pages(size, dict(rows.fetchall()))


def columns_of(database: Path) -> Iterator[tuple[str, str, bytes]]:
    """(table, column, all its cells): what can be read, row by row."""
    with _reading(database) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for _, column, *_ in connection.execute(f'PRAGMA table_info("{table}")').fetchall():
                cells = connection.execute(f'SELECT "{column}" FROM "{table}" WHERE "{column}" IS NOT NULL')
                yield table, column, b"\n\0\n".join(_as_bytes(cell) for (cell,) in cells)


def _as_bytes(cell: object) -> bytes:
    return cell if isinstance(cell, bytes) else str(cell).encode()


@contextlib.contextmanager
def _reading(database: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(database, timeout=10)) as connection:
        yield connection
