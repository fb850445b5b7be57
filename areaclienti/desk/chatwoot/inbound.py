"""Brings into our ledger what people did at Chatwoot: what they wrote, who has the conversation, how it ended."""

from __future__ import annotations

import textwrap
from collections.abc import Awaitable, Callable
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from areaclienti.desk.chatwoot.client import ChatwootClient, Refused, Unanswered
from areaclienti.desk.chatwoot.events import Said, State
from areaclienti.desk.chatwoot.hands import NOBODY, Hands, agent_of, chatwoot_agent_of
from areaclienti.desk.chatwoot.intake import Own, keep
from areaclienti.desk.chatwoot.links import OPEN_STATES, Link
from areaclienti.desk.chatwoot.outbound import FROM_CHATWOOT
from areaclienti.desk.chatwoot.texts import Texts
from areaclienti.desk.operations import NOT_TO_RESUME_AT, DeskRefused, Operations, SecretWritten, Stale
from areaclienti.desk.transitions import open_handover
from areaclienti.gateway.db.chatwoot import ChatwootLink, ChatwootMessage
from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.desk import DeskAgent, Handover
from areaclienti.gateway.db.models import Conversation, now
from areaclienti.gateway.limits import MAX_MESSAGE_CHARACTERS
from areaclienti.logging import get_logger

log = get_logger()

# Chatwoot gives a message its id before it commits it: one with a smaller id may come to light after a greater one.
_SETTLED_AFTER = timedelta(seconds=60)


class Inbound:
    """What it promises: what an agent wrote to the customer while the conversation was his is in the ledger once, in
    the order of Chatwoot's ids; what was not his to write is marked as not sent, with the reason, where he sees it.
    """

    def __init__(
        self,
        database: Database,
        client: ChatwootClient,
        operations: Operations,
        hands: Hands,
        texts: Texts,
        own: Own,
        is_there: Callable[[int], bool],
    ) -> None:
        """`is_there`: whether an agent of Chatwoot's is at work, as far as is known."""
        self._database = database
        self._client = client
        self._operations = operations
        self._hands = hands
        self._texts = texts
        self._own = own
        self._is_there = is_there

    async def look(self, link: Link) -> None:
        """Read what Chatwoot has, also what it never told: it delivers each event once. Raises Refused, Unanswered."""
        row = link.row
        if row.chatwoot_id is None:
            return
        said = await self._client.messages_after(row.chatwoot_id, row.read_from)
        state = await self._client.state(row.chatwoot_id)
        await self._database.write(lambda session: keep(session, row.ledger_id, said, self._own))
        await link.note(read_from=_read_up_to(row.read_from, said), read_at=now(), seen=state.as_json())

    async def act(self, link: Link) -> None:
        """On all that is known and was not acted on. Raises Lost."""
        ledger_id = link.row.ledger_id
        for message in await self._database.read(lambda session: _pending(session, ledger_id)):
            await self._bring(link, message)
        seen = await self._database.read(lambda session: session.get_one(ChatwootLink, ledger_id).seen)
        if seen is not None:
            await self._follow(link, State(**seen))

    # ---- what they wrote ----

    async def _bring(self, link: Link, message: ChatwootMessage) -> None:
        why = await self._refusal(link, message)
        if why is not None:
            log.warning("chatwoot_reply_refused", conversation_id=link.row.ledger_id, reason=why)
        await self._database.write(lambda session: _finish(session, message.id, "refused" if why else "done"))
        if why is None and message.has_files:
            why = "files"
        if why is not None:
            await self._mark(link, message, why)

    async def _refusal(self, link: Link, message: ChatwootMessage) -> str | None:
        """Say it to the customer; why not, where it was not said."""
        ledger_id, agent = link.row.ledger_id, message.agent or NOBODY
        if message.message_id < link.row.noted_message_id:
            return "over"  # it was written in an earlier handover
        parts = _parts(message.text or "")
        if not parts:
            return "files"
        while True:
            handover, epoch = await self._database.read(lambda session: _handover(session, ledger_id))
            if handover is None or handover.state not in OPEN_STATES or handover.id != link.row.noted_handover_id:
                return "over"
            if handover.state != "human":
                # writing is taking it
                if not await self._hands.give(ledger_id, agent, message.agent_name or ""):
                    return "over"
                await self._show_assignee(link, agent)
                continue
            if handover.agent_id != agent_of(agent):
                return "not_yours"
            await self._hands.are_there([agent])
            try:
                for number, part in enumerate(parts):
                    client_id = f"{FROM_CHATWOOT}{message.message_id}" + (f"-{number}" if number else "")
                    await self._operations.reply(handover.id, agent_of(agent), client_id, part, epoch)
            except Stale:
                continue
            except SecretWritten:
                return "secret"
            except DeskRefused:
                return "over"
            return None

    async def _show_assignee(self, link: Link, agent: int) -> None:
        """Who began to answer has it there too, unless somebody else was given it."""
        row = link.row
        if row.assignee_id is None and row.chatwoot_id is not None and agent != NOBODY:
            try:
                await self._client.assign_agent(row.chatwoot_id, agent)
            except (Refused, Unanswered) as error:
                log.warning("chatwoot_not_assigned", conversation_id=row.ledger_id, reason=str(error))
            else:
                await link.note(assignee_id=agent, seen=None)  # what was read before is out of date

    async def _mark(self, link: Link, message: ChatwootMessage, why: str) -> None:
        chatwoot_id = link.row.chatwoot_id
        if chatwoot_id is None:
            return
        holder = await self._database.read(lambda session: _holder(session, link.row.ledger_id))
        text = self._texts.refused[why].format(agent=holder or self._texts.nobody)
        try:
            await self._client.mark(chatwoot_id, message.message_id, text)
        except (Refused, Unanswered) as error:
            log.warning("chatwoot_not_marked", conversation_id=link.row.ledger_id, reason=str(error))

    # ---- who has it, and how it ended ----

    async def _follow(self, link: Link, state: State) -> None:
        """Let the conversation's owner here follow what people decided there."""
        row = link.row
        handover, _ = await self._database.read(lambda session: _handover(session, row.ledger_id))
        if handover is None or row.announced_handover_id != handover.id or handover.state not in OPEN_STATES:
            return
        if state.status == "resolved":
            await self._resolved(link, handover, state)
            return
        has_it = chatwoot_agent_of(handover.agent_id) if handover.state == "human" else None
        if state.assignee_id is not None and state.assignee_id != has_it:
            await self._assigned(link, handover, state.assignee_id, state.assignee_name)
        elif state.assignee_id is None and has_it is not None and row.assignee_id == has_it:
            await self._quietly(self._operations.release(handover.id, agent_of(has_it)))
            await link.note(assignee_id=None)
        elif state.assignee_id != row.assignee_id:
            await link.note(assignee_id=state.assignee_id)
        if state.status != row.status:
            await link.note(status=state.status)

    async def _assigned(self, link: Link, handover: Handover, agent: int, name: str) -> None:
        """Whom people, or Chatwoot, gave it to has it; who is not at work has it not yet, or not any more."""
        row, is_there = link.row, self._is_there(agent)
        if is_there and (agent != row.assignee_id or handover.state != "human"):
            await self._hands.give(row.ledger_id, agent, name)
            await link.note(assignee_id=agent)
        elif not is_there and agent == row.assignee_id and row.chatwoot_id is not None:
            try:
                await self._client.assign_agent(row.chatwoot_id, None)  # so that agents see that it waits
            except (Refused, Unanswered) as error:
                log.warning("chatwoot_not_assigned", conversation_id=row.ledger_id, reason=str(error))
                return
            await link.note(assignee_id=None, seen=None)

    async def _resolved(self, link: Link, handover: Handover, state: State) -> None:
        ledger_id = link.row.ledger_id
        if handover.state != "human":
            agent = state.assignee_id or NOBODY
            if not await self._hands.give(ledger_id, agent, state.assignee_name):
                return
        holder, _ = await self._database.read(lambda session: _handover(session, ledger_id))
        if holder is None or holder.agent_id is None:
            return
        await link.note(status="resolved")
        ending = self._texts.ending(state.labels)
        step = ending.step or holder.resume_step
        if ending.outcome is not None or step in NOT_TO_RESUME_AT:
            closing = self._operations.close(holder.id, holder.agent_id, ending.outcome or "solved")
        else:
            closing = self._operations.hand_back(holder.id, holder.agent_id, step, ending.settled)
        await self._quietly(closing)

    @staticmethod
    async def _quietly(doing: Awaitable[None]) -> None:
        """What somebody else did first is done."""
        try:
            await doing
        except DeskRefused as refused:
            log.info("chatwoot_overtaken", reason=refused.code)


