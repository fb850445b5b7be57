"""The controls: gateways that do what is often done instead. Harness only, the product has no such switch."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import FastAPI
from sqlalchemy.orm import Session

from areaclienti.desk.board import Line
from areaclienti.desk.operations import Operations, Taken
from areaclienti.gateway import ledger
from areaclienti.gateway.app import create_app as the_product
from areaclienti.gateway.db.desk import DeskAgent, Handover
from areaclienti.gateway.db.models import Conversation
from areaclienti.gateway.ledger import Ledger


def reads_then_writes() -> FastAPI:
    """The product, but a claim looks whether anybody has the conversation, and then gives it to who asked."""
    Operations.claim = _look_then_take  # type: ignore[method-assign]
    return the_product()


def asks_anyway() -> FastAPI:
    """The product, but the engine is asked whoever has the conversation."""
    setattr(ledger, "engine_is_asked", lambda _: True)  # noqa: B010
    return the_product()


def acknowledges_first() -> FastAPI:
    """The product, but a customer is answered before his message is written."""
    Ledger.say = _write_later  # type: ignore[method-assign, assignment]
    return the_product()


_say = Ledger.say
_under_way: set[asyncio.Task[int]] = set()


async def _write_later(self: Ledger, conversation_id: str, client_id: str, *what: Any) -> int:
    async def later() -> int:
        await asyncio.sleep(0.3)  # a queue that is worked on by and by
        return await _say(self, conversation_id, client_id, *what)

    known = await self.seq_of(conversation_id, client_id)
    if known is None:
        _under_way.add(asyncio.create_task(later()))
    return known or 0


async def _look_then_take(self: Operations, handover_id: str, agent_id: str) -> tuple[Line, DeskAgent]:
    def look(session: Session) -> None:
        handover = session.get_one(Handover, handover_id)
        if handover.state == "human" and handover.agent_id != agent_id:
            raise Taken("human", session.get(DeskAgent, handover.agent_id))

    def take(session: Session) -> None:
        handover = session.get_one(Handover, handover_id)
        conversation = session.get_one(Conversation, handover.conversation_id)
        handover.state, handover.agent_id = "human", agent_id
        conversation.owner, conversation.epoch = "human", conversation.epoch + 1

    await self._database.read(look)
    await self._database.write(take)
    return await self.line(handover_id, agent_id)
