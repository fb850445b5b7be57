"""Figures equal a slow count of the same histories, before conversations are erased and after, on every database."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, event, text
from sqlalchemy.orm import Session

from areaclienti.gateway.db.database import Database, open_database
from areaclienti.gateway.db.figures import DailySum
from areaclienti.gateway.db.migrate import upgrade
from areaclienti.gateway.engine_client import ErasedInEngine
from areaclienti.gateway.figures import STAGES, Wanted, counted, fold
from areaclienti.gateway.retention import erase
from tests.needs import needs
from tests.unit.gateway.database import database_file, database_of_server
from tests.unit.gateway.histories import START, History, Passed, histories, slow_count, summer, write

NOW = START + timedelta(days=10)
ALL = {"first": date(2026, 7, 1), "last": date(2026, 7, 31)}
VIEWS: tuple[dict[str, Any], ...] = (
    ALL,
    ALL | {"channel": "whatsapp"},
    ALL | {"agency": "AG1"},
    ALL | {"agency": "AG2", "channel": "web"},
    {"first": date(2026, 7, 7), "last": date(2026, 7, 8)},
)


class ForgettingEngine:
    """Forgets what it is told to."""

    async def erase(self, ids: Any, *, rewrite: bool) -> ErasedInEngine:
        return ErasedInEngine(erased=len(ids), clean=True)


async def check(database: Database, made: list[History], erased: set[int]) -> None:
    """All views, with all conversations there, and with some erased, in two goes."""
    ids = await database.write(lambda session: [write(session, one, NOW) for one in made])
    await compare(database, made, set())
    gone = sorted(erased)
    for part in (gone[::2], gone[1::2]):
        await erase(database, ForgettingEngine(), [ids[place] for place in part], rewrite=False)  # type: ignore[arg-type]
    await compare(database, made, erased)
    kept = await database.read(lambda session: session.execute(text("SELECT conversation_id FROM journeys")).all())
    assert {row[0] for row in kept} == {one for place, one in enumerate(ids) if place not in erased}


async def compare(database: Database, made: list[History], erased: set[int]) -> None:
    for view in VIEWS:
        names = {"agency": "agency_code"}
        wanted = Wanted(**{names.get(name, name): value for name, value in view.items()})
        found = await database.read(lambda session, wanted=wanted: counted(session, wanted, NOW))  # type: ignore[misc]
        assert found == slow_count(made, erased=erased, **view), view


@given(made=st.lists(histories(), max_size=8), data=st.data())
@settings(max_examples=20, deadline=None)
def test_figures_equal_a_slow_count_also_when_conversations_are_erased(
    made: list[History], data: st.DataObject
) -> None:
    erased = data.draw(st.sets(st.integers(0, len(made) - 1)) if made else st.just(set()))
    with tempfile.TemporaryDirectory() as folder:
        url = database_file(Path(folder))

        async def run() -> None:
            database = open_database(url)
            await check(database, made, erased)
            await database.close()

        asyncio.run(run())


async def test_figures_on_a_server_equal_the_same_count() -> None:
    """One rich set of histories: the server takes the same statements."""
    ended = Passed("requested", "AG1", False, 250, 700, "solved", 3)
    again = Passed("codes_spent", "AG2", True, 5_000, 4_000, "handed_back", None)
    still = Passed("not_recognised", None, False, None, None, None, None)
    long = ("customer_type", "name", "contact", "password", "recheck", "tax_code", "choose_contact")
    made = [
        History(0, "web", (*long, "verification_code", "done"), 2, True, (ended, again)),
        History(1, "whatsapp", long, 2, False, (ended, still)),
        History(1, "whatsapp", long[:3], 0, False, ()),
        History(2, "web", ("customer_type", "company_name", "handover"), 2, False, (again,)),
        History(2, "web", ("customer_type",), 0, False, ()),
    ] * 3  # fmt: skip
    async with database_of_server(needs("postgres")) as url:
        database = open_database(url)
        await check(database, made, {0, 1, 2, 3, 5, 9})
        await database.close()


async def test_sums_lead_to_no_conversation(tmp_path: Path) -> None:
    assert not {"conversation_id", "handover_id", "agent_id"} & set(DailySum.__table__.columns.keys())
    database = open_database(await asyncio.to_thread(database_file, tmp_path))
    one = History(0, "web", ("customer_type", "name"), 2, True, ())
    [first] = await database.write(lambda session: [write(session, one, NOW)])
    await erase(database, ForgettingEngine(), [first], rewrite=False)  # type: ignore[arg-type]
    found = await database.read(
        lambda session: session.execute(
            text("SELECT day, channel, branch, agency_code, figure, bucket, count FROM daily_sums ORDER BY 5, 6")
        ).all()
    )
    of = ("2026-07-06", "web", "persona", "")
    assert [tuple(row) for row in found] == [
        (*of, "lost", "name", 1), (*of, "reached", "opened", 1), (*of, "reached", "started", 1),
    ]  # fmt: skip
    await erase(database, ForgettingEngine(), [first], rewrite=False)  # type: ignore[arg-type]
    view = Wanted(ALL["first"], ALL["last"])
    again = await database.read(lambda session: counted(session, view, NOW))
    assert sum(again.values()) == 3  # what is gone is not counted again
    await database.close()


def test_the_migration_makes_up_what_the_ledger_tells(tmp_path: Path) -> None:
    """A database of before the figures: what stands there, and what was erased, is counted as far as it is known."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'gateway.db'}"
    upgrade(url, "0005")
    engine = create_engine(f"sqlite:///{tmp_path / 'gateway.db'}")
    began, late = "2026-07-06 10:00:00.000000", "2026-07-06 22:30:00.000000"  # the latter is the 7th in Rome
    with engine.begin() as connection:
        for name, step, created, erased in (
            ("typed", "password", began, None),
            ("at-name", "name", late, None),
            ("with-c", "done", began, None),
            ("opened", "customer_type", began, None),
            ("stopped", "handover", began, None),
            ("gone", "verification_code", began, began),
            ("gone-too", "done", began, began),
        ):
            connection.execute(
                text(
                    "INSERT INTO conversations (id, channel, rotation_key, csrf, step, expects, owner, epoch,"
                    " step_epoch, last_seq, choices_from, created_at, updated_at, erased_at) VALUES"
                    " (:id, 'web', '', '', :step, 'text', 'bot', 0, 0, 0, 1, :at, :at, :erased)"
                ),
                {"id": name, "step": step, "at": created, "erased": erased},
            )
        for name, intent, entities in (
            ("typed", "give_customer_type", '{"customer_type": "azienda"}'),
            ("with-c", "give_customer_type", '{"customer_type": "persona"}'),
            ("with-c", "give_secret", '{"tax_code": "vlt_x"}'),
        ):
            connection.execute(
                text(
                    "INSERT INTO turns (conversation_id, message_id, intent, entities, state, epoch, created_at) VALUES"
                    " (:id, :intent, :intent, :entities, 'done', 0, :at)"
                ),
                {"id": name, "intent": intent, "entities": entities, "at": began},
            )
        connection.execute(
            text(
                "INSERT INTO handovers (id, conversation_id, reason, resume_step, resume_expects, state, queued_at)"
                " VALUES ('h', 'stopped', 'requested', 'contact', 'email_or_mobile', 'queued', :at)"
            ),
            {"at": began},
        )
    upgrade(url)
    query = "SELECT conversation_id, day, customer_type, section_c, step, started_at, code_at, account_at FROM journeys"
    with engine.connect() as connection:
        rows = {row[0]: tuple(row[1:5]) + tuple(moment is not None for moment in row[5:]) for row in
                connection.execute(text(query))}  # fmt: skip
        sums = {tuple(row) for row in connection.execute(text("SELECT branch, figure, bucket, count FROM daily_sums"))}
    engine.dispose()
    assert rows == {
        "typed": ("2026-07-06", "azienda", 0, "password", True, False, False),
        "at-name": ("2026-07-07", "persona", 0, "name", True, False, False),
        "with-c": ("2026-07-06", "persona", 1, "done", True, True, True),
        "opened": ("2026-07-06", None, 0, "customer_type", False, False, False),
        "stopped": ("2026-07-06", None, 0, "contact", True, False, False),
    }
    assert sums == {
        *(("unknown", "reached", stage, 2) for stage in STAGES[:4]),
        ("unknown", "reached", "account", 1),
        ("unknown", "lost", "verification_code", 1),
    }


