"""The controls of the places that the desk brought: something is put into each on purpose, and must be found there."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx

from benchmarks.canary.encodings import Kind
from benchmarks.canary.office import Office, ask_everything, desk_routes
from benchmarks.canary.scan import Canary
from benchmarks.canary.search import DATABASES, Findings, Search
from benchmarks.canary.visitor import ANSWER_SECONDS
from benchmarks.canary.world import World

AGENCY_NOTICES = "/v1/desk/agency-notices"


def plant(world: World, handover: str, in_mail: str) -> None:
    """Have every route of the desk and the metrics answer once, and an e-mail go to the pool, with the value in it."""
    clerk = world.office["sofia"]
    ask_everything(clerk, handover)
    world.office.scrape()
    key = {"Authorization": f"Bearer {world.stack.keys['identity_gateway_key']}"}
    notice = {"handover_id": in_mail, "agency_code": None, "reason": "requested", "since": "2026-11-23T10:00:00+01:00"}
    answer = httpx.post(
        f"{world.stack.urls.identity}{AGENCY_NOTICES}", json=notice, headers=key, timeout=ANSWER_SECONDS
    )
    answer.raise_for_status()


def not_found(findings: Findings, office: Office) -> list[str]:
    """Places of the desk where what was planted was not found."""
    found = {leak.place for leak in findings.leaks}
    places = [f"{method} {path}" for method, path in desk_routes()]
    places += [f"metrics: {one.route}" for one in office.scrapes] or ["metrics"]
    places.append("mail to agencies: message")
    return sorted(set(places) - found)


def tables_not_found(folder: Path, kind: Kind, value: str) -> list[str]:
    """Tables of copies of the databases into which a row with the value was put and not found; `folder` is a world's,
    whose product has stopped.
    """
    copies = folder / "planted" / "var"
    copies.mkdir(parents=True)
    planted = set()
    for name in DATABASES:
        with (
            contextlib.closing(sqlite3.connect(folder / "var" / f"{name}.db")) as original,
            contextlib.closing(sqlite3.connect(copies / f"{name}.db")) as copy,
        ):
            original.backup(copy)
            planted |= {f"{name}.{table}" for table in _planted(copy, value)}
    findings = Search([Canary(kind, value, "planted")], frozenset()).at_rest(folder / "planted")
    found = {leak.place for leak in findings.leaks} | {place for _, place in findings.at_home}
    return sorted(planted - found)


def _planted(database: sqlite3.Connection, value: str) -> Iterable[str]:
    """Put a row into every table, with the value in all columns that hold words."""
    database.execute("PRAGMA ignore_check_constraints=ON")
    for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        database.execute(f'DROP TRIGGER "{trigger}"')
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    tables = [name for (name,) in database.execute(query)]
    for table in tables:
        columns = [(name, kind.upper()) for _, name, kind, *_ in database.execute(f'PRAGMA table_info("{table}")')]
        cells: list[Any] = [value if "CHAR" in kind or "TEXT" in kind else -7 for _, kind in columns]
        places = ", ".join("?" * len(cells))
        database.execute(f'INSERT INTO "{table}" VALUES ({places})', cells)
    database.commit()
    return tables
