"""What identity's database and files say at the end, held against what the providers recorded."""

# ruff: noqa: ASYNC240 (it waits for other processes and their files)
from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url, select, text

from areaclienti.identity.db.engine import Database
from areaclienti.identity.db.models import OutboxMessage, ProviderMessage, ReceiptCount
from benchmarks.delivery.sms_gateway import Copy

_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")


@dataclass(frozen=True, slots=True)
class Outbox:
    """All messages, the copies that identity knows of, and the receipts that it counted."""

    rows: list[OutboxMessage]
    known_copies: Counter[str]
    receipts: dict[str, int]


async def read_outbox(url: str) -> Outbox:
    database = Database(url)
    try:
        async with database.read() as session:
            rows = list(await session.scalars(select(OutboxMessage)))
            copies = Counter(list(await session.scalars(select(ProviderMessage.outbox_id))))
            counts = {row.outcome: row.count for row in await session.scalars(select(ReceiptCount))}
        return Outbox(rows, copies, counts)
    finally:
        await database.close()


async def open_messages(url: str) -> int:
    """How many wait or are under way."""
    return sum(row.status in ("pending", "claimed") for row in (await read_outbox(url)).rows)


def figures(outbox: Outbox, promised: Iterable[str], copies: list[Copy]) -> dict[str, int]:
    """Count what must not happen, and the duplicates that honest at-least-once may make.

    `promised` are the challenges whose customers were told that a code is on its way.
    """
    by_challenge = {row.challenge_id: row for row in outbox.rows}
    by_id = {row.id: row for row in outbox.rows}
    arrived = Counter(copy.outbox_id for copy in copies)
    asked = list(promised)
    dropped = [row for row in outbox.rows if row.status == "dropped"]
    return {
        "promised": len(asked),
        "arrived": len(arrived),
        "lost": sum(
            arrived[by_challenge[one].id] == 0 and by_challenge[one].reason not in ("expired", "replaced")
            for one in asked
        ),
        "never_stored": sum(one not in by_challenge for one in asked),
        "ghosts": sum(one not in by_id for one in arrived),
        "expired_dropped": sum(row.reason == "expired" for row in dropped),
        "expired_delivered": sum(copy.at >= by_id[copy.outbox_id].expires_at for copy in copies),
        "duplicates": sum(count - 1 for count in arrived.values()),
        "duplicates_without_a_lost_answer": sum(
            max(0, count - 1 - by_id[one].lost_answers) for one, count in arrived.items()
        ),
        "lost_answers_counted": sum(row.lost_answers for row in outbox.rows),
        "still_open": sum(row.status in ("pending", "claimed") for row in outbox.rows),
        "not_erased": sum(row.sealed is not None or row.destination is not None for row in outbox.rows),
    }


def codes_of(copies: Iterable[Copy]) -> set[str]:
    return {code for copy in copies for code in _CODE.findall(copy.text)}


async def files_of(url: str, folder: Path) -> list[Path]:
    """Every file in which the service could have left something: database, write-ahead log, its own log."""
    found = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pem"]
    if make_url(url).get_backend_name() == "postgresql":
        database = Database(url)
        async with database.engine.connect() as connection:
            await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(text("CHECKPOINT"))
            data = Path(str(await connection.scalar(text("SHOW data_directory"))))
            oid = await connection.scalar(text("SELECT oid FROM pg_database WHERE datname = current_database()"))
        await database.close()
        found += [path for part in (f"base/{oid}", "pg_wal") for path in (data / part).rglob("*") if path.is_file()]
    return found


def found_in(files: Iterable[Path], words: Iterable[str]) -> int:
    """How many of the words stand by themselves in the bytes of the files (not as part of a hash or a time)."""
    wanted = {word.encode() for word in words}
    if not wanted:
        return 0
    either = re.compile(rb"(?<![0-9A-Za-z._-])(" + b"|".join(map(re.escape, sorted(wanted))) + rb")(?![0-9A-Za-z._-])")
    found: set[bytes] = set()
    for path in files:
        with contextlib.suppress(FileNotFoundError):  # PostgreSQL recycles files while it runs
            found.update(either.findall(path.read_bytes()))
    return len(found)
