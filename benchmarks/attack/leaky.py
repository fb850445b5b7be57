"""The control of the timing attack: identity with an early return for contacts that nobody has. Harness only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import select

from areaclienti.identity.api import registrations
from areaclienti.identity.api.once import Once
from areaclienti.identity.app import create_app as the_product
from areaclienti.identity.claims import Claims
from areaclienti.identity.db.models import Contact

_typed: ContextVar[Claims | None] = ContextVar("typed", default=None)


def create_app() -> FastAPI:
    """The product, but whoever is not on file is turned away after one look, before anything else is done."""
    app = the_product()
    read, answer = registrations._claims, Once.answer

    def read_and_remember(*asked: Any) -> Claims:
        claims = read(*asked)
        _typed.set(claims)
        return claims

    async def early(once: Once, act: Callable[[Any], Awaitable[Any]], body: type[BaseModel]) -> JSONResponse:
        claims = _typed.get()
        if claims is not None and "nessuno" not in claims.contact.key:  # with that one registrations are opened
            async with app.state.services.database.read() as session:
                on_file = await session.scalar(select(Contact.id).where(Contact.key == claims.contact.key).limit(1))
            if on_file is None:
                return JSONResponse({"outcome": "not_recognised"})
        return await answer(once, act, body)

    registrations._claims = read_and_remember  # type: ignore[assignment]
    Once.answer = early  # type: ignore[method-assign, assignment]
    return app
