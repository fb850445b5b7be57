"""A database of an earlier release is brought up to date with what is in it."""

from __future__ import annotations

from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from areaclienti.identity.db import migrate

AT = "2026-11-23 09:00:00+00:00"
ROWS = [
    "INSERT INTO customers (id, code, type, given_name, family_name) VALUES (1, 'C1', 'persona', 'Mario', 'Rossi')",
    "INSERT INTO contacts (id, customer_id, kind, value, key, is_device)"
    " VALUES (1, 1, 'email', 'm@posta.example', 'm@posta.example', false)",
    "INSERT INTO privacy_notices (sha256, version, title, text, published_on)"
    " VALUES ('s', '1', 'Informativa', 'x', '2026-11-01')",
    "INSERT INTO acknowledgements (id, conversation_id, channel, version, sha256, acknowledged_at)"
    f" VALUES ('ack_1', 'conv-1', 'web', '1', 's', '{AT}')",
    "INSERT INTO registrations (id, conversation_id, channel, status, acknowledgement_id, matched_contact_id,"
    " tax_code_tries, created_at, expires_at)"
    f" VALUES ('reg_1', 'conv-1', 'web', 'open', 'ack_1', 1, 0, '{AT}', '{AT}')",
    "INSERT INTO challenges (id, purpose, session_id, contact_id, channel, code_hmac, status, attempts_used,"
    " attempts_allowed, created_at, expires_at)"
    f" VALUES ('chl_1', 'registration', 'reg_1', 1, 'email', 'x', 'active', 2, 5, '{AT}', '{AT}')",
    "INSERT INTO outbox (id, challenge_id, channel, template, status, tries, created_at, due_at, expires_at)"
    f" VALUES ('out_1', 'chl_1', 'email', 'registration_code', 'pending', 0, '{AT}', '{AT}', '{AT}')",
]


async def emptied(url: str) -> AsyncEngine:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            await connection.execute(text("DROP SCHEMA public CASCADE"))
            await connection.execute(text("CREATE SCHEMA public"))
        else:
            tables = await connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'"))
            for table in tables.all():
                await connection.execute(text(f'DROP TABLE "{table}"'))
    return engine


def upgrade_to(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.__file__).replace("migrate.py", "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


async def test_codes_under_way_are_replaced_and_everything_else_is_kept(database_url: str) -> None:
    engine = await emptied(database_url)
    async with engine.begin() as connection:
        await connection.run_sync(upgrade_to, "0001")
        for row in ROWS:
            await connection.execute(text(row))
    migrate.upgrade(database_url)

    async def read(query: str) -> list[tuple[Any, ...]]:
        async with engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(query))]

    assert await read("SELECT id, contact_id, contact_hmac, status, attempts_used FROM challenges") == [
        ("chl_1", 1, "", "replaced", 2)
    ]
    assert await read("SELECT o.id, c.id FROM outbox o JOIN challenges c ON c.id = o.challenge_id") == [
        ("out_1", "chl_1")
    ]
    assert await read("SELECT matched_contact_id, code_purpose FROM registrations") == [(1, "registration")]
    if engine.dialect.name == "sqlite":
        assert await read("PRAGMA foreign_key_check") == []
    await engine.dispose()


@pytest.mark.parametrize("purpose", ["registration", "step_up", "password_reset", "contact_confirmation"])
async def test_the_database_knows_the_purposes_and_no_others(database_url: str, purpose: str) -> None:
    engine = create_async_engine(database_url)
    insert = (
        "INSERT INTO challenges (id, purpose, session_id, contact_hmac, channel, code_hmac, status, attempts_used,"
        f" attempts_allowed, created_at, expires_at) VALUES ('chl', :purpose, 's', 'h', 'sms', 'x', 'active', 0, 5,"
        f" '{AT}', '{AT}')"
    )
    async with engine.begin() as connection:
        await connection.execute(text(insert), {"purpose": purpose})
    with pytest.raises(Exception, match="ck_challenges_purpose"):
        async with engine.begin() as connection:
            await connection.execute(text(insert.replace("'chl'", "'chl_2'")), {"purpose": "anything"})
    await engine.dispose()