def _parts(text: str) -> list[str]:
    """The text in pieces that the chat takes, broken where a line or a word ends."""
    if len(text) <= MAX_MESSAGE_CHARACTERS:
        return [text] if text.strip() else []
    parts: list[str] = []
    for line in text.split("\n"):
        for piece in textwrap.wrap(line, MAX_MESSAGE_CHARACTERS) or [""]:
            if parts and len(parts[-1]) + 1 + len(piece) <= MAX_MESSAGE_CHARACTERS:
                parts[-1] += f"\n{piece}"
            else:
                parts.append(piece)
    return [part for part in parts if part.strip()]


def _read_up_to(read_from: int, said: list[Said]) -> int:
    """Behind which message nothing can come to light any more, by Chatwoot's own clock."""
    newest = max((one.created_at for one in said), default=0.0)
    settled = [one.id for one in said if one.created_at <= newest - _SETTLED_AFTER.total_seconds()]
    return max([read_from, *settled])


def _pending(session: Session, conversation_id: str) -> list[ChatwootMessage]:
    waits = (ChatwootMessage.conversation_id == conversation_id, ChatwootMessage.state == "pending")
    return list(session.scalars(select(ChatwootMessage).where(*waits).order_by(ChatwootMessage.message_id)))


def _finish(session: Session, row_id: int, state: str) -> None:
    """The text stands in the ledger, or nowhere."""
    done = update(ChatwootMessage).where(ChatwootMessage.id == row_id)
    session.execute(done.values(state=state, text=None, agent=None, agent_name=None))


def _handover(session: Session, conversation_id: str) -> tuple[Handover | None, int]:
    """The open handover, and the conversation's epoch."""
    conversation = session.get(Conversation, conversation_id)
    return open_handover(session, conversation_id), conversation.epoch if conversation is not None else 0


def _holder(session: Session, conversation_id: str) -> str | None:
    handover = open_handover(session, conversation_id)
    agent = session.get(DeskAgent, handover.agent_id) if handover is not None and handover.agent_id else None
    return agent.name if agent is not None else None
