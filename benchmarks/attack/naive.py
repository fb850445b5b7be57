"""The control of the races: a service that reads, checks and then writes. Harness only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy import text

from areaclienti.identity.db.engine import Database
from areaclienti.settings import IdentitySettings

TABLES = (
    "CREATE TABLE IF NOT EXISTS naive_codes"
    " (id text PRIMARY KEY, code text, used int DEFAULT 0, allowed int DEFAULT 5)",
    "CREATE TABLE IF NOT EXISTS naive_accounts (code_id text)",
)


class Guess(BaseModel):
    code: str


def create_app() -> FastAPI:
    """Checks codes the way that looks right when read by one person at a time."""
    database = Database(IdentitySettings().identity_database_url)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await database.close()

    app = FastAPI(lifespan=lifespan)

    @app.get("/health/ready")
    async def ready() -> dict[str, str]:
        return {}

    @app.post("/naive/{code_id}")
    async def check(code_id: str, guess: Guess) -> dict[str, str]:
        async with database.read() as session:
            row = (
                await session.execute(text("SELECT code, used, allowed FROM naive_codes WHERE id = :i"), {"i": code_id})
            ).one()
        if row.used >= row.allowed:
            return {"outcome": "code_spent"}
        async with database.write() as session:
            await session.execute(
                text("UPDATE naive_codes SET used = :u WHERE id = :i"), {"u": row.used + 1, "i": code_id}
            )
        if guess.code != row.code:
            return {"outcome": "wrong_code"}
        async with database.read() as session:
            there = await session.scalar(text("SELECT count(*) FROM naive_accounts WHERE code_id = :i"), {"i": code_id})
        if there:
            return {"outcome": "no_challenge"}
        async with database.write() as session:
            await session.execute(text("INSERT INTO naive_accounts VALUES (:i)"), {"i": code_id})
        return {"outcome": "account_created"}

    return app
