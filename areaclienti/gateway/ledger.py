"""The conversation ledger: conversations and their append-only messages, with the turns they ask for."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.desk import DeskAgent, Handover
from areaclienti.gateway.db.models import Conversation, Message, Turn, now
from areaclienti.gateway.handover import Desk
from areaclienti.gateway.ownership import engine_is_asked

CHOICES_OF = ("bot", "system")
WITH_PERSON = ("human", "wrap_up")


class ChoiceExpired(Exception):
    """The choice is unknown, of an older bot turn, or was used already."""


class ConversationClosed(Exception):
    """The conversation ended, or its session's token was replaced, between the look-up and the writing."""


@dataclass(frozen=True)
class Intent:
    """A turn whose meaning is known without reading: a button, a field, a secret's reference."""

    name: str
    entities: dict[str, Any]


@dataclass(frozen=True)
class Notice:
    """What the gateway itself answers, instead of the engine; with the last question once more where it says so.

    `opening`: the turn that follows where nothing was said before, so that the assistant introduces itself.
    """

    text: str
    asks_again: bool = False
    opening: Intent | None = None


@dataclass(frozen=True)
class Holder:
    """The session token that a write comes with, as its hash; `following` takes its place with this write, and until
    `repeatable_until` the replaced one is good for repeating the write, and for nothing else.
    """

    token: str
    following: str | None = None
    repeatable_until: datetime | None = None


@dataclass(frozen=True)
class Page:
    """A conversation and what was said in it after some seq, in one consistent view; who answers, if a person does."""

    conversation: Conversation
    messages: list[Message]
    agent_name: str | None


