"""The schema: migrations and models agree, and constraints hold whatever the program does."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import ValidationError
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import IntegrityError, StatementError

from areaclienti.identity.db.engine import Database
from areaclienti.identity.db.migrate import head_revision, upgrade
from areaclienti.identity.db.models import Account, Base, Customer
from areaclienti.identity.notices import Notice, load_notice, record
from tests.unit.identity.world import World, settings_for


async def test_migrations_and_models_describe_the_same_schema(database_url: str) -> None:
    def differences(connection: Connection) -> Any:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata)

    database = Database(database_url)
    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await database.close()


async def test_upgrading_again_changes_nothing_and_works_inside_a_running_loop(database_url: str) -> None:
    upgrade(database_url)
    await asyncio.gather(*(asyncio.to_thread(upgrade, database_url) for _ in range(3)))
    database = Database(database_url)
    async with database.read() as session:
        assert await session.scalar(text("SELECT version_num FROM alembic_version")) == head_revision()
    await database.close()


def test_the_folder_of_a_new_sqlite_file_is_its_owners_only(tmp_path: Path) -> None:
    upgrade(f"sqlite+aiosqlite:///{tmp_path}/var/identity.db")
    assert (tmp_path / "var").stat().st_mode & 0o077 == 0


def an_account(customer_id: int, username: str, now: datetime) -> Account:
    return Account(
        customer_id=customer_id,
        username_kind="email",
        username=username,
        username_key=username,
        password_hash="x",
        created_at=now,
    )


@pytest.mark.parametrize(
    "second", [("same customer", 0, "b@posta.example"), ("same username", 1, "a@posta.example")], ids=lambda v: v[0]
)
async def test_one_account_a_customer_and_one_a_username(world: World, second: tuple[str, int, str]) -> None:
    async with world.services.database.write() as session:
        customers = (await session.scalars(select(Customer.id).order_by(Customer.id))).all()
        session.add(an_account(customers[0], "a@posta.example", world.clock.now))
    with pytest.raises(IntegrityError):
        async with world.services.database.write() as session:
            session.add(an_account(customers[second[1]], second[2], world.clock.now))


async def test_a_person_without_a_name_is_no_customer(world: World) -> None:
    with pytest.raises(IntegrityError):
        async with world.services.database.write() as session:
            session.add(Customer(code="99", type="persona", company_name="Rossi"))


async def test_a_time_without_a_zone_is_refused(world: World) -> None:
    with pytest.raises(StatementError, match="without a zone"):
        async with world.services.database.write() as session:
            session.add(an_account(1, "a@posta.example", datetime(2026, 11, 23)))


async def test_a_published_notice_cannot_get_another_text(world: World) -> None:
    notice = load_notice()
    changed = Notice(notice.version, "0" * 64, notice.title, notice.text + " altro", notice.published_on)
    with pytest.raises(RuntimeError, match="new version"):
        async with world.services.work() as work:
            await record(work, changed)


def test_live_delivery_must_be_whole() -> None:
    with pytest.raises(ValidationError, match="live delivery needs"):
        settings_for("sqlite+aiosqlite:///x.db", delivery="live", smtp_url="smtps://mail.example")
