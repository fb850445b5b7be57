"""Shows that an answer is being written: the newest message as read and, while a turn lasts, typing."""

from __future__ import annotations

import asyncio

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from areaclienti.gateway.channels.whatsapp.gate import Gate
from areaclienti.gateway.channels.whatsapp.graph import GraphClient, Refused, Unanswered
from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.whatsapp import WhatsappPerson
from areaclienti.logging import get_logger

SHOWN_SECONDS = 25.0  # then WhatsApp ends it by itself
_QUIET_SECONDS = 1.0

log = get_logger()


class _Writing:
    """One turn that is being answered."""

    def __init__(self) -> None:
        self.over = asyncio.Event()
        self.task: asyncio.Task[None] | None = None


class Typing:
    """A courtesy: what fails here is told in the log and changes nothing."""

    def __init__(self, database: Database, graph: GraphClient, gate: Gate) -> None:
        self._database = database
        self._graph = graph
        self._gate = gate
        self._writing: dict[str, _Writing] = {}

    def begin(self, conversation_id: str) -> None:
        """A turn began. Returns at once."""
        if conversation_id in self._writing or self._gate.detail() is not None:
            return
        writing = self._writing[conversation_id] = _Writing()
        writing.task = asyncio.create_task(self._show(conversation_id, writing), name="whatsapp-typing")

    def end(self, conversation_id: str) -> None:
        """The turn is over. Returns at once."""
        writing = self._writing.get(conversation_id)
        if writing is not None:
            writing.over.set()

    async def quiet(self, conversation_id: str) -> None:
        """Wait until no request is under way that would show typing after the answer; not for long."""
        writing = self._writing.get(conversation_id)
        if writing is not None and writing.over.is_set() and writing.task is not None:
            await asyncio.wait([writing.task], timeout=_QUIET_SECONDS)

    async def stop(self) -> None:
        """Stop showing anything."""
        tasks = [writing.task for writing in self._writing.values() if writing.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _show(self, conversation_id: str, writing: _Writing) -> None:
        newest = select(WhatsappPerson.last_message_id).where(WhatsappPerson.conversation_id == conversation_id)
        try:
            message_id = await self._database.read(lambda session: session.scalar(newest))
            while message_id is not None and not writing.over.is_set():
                await self._graph.show_typing(message_id)
                try:
                    async with asyncio.timeout(SHOWN_SECONDS):
                        await writing.over.wait()
                except TimeoutError:
                    continue
        except Refused as refused:
            log.info("whatsapp_typing_not_shown", conversation_id=conversation_id, code=refused.code)
        except Unanswered as unanswered:
            log.info("whatsapp_typing_not_shown", conversation_id=conversation_id, reason=unanswered.reason)
        except SQLAlchemyError as error:
            log.warning("whatsapp_typing_not_shown", conversation_id=conversation_id, exc_info=error)
        finally:
            del self._writing[conversation_id]
