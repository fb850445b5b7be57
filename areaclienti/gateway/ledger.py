"""The conversation ledger: conversations and their append-only messages, with the turns they ask for."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.models import Conversation, Message, Turn, now

CHOICES_OF = ("bot", "system")


class ChoiceExpired(Exception):
    """The choice is unknown, of an older bot turn, or was used already."""


class ConversationClosed(Exception):
    """The conversation ended between the look-up and the writing."""


@dataclass(frozen=True)
class Intent:
    """A turn whose meaning is known without reading: a button, a field, a secret's reference."""

    name: str
    entities: dict[str, Any]


@dataclass(frozen=True)
class Notice:
    """What the gateway itself answers, instead of the engine."""

    text: str


@dataclass(frozen=True)
class Page:
    """A conversation and what was said in it after some seq, in one consistent view."""

    conversation: Conversation
    messages: list[Message]


async def append(
    session: AsyncSession,
    conversation_id: str,
    author: str,
    kind: str,
    text: str,
    *,
    choices: list[dict[str, Any]] | None = None,
    card: dict[str, Any] | None = None,
    client_id: str | None = None,
) -> int:
    """Write one message with the conversation's next seq, and return it. The first statement takes the row's lock."""
    seq: int | None = await session.scalar(
        update(Conversation)
        .where(Conversation.id == conversation_id)
        .values(last_seq=Conversation.last_seq + 1, updated_at=now())
        .returning(Conversation.last_seq)
    )
    assert seq is not None, "a message needs its conversation"
    session.add(
        Message(
            conversation_id=conversation_id,
            seq=seq,
            author=author,
            kind=kind,
            text=text,
            choices=choices or [],
            card=card,
            client_id=client_id,
        )
    )
    await session.flush()
    return seq


