"""Looks for secrets in everything that keeps or writes something."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

# identity.db holds the registry and, with the embedded delivery, the mailbox: tax codes and codes belong there.
_IDENTITYS_OWN = "identity.db"
_NO_SINKS = ("keys.json", "run.lock")
_CODE = re.compile(r"(?<![\w.-])\d{6}(?![\w-])")  # not a part of a longer number, a moment or an id
_PREFIX = 4


def sinks(var: Path, *, also_identity: bool = False) -> list[Path]:
    """The files under `var` in which no secret may stand, with SQLite's journals beside them."""
    left_out = _NO_SINKS if also_identity else (*_NO_SINKS, _IDENTITYS_OWN)
    return [path for path in sorted(var.rglob("*")) if path.is_file() and not path.name.startswith(left_out)]


def found_in(var: Path, values: Iterable[str], *, also_identity: bool = False) -> dict[str, int]:
    """File name → how many of the values stand in its bytes, wherever; files that hold none are left out."""
    wanted = {value.encode() for value in values}
    lengths = {len(value) for value in wanted}
    starts = {value[:_PREFIX] for value in wanted}  # few, and found fast
    found: dict[str, int] = {}
    for path in sinks(var, also_identity=also_identity):
        data = _bytes(path)
        places = (at for start in starts for at in _places(data, start))
        if hits := wanted & {data[at : at + length] for at in places for length in lengths}:
            found[path.name] = len(hits)
    return found


def _bytes(path: Path) -> bytes:
    """What the file holds; nothing when it is a journal that SQLite took away since it was listed."""
    with contextlib.suppress(FileNotFoundError):
        return path.read_bytes()
    return b""


def _places(data: bytes, start: bytes) -> Iterator[int]:
    at = data.find(start)
    while at >= 0:
        yield at
        at = data.find(start, at + 1)


def codes_found_in(var: Path, codes: Iterable[str], *, also_identity: bool = False) -> dict[str, int]:
    """As `found_in` for six-digit codes, which stand by chance inside moments and ids too: cell by cell."""
    wanted = set(codes)
    found: dict[str, int] = {}
    for path in sinks(var, also_identity=also_identity):
        texts = _cells(path) if path.suffix == ".db" else [_bytes(path).decode("utf-8", "replace")]
        if hits := wanted & {code for text in texts for code in _CODE.findall(text)}:
            found[path.name] = len(hits)
    return found


def _cells(database: Path) -> Iterator[str]:
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                yield from (str(cell) for cell in row if cell is not None)