@contextmanager
def work_of(session: Session) -> Iterator[list[int]]:
    """Counts what SQLite does meanwhile: its statements, and its own steps in hundreds."""
    done = [0, 0]
    connection = session.connection()
    driver: Any = connection.connection.dbapi_connection

    def step() -> int:
        done[1] += 1
        return 0

    def statement(*_: object) -> None:
        done[0] += 1

    driver.set_progress_handler(step, 100)
    event.listen(connection, "before_cursor_execute", statement)
    try:
        yield done
    finally:
        event.remove(connection, "before_cursor_execute", statement)
        driver.set_progress_handler(None, 0)


async def filled(folder: Path, count: int) -> tuple[Database, list[str]]:
    """So many conversations, the first of them the same whatever the count; with their ids."""
    database = open_database(await asyncio.to_thread(database_file, folder))
    made, chance = summer(20, random.Random(11)), random.Random(12)
    made += summer(count - len(made), chance)
    ids = await database.write(lambda session: [write(session, one, START + timedelta(days=26)) for one in made])
    return database, ids


async def test_a_page_of_figures_reads_each_conversation_once_in_a_handful_of_statements(tmp_path: Path) -> None:
    """138 steps a conversation before the figures were counted in the order of their index, 116 since."""
    database, _ = await filled(tmp_path, 600)

    def work(session: Session) -> list[int]:
        with work_of(session) as done:
            counted(session, Wanted(ALL["first"], date(2026, 8, 30)), NOW)
        return done

    statements, hundreds = await database.read(work)
    await database.close()
    assert statements <= 4
    assert 0 < hundreds * 100 / 600 < 127


async def test_erasing_reads_what_is_erased_however_many_are_kept(tmp_path: Path) -> None:
    done = []
    for count in (20, 600):
        folder = tmp_path / str(count)
        folder.mkdir()
        database, ids = await filled(folder, count)

        def work(session: Session, ids: list[str] = ids) -> int:
            with work_of(session) as counts:
                fold(session, ids[:20])
            return counts[1]

        done.append(await database.write(work))
        await database.close()
    alone, among_many = done
    assert 0 < among_many < 1.5 * alone, done