class Ledger:
    """Reads and writes conversations. Every method is one transaction. With a desk, people may have them too."""

    def __init__(self, database: Database, desk: Desk | None = None) -> None:
        self._database = database
        self._desk = desk

    async def begin(self, channel: str, token_hash: str | None, csrf: str, *, opening: Intent | None) -> Conversation:
        """A new conversation, with the turn that makes the assistant speak first."""

        def work(session: Session) -> Conversation:
            conversation = begun(session, channel, token_hash, csrf)
            if opening is not None:
                ask_engine(session, conversation, None, opening)
            return conversation

        return await self._database.write(work)

    async def find_by_token(self, token_hash: str) -> Conversation | None:
        """The open conversation whose present or former token this is."""
        query = select(Conversation).where(
            (Conversation.token_hash == token_hash) | (Conversation.former_token_hash == token_hash),
            Conversation.closed_at.is_(None),
        )
        return await self._database.read(lambda session: session.scalar(query))

    async def forget_former_token(self, conversation_id: str) -> None:
        """The new token arrived: the one before it is worth nothing from now on."""
        change = (
            update(Conversation)
            .where(Conversation.id == conversation_id)
            .values(former_token_hash=None, former_valid_until=None)
        )
        await self._database.write(lambda session: session.execute(change))

    async def speak_after(self, conversation_id: str, quiet_since: datetime, intent: Intent) -> bool:
        """Have the assistant speak in a conversation where nothing was said since `quiet_since`; False where
        something was, or where a turn still waits. Raises ConversationClosed when it was erased."""

        def work(session: Session) -> bool:
            conversation = locked(session, conversation_id)
            waiting = select(Turn.id).where(Turn.conversation_id == conversation_id, Turn.state == "pending")
            if conversation.updated_at > quiet_since or session.scalar(waiting.limit(1)) is not None:
                return False
            conversation.updated_at = now()
            ask_engine(session, conversation, None, intent)
            return True

        return await self._database.write(work)

    async def close(self, conversation_id: str) -> None:
        """End the conversation; turns that wait are dropped. Raises ConversationClosed when it was erased."""

        def work(session: Session) -> None:
            conversation = locked(session, conversation_id)
            if self._desk is not None and conversation.closed_at is None:
                self._desk.left(session, conversation)
            end(session, conversation)

        await self._database.write(work)

    async def seq_of(self, conversation_id: str, client_id: str, *, since: datetime | None = None) -> int | None:
        """The seq of the message that the browser already sent under this id; `since`: not before that moment."""
        return await self._database.read(lambda session: seq_of(session, conversation_id, client_id, since))

    async def say(
        self,
        conversation_id: str,
        client_id: str,
        kind: str,
        text: str,
        then: Intent | Notice | None,
        holder: Holder | None = None,
    ) -> int:
        """Write the customer's message once, and what follows: a turn of the engine (None: it reads the text), an
        intent, or a notice of the gateway. Returns the message's seq; the same client id again changes nothing.

        With `holder` nothing is written under a token that was replaced meanwhile, and where it has a following token
        the replacement is written with the message: nobody sees the one without the other.

        Raises ConversationClosed.
        """

        def work(session: Session) -> int:
            conversation = _open(session, conversation_id, holder)
            known = seq_of(session, conversation_id, client_id)
            if known is not None:
                return known
            if holder is not None and holder.following is not None:
                conversation.former_token_hash, conversation.token_hash = holder.token, holder.following
                conversation.former_valid_until = holder.repeatable_until
            seq = append(session, conversation, "customer", kind, text, client_id=client_id)
            if self._desk is not None:
                self._desk.written(session, conversation)
            if isinstance(then, Notice):
                _answer_with(session, conversation, then)
            else:
                ask_engine(session, conversation, seq, then)
            return seq

        return await self._database.write(work)

    async def choose(self, conversation_id: str, client_id: str, choice_id: str, holder: Holder | None = None) -> int:
        """Write the choice as the customer's message, with the choice's title, and ask for its turn.

        Returns the message's seq; the same client id again changes nothing. `holder` as for `say`. Raises
        ChoiceExpired, ConversationClosed.
        """

        def work(session: Session) -> int:
            conversation = _open(session, conversation_id, holder)
            known = seq_of(session, conversation_id, client_id)
            if known is not None:
                return known
            choice = _live_choice(session, conversation, choice_id)
            seq = append(session, conversation, "customer", "choice", choice["title"], client_id=client_id)
            conversation.choices_from = seq + 1
            if "desk" in choice:
                if self._desk is None:
                    raise ChoiceExpired
                if (intent := self._desk.chosen(session, conversation, choice["desk"])) is not None:
                    ask_engine(session, conversation, seq, intent)
            elif "retries_turn" in choice:
                _ask_again(session, conversation, choice["retries_turn"])
            else:
                ask_engine(session, conversation, seq, Intent(choice["intent"], choice["entities"]))
            return seq

        return await self._database.write(work)

    async def live_choices(self, conversation_id: str) -> list[dict[str, Any]]:
        """The choices that can be made now, in the order in which they were offered."""

        def work(session: Session) -> list[dict[str, Any]]:
            conversation = session.get(Conversation, conversation_id)
            return _live_choices(session, conversation) if conversation is not None else []

        return await self._database.read(work)

    async def same_choice_now(self, conversation_id: str, choice_id: str) -> str | None:
        """The id of the live choice that means just what an older one meant, which was offered again since."""

        def work(session: Session) -> str | None:
            conversation = session.get(Conversation, conversation_id)
            if conversation is None:
                return None
            meant = _meaning_of(session, conversation, choice_id)
            same = [one for one in _live_choices(session, conversation) if meant is not None and _meaning(one) == meant]
            return str(same[0]["id"]) if same else None

        return await self._database.read(work)

    async def words_of_customer(self, conversation_id: str, most: int) -> list[str]:
        """The newest texts that the customer wrote, at most so many, and the number that the channel knows him by."""
        query = (
            select(Message.text)
            .where(Message.conversation_id == conversation_id, Message.author == "customer", Message.kind == "text")
            .order_by(Message.seq.desc())
            .limit(most)
        )
        mobile = select(Conversation.mobile).where(Conversation.id == conversation_id, Conversation.mobile.is_not(None))
        return await self._database.read(
            lambda session: [*session.scalars(query), *filter(None, session.scalars(mobile))]
        )

    async def answering(self, conversation: Conversation) -> str | None:
        """The name of the person who has the conversation, or had the last word; None while nobody does."""
        if conversation.owner not in WITH_PERSON:
            return None
        return await self._database.read(lambda session: _answering(session, conversation))

    async def read_after(self, conversation_id: str, after: int) -> Page:
        """The conversation, and its messages with a seq above `after`, oldest first.

        Raises ConversationClosed when it was erased.
        """
        query = select(Message).where(Message.conversation_id == conversation_id, Message.seq > after)

        def work(session: Session) -> Page:
            conversation = session.get(Conversation, conversation_id)
            if conversation is None:
                raise ConversationClosed
            messages = list(session.scalars(query.order_by(Message.seq)))
            return Page(conversation, messages, _answering(session, conversation))

        return await self._database.read(work)


def begun(
    session: Session, channel: str, token_hash: str | None, csrf: str, *, mobile: str | None = None
) -> Conversation:
    """A new conversation, in which nothing was said yet."""
    conversation = Conversation(
        id=uuid4().hex,
        channel=channel,
        mobile=mobile,
        token_hash=token_hash,
        csrf=csrf,
        rotation_key=secrets.token_hex(32),
        step="idle",
        expects="text",
        owner="bot",
        epoch=0,
        step_epoch=0,
        last_seq=0,
        choices_from=1,
    )
    session.add(conversation)
    session.flush()
    return conversation


def new_choice_id() -> str:
    """A new id for a choice; it can't be guessed."""
    return secrets.token_urlsafe(12)


def locked(session: Session, conversation_id: str) -> Conversation:
    """The conversation, for this transaction alone until it ends: whoever gives out a seq must hold it.

    Raises ConversationClosed when it was erased.
    """
    conversation = session.get(Conversation, conversation_id, with_for_update=True)
    if conversation is None:
        raise ConversationClosed
    return conversation


def end(session: Session, conversation: Conversation) -> None:
    """Close the locked conversation: nobody can come back to it, and turns that wait are dropped."""
    conversation.closed_at = conversation.closed_at or now()
    conversation.token_hash = conversation.former_token_hash = conversation.former_valid_until = None
    session.execute(
        update(Turn)
        .where(Turn.conversation_id == conversation.id, Turn.state == "pending")
        .values(state="dropped", finished_at=now())
    )