class Ledger:
    """Reads and writes conversations. Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, channel: str, token_hash: str | None, csrf: str, *, opening: Intent | None) -> Conversation:
        """A new conversation, with the turn that makes the assistant speak first."""
        conversation = Conversation(
            id=uuid4().hex,
            channel=channel,
            token_hash=token_hash,
            csrf=csrf,
            rotation_key=secrets.token_hex(32),
            step="idle",
            expects="text",
            owner="bot",
            epoch=0,
            last_seq=0,
            choices_from=1,
        )
        async with self._database.write() as session:
            session.add(conversation)
            await session.flush()
            if opening is not None:
                _add_turn(session, conversation, None, opening)
        return conversation

    async def find(self, conversation_id: str) -> Conversation | None:
        """The conversation, open or closed."""
        async with self._database.read() as session:
            return await session.get(Conversation, conversation_id)

    async def find_by_token(self, token_hash: str) -> Conversation | None:
        """The open conversation whose present or former token this is."""
        async with self._database.read() as session:
            found: Conversation | None = await session.scalar(
                select(Conversation).where(
                    (Conversation.token_hash == token_hash) | (Conversation.former_token_hash == token_hash),
                    Conversation.closed_at.is_(None),
                )
            )
            return found

    async def change_token(self, conversation_id: str, present: str, following: str, former_valid_until: Any) -> None:
        """Replace the token `present` (hashes); the old one stays good until the moment given, or until forgotten."""
        async with self._database.write() as session:
            await session.execute(
                update(Conversation)
                .where(Conversation.id == conversation_id, Conversation.token_hash == present)
                .values(token_hash=following, former_token_hash=present, former_valid_until=former_valid_until)
            )

    async def forget_former_token(self, conversation_id: str) -> None:
        """The new token arrived: the one before it is worth nothing from now on."""
        async with self._database.write() as session:
            await session.execute(
                update(Conversation)
                .where(Conversation.id == conversation_id)
                .values(former_token_hash=None, former_valid_until=None)
            )

    async def close(self, conversation_id: str) -> None:
        """End the conversation; turns that wait are dropped."""
        async with self._database.write() as session:
            await session.execute(
                update(Conversation)
                .where(Conversation.id == conversation_id)
                .values(closed_at=now(), token_hash=None, former_token_hash=None, former_valid_until=None)
            )
            await session.execute(
                update(Turn)
                .where(Turn.conversation_id == conversation_id, Turn.state == "pending")
                .values(state="dropped", finished_at=now())
            )

    async def seq_of(self, conversation_id: str, client_id: str) -> int | None:
        """The seq of the message that the browser already sent under this id."""
        async with self._database.read() as session:
            return await _seq_of(session, conversation_id, client_id)

    async def say(
        self, conversation_id: str, client_id: str, kind: str, text: str, then: Intent | Notice | None
    ) -> int:
        """Write the customer's message once, and what follows: a turn of the engine (None: it reads the text), an
        intent, or a notice of the gateway. Returns the message's seq; the same client id again changes nothing.
        """
        async with self._database.write() as session:
            conversation = await _open(session, conversation_id)
            seq = await _seq_of(session, conversation_id, client_id)
            if seq is not None:
                return seq
            seq = await append(session, conversation_id, "customer", kind, text, client_id=client_id)
            if isinstance(then, Notice):
                await append(session, conversation_id, "bot", "notice", then.text)
            else:
                _add_turn(session, conversation, seq, then)
            return seq

    async def choose(self, conversation_id: str, client_id: str, choice_id: str) -> int:
        """Write the choice as the customer's message, with the choice's title, and ask for its turn.

        Returns the message's seq; the same client id again changes nothing. Raises ChoiceExpired.
        """
        async with self._database.write() as session:
            conversation = await _open(session, conversation_id)
            seq = await _seq_of(session, conversation_id, client_id)
            if seq is not None:
                return seq
            choice = await _live_choice(session, conversation, choice_id)
            seq = await append(session, conversation_id, "customer", "choice", choice["title"], client_id=client_id)
            await session.execute(
                update(Conversation).where(Conversation.id == conversation_id).values(choices_from=seq + 1)
            )
            if "retries_turn" in choice:
                await session.execute(
                    update(Turn)
                    .where(Turn.id == choice["retries_turn"], Turn.state == "failed")
                    .values(state="pending", finished_at=None, epoch=conversation.epoch)
                )
            else:
                _add_turn(session, conversation, seq, Intent(choice["intent"], choice["entities"]))
            return seq

    async def read_after(self, conversation_id: str, after: int) -> Page:
        """The conversation, and its messages with a seq above `after`, oldest first."""
        async with self._database.read() as session:
            conversation = await session.get_one(Conversation, conversation_id)
            messages = await session.scalars(
                select(Message)
                .where(Message.conversation_id == conversation_id, Message.seq > after)
                .order_by(Message.seq)
            )
            return Page(conversation, list(messages))


async def _open(session: AsyncSession, conversation_id: str) -> Conversation:
    conversation = await session.get(Conversation, conversation_id, with_for_update=True)
    if conversation is None or conversation.closed_at is not None:
        raise ConversationClosed(conversation_id)
    return conversation


async def _seq_of(session: AsyncSession, conversation_id: str, client_id: str) -> int | None:
    seq: int | None = await session.scalar(
        select(Message.seq).where(Message.conversation_id == conversation_id, Message.client_id == client_id)
    )
    return seq


async def _live_choice(session: AsyncSession, conversation: Conversation, choice_id: str) -> dict[str, Any]:
    offered = await session.scalars(
        select(Message.choices).where(
            Message.conversation_id == conversation.id,
            Message.seq >= conversation.choices_from,
            Message.author.in_(CHOICES_OF),
        )
    )
    for choices in offered:
        chosen: dict[str, Any] | None = next((choice for choice in choices if choice["id"] == choice_id), None)
        if chosen is not None:
            return chosen
    raise ChoiceExpired


def _add_turn(session: AsyncSession, conversation: Conversation, seq: int | None, intent: Intent | None) -> None:
    if conversation.owner != "bot":
        return  # a person has the conversation: the engine is not asked
    session.add(
        Turn(
            conversation_id=conversation.id,
            message_id=uuid4().hex,
            seq=seq,
            state="pending",
            intent=intent.name if intent else None,
            entities=intent.entities if intent else {},
            epoch=conversation.epoch,
        )
    )