def append(
    session: Session,
    conversation: Conversation,
    author: str,
    kind: str,
    text: str,
    *,
    choices: list[dict[str, Any]] | None = None,
    card: dict[str, Any] | None = None,
    client_id: str | None = None,
) -> int:
    """Write one message under the locked conversation's next seq, and return the seq."""
    conversation.last_seq += 1
    conversation.updated_at = now()
    session.add(
        Message(
            conversation_id=conversation.id,
            seq=conversation.last_seq,
            author=author,
            kind=kind,
            text=text,
            choices=choices or [],
            card=card,
            client_id=client_id,
        )
    )
    return conversation.last_seq


def _answering(session: Session, conversation: Conversation) -> str | None:
    if conversation.owner not in WITH_PERSON:
        return None
    query = select(DeskAgent.name).join(Handover, Handover.agent_id == DeskAgent.id)
    return session.scalar(query.where(Handover.conversation_id == conversation.id, Handover.ended_at.is_(None)))


def _open(session: Session, conversation_id: str, holder: Holder | None) -> Conversation:
    conversation = locked(session, conversation_id)
    is_replaced = holder is not None and holder.token != conversation.token_hash
    if conversation.closed_at is not None or is_replaced:
        raise ConversationClosed
    return conversation


def seq_of(session: Session, conversation_id: str, client_id: str, since: datetime | None = None) -> int | None:
    query = select(Message.seq).where(Message.conversation_id == conversation_id, Message.client_id == client_id)
    return session.scalar(query if since is None else query.where(Message.at >= since))


def _live_choice(session: Session, conversation: Conversation, choice_id: str) -> dict[str, Any]:
    for choice in _live_choices(session, conversation):
        if choice["id"] == choice_id:
            return choice
    raise ChoiceExpired


def _live_choices(session: Session, conversation: Conversation) -> list[dict[str, Any]]:
    """Each once, as a question that was asked again offers the same."""
    offered = session.scalars(
        select(Message.choices)
        .where(
            Message.conversation_id == conversation.id,
            Message.seq >= conversation.choices_from,
            Message.author.in_(CHOICES_OF),
        )
        .order_by(Message.seq)
    )
    return list({choice["id"]: choice for choices in offered for choice in choices}.values())


def _meaning_of(session: Session, conversation: Conversation, choice_id: str) -> dict[str, Any] | None:
    """What a choice meant that was offered at any time in the conversation."""
    offered = session.scalars(
        select(Message.choices).where(Message.conversation_id == conversation.id, Message.author.in_(CHOICES_OF))
    )
    return next((_meaning(one) for choices in offered for one in choices if one["id"] == choice_id), None)


def _meaning(choice: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in choice.items() if name not in ("id", "title")}


def _answer_with(session: Session, conversation: Conversation, notice: Notice) -> None:
    if not engine_is_asked(conversation.owner):  # what a person has, the assistant says nothing in
        append(session, conversation, "system", "notice", notice.text)
        return
    question = _last_question(session, conversation) if notice.asks_again else None
    append(session, conversation, "bot", "notice", notice.text)
    if question is not None:
        _say_again(session, conversation, question)
    if notice.opening is not None and _is_unopened(session, conversation):
        ask_engine(session, conversation, None, notice.opening)


def _last_question(session: Session, conversation: Conversation) -> Message | None:
    """What the assistant said last in its last turn: there stands what it waits for."""
    return session.scalar(
        select(Message)
        .where(
            Message.conversation_id == conversation.id,
            Message.author.in_(CHOICES_OF),
            Message.kind != "notice",
        )
        .order_by(Message.seq.desc())
        .limit(1)
    )


def _say_again(session: Session, conversation: Conversation, question: Message) -> None:
    is_live = question.seq >= conversation.choices_from
    choices = question.choices if is_live else []
    append(session, conversation, question.author, question.kind, question.text, choices=choices, card=question.card)


def _is_unopened(session: Session, conversation: Conversation) -> bool:
    """Whether the engine was never asked for anything in it: the customer wrote first."""
    return session.scalar(select(Turn.id).where(Turn.conversation_id == conversation.id).limit(1)) is None


def ask_engine(session: Session, conversation: Conversation, seq: int | None, intent: Intent | None) -> None:
    """A turn of the locked conversation: the intent, or the text of the message with that seq. None while a person has
    the conversation.
    """
    if not engine_is_asked(conversation.owner):
        return
    session.add(
        Turn(
            conversation_id=conversation.id,
            message_id=uuid4().hex,
            seq=seq,
            intent=intent.name if intent else None,
            entities=intent.entities if intent else {},
            state="pending",
            epoch=conversation.epoch,
        )
    )


def _ask_again(session: Session, conversation: Conversation, turn_id: int) -> None:
    if not engine_is_asked(conversation.owner):
        return
    session.execute(
        update(Turn)
        .where(Turn.id == turn_id, Turn.state == "failed")
        .values(state="pending", finished_at=None, epoch=conversation.epoch)
    )
