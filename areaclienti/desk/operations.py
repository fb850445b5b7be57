"""What agents do: each a function with one transaction, which asks `scope` first and tells the streams afterwards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar, get_args

from sqlalchemy import Select, bindparam, delete, func, select
from sqlalchemy.orm import Session, aliased, load_only

from areaclienti.desk import agents, queue, reading
from areaclienti.desk.agents import Presence
from areaclienti.desk.board import Line, line_of, read_lines
from areaclienti.desk.customers import CustomersDesk
from areaclienti.desk.hours import utc_now
from areaclienti.desk.reading import Delivery
from areaclienti.desk.rounds import FEED
from areaclienti.desk.routing import Patience, Router
from areaclienti.desk.scope import Action, may
from areaclienti.desk.texts import Texts
from areaclienti.desk.transitions import move
from areaclienti.gateway import lookout
from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.desk import DeskAgent, DeskDraft, DeskNote, Handover, HandoverEvent
from areaclienti.gateway.db.models import Conversation, Message
from areaclienti.gateway.engine_client import Step
from areaclienti.gateway.handover import HAND_BACK
from areaclienti.gateway.hub import Hub
from areaclienti.gateway.ledger import ConversationClosed, Intent, append, ask_engine, locked, seq_of
from areaclienti.gateway.limits import MAX_MESSAGE_CHARACTERS
from areaclienti.gateway.locks import Locks

Result = TypeVar("Result")

MAX_NOTE_CHARACTERS = 2_000
CLAIMABLE = ("queued", "offered", "callback")
NOT_TO_RESUME_AT = ("handover",)
SETTLED = ("customer_type", "name", "company_name", "contact", "new_contact", "identity", "question")  # told by codes
MISSING = ("customer_type", "name", "company_name", "contact", "password", "privacy_notice", "verification_code",
           "recheck", "tax_code", "choose_contact")  # fmt: skip
OUTCOMES = ("solved", "referred", "unreachable", "abandoned")


_AtOnce = Select[DeskAgent, Handover, Conversation, DeskAgent]
_HOLDER = aliased(DeskAgent)
_AT_ONCE: _AtOnce = (  # built once: that takes longer than to run it
    select(DeskAgent, Handover, Conversation, _HOLDER)
    .select_from(DeskAgent)
    .join(Handover, Handover.id == bindparam("handover_id"))
    .join(Conversation, Conversation.id == Handover.conversation_id)
    .outerjoin(_HOLDER, _HOLDER.id == Handover.agent_id)
    .where(DeskAgent.id == bindparam("agent_id"), DeskAgent.active)
    .execution_options(populate_existing=True)
)
_GLANCE = _AT_ONCE.options(  # as much as says whether an agent may take it: of many who try, most learn no more
    load_only(DeskAgent.roles, DeskAgent.agency_code, DeskAgent.consultant_code, DeskAgent.active, raiseload=True),
    load_only(
        Handover.level,
        Handover.agency_code,
        Handover.consultant_code,
        Handover.agent_id,
        Handover.ended_at,
        raiseload=True,
    ),
    load_only(Conversation.owner, Conversation.closed_at, raiseload=True),
    load_only(_HOLDER.name, raiseload=True),
)


class DeskRefused(Exception):
    """The desk does not do that. `code` says why; nothing was changed."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Unknown(DeskRefused):
    """There is no such thing, or the agent may not see it: which of both is not told."""

    def __init__(self) -> None:
        super().__init__("unknown")


class Forbidden(DeskRefused):
    """The agent sees it, and may not do that with it."""

    def __init__(self) -> None:
        super().__init__("forbidden")


class Taken(DeskRefused):
    """Somebody else has it, or it is over: `owner` is the conversation's, `by` who has it, if anybody."""

    def __init__(self, owner: str, by: DeskAgent | None) -> None:
        super().__init__("taken")
        self.owner = owner
        self.agent_id = by.id if by else None
        self.agent_name = by.name if by else None


class Stale(DeskRefused):
    """The conversation changed hands since the page was drawn: a send with an old epoch is refused."""

    def __init__(self, epoch: int) -> None:
        super().__init__("stale")
        self.epoch = epoch


class SecretWritten(DeskRefused):
    """The agent's text holds a secret of the customer, which stands nowhere: nothing was written."""

    def __init__(self) -> None:
        super().__init__("secret_written")


class WindowClosed(DeskRefused):
    """WhatsApp takes free text for 24 hours after the customer's last message only: nothing was written."""

    def __init__(self) -> None:
        super().__init__("window_closed")


@dataclass(frozen=True)
class Card:
    """A handover in a list, with what its line shows. `epoch` and `owner` are the conversation's."""

    handover: Handover
    owner: str
    epoch: int
    channel: str
    agent_name: str | None
    may_claim: bool


@dataclass(frozen=True)
class Transcript:
    """A conversation as an agent may read it: redacted as it was written, with notes and every change of hands."""

    card: Card
    messages: Sequence[Message]
    notes: Sequence[DeskNote]
    events: Sequence[HandoverEvent]
    draft: str
    names: Mapping[str, str]
    deliveries: Sequence[Delivery]
    writable_until: datetime | None
    last_seq: int


@dataclass(frozen=True)
class Mark:
    """How far a conversation is. `is_on_its_way`: what became of its lines may change without another mark."""

    last_seq: int
    last_note: int
    changed: tuple[Any, ...]
    is_on_its_way: bool


@dataclass(frozen=True)
class Colleague:
    """Somebody who is there and could take a conversation over; `load` are the conversations that he has."""

    id: str
    name: str
    agency_code: str | None
    presence: str
    load: int
    capacity: int


@dataclass(frozen=True)
class To:
    """Where a conversation is passed on to: one colleague, an agency, or (both None) the pool."""

    agent_id: str | None = None
    agency_code: str | None = None


class Operations:
    """Every method raises Unknown for an agent who is not active, and for what he may not see."""

    def __init__(
        self,
        database: Database,
        hub: Hub,
        wake: Callable[[str], None],
        customers: CustomersDesk,
        router: Router,
        patience: Patience,
        texts: Texts,
        summary_of: Callable[[str], Awaitable[dict[str, Any]]],
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """`wake` makes the turns of a conversation run, `summary_of` is what identity knows of its registration."""
        self._database = database
        self._hub = hub
        self._wake = wake
        self._customers = customers
        self._router = router
        self._patience = patience
        self._texts = texts
        self._summary_of = summary_of
        self._claims = Locks()
        self._clock = clock

    # ---- being there ----

    async def heartbeat(self, agent_id: str) -> None:
        """The agent's desk is open."""
        await self._seen(agent_id, None)

    async def set_presence(self, agent_id: str, presence: Presence) -> None:
        """Available for offers, paused, or gone for today: then what he has goes back into the queue."""
        await self._seen(agent_id, presence)
        self._hub.ledger_grew(FEED)

    async def _seen(self, agent_id: str, presence: Presence | None) -> None:
        at = self._clock()
        if not await self._database.write(lambda session: agents.seen(session, agent_id, at, presence)):
            raise Unknown

    async def standing(self, agent_id: str) -> DeskAgent:
        """The agent's own row: his presence, which the rounds end when his desk is not heard from."""
        return await self._database.read(lambda session: _active(session, agent_id))

    # ---- looking ----

    async def colleagues(self, agent_id: str) -> list[Colleague]:
        """Who is there and answers customers: of the same agency and of the pool; for the pool itself everybody."""

        def work(session: Session) -> list[Colleague]:
            agent = _active(session, agent_id)
            load = queue.load_of(DeskAgent.id)
            there = queue.is_there(self._clock(), self._patience.lease)
            query = select(DeskAgent, load).where(there, DeskAgent.id != agent_id).order_by(DeskAgent.name)
            return [
                Colleague(one.id, one.name, one.agency_code, one.presence, has, one.capacity)
                for one, has in session.execute(query)
                if "auditor" not in one.roles
                and (agent.agency_code is None or one.agency_code in (None, agent.agency_code))
            ]

        return await self._database.read(work)

    async def waiting(self, agent_id: str) -> list[Card]:
        """What waits for a person and the agent may see, the first to come first."""

        def work(session: Session) -> list[Card]:
            agent = _active(session, agent_id)
            return [_card(session, agent, one) for one in queue.waiting(session) if _may(agent, "read", one)]

        return await self._database.read(work)

    async def mine(self, agent_id: str) -> list[Card]:
        """What the agent was offered, answers or wraps up."""

        def work(session: Session) -> list[Card]:
            agent = _active(session, agent_id)
            return [_card(session, agent, one) for one in queue.of_agent(session, agent_id)]

        return await self._database.read(work)

    async def line(self, handover_id: str, agent_id: str) -> tuple[Line, DeskAgent]:
        """The handover as lists show it, open or over, and the agent who asks."""

        def work(session: Session) -> tuple[Line, DeskAgent]:
            agent = _active(session, agent_id)
            handover = _seen_by(session, agent, handover_id)
            return read_lines(session, [handover.id])[handover.id], agent

        return await self._database.read(work)

    async def newest(self, handover_id: str, agent_id: str) -> Mark:
        """How far the conversation is: another mark means that there is something to read."""

        def work(session: Session) -> Mark:
            handover = _seen_by(session, _active(session, agent_id), handover_id)
            conversation = _conversation(session, handover)
            notes = select(func.max(DeskNote.id)).where(DeskNote.conversation_id == conversation.id)
            changed = conversation.owner, conversation.epoch, handover.state, handover.level, handover.agency_code
            is_on_its_way = conversation.channel == "whatsapp"
            return Mark(conversation.last_seq, session.scalar(notes) or 0, changed, is_on_its_way)

        return await self._database.read(work)

    async def transcript(self, handover_id: str, agent_id: str, after: int = 0) -> Transcript:
        """The conversation from a seq on. Who has it is told; who may not read it learns nothing."""

        def work(session: Session) -> Transcript:
            agent = _active(session, agent_id)
            handover = _seen_by(session, agent, handover_id)
            messages = select(Message).where(
                Message.conversation_id == handover.conversation_id, Message.seq > after
            )  # fmt: skip
            notes_of = select(DeskNote).where(DeskNote.conversation_id == handover.conversation_id)
            events_of = select(HandoverEvent).where(HandoverEvent.conversation_id == handover.conversation_id)
            notes = session.scalars(notes_of.order_by(DeskNote.id)).all()
            events = session.scalars(events_of.order_by(HandoverEvent.id)).all()
            ours = select(Message.seq).where(
                Message.conversation_id == handover.conversation_id, Message.author == "agent"
            )
            conversation = _conversation(session, handover)
            draft = session.get(DeskDraft, (handover_id, agent_id))
            return Transcript(
                _card(session, agent, handover),
                session.scalars(messages.order_by(Message.seq)).all(),
                notes,
                events,
                draft.text if draft else "",
                reading.names_of(session, notes, events),
                reading.deliveries(session, conversation, session.scalars(ours.order_by(Message.seq)).all()),
                reading.writable_until(session, conversation),
                conversation.last_seq,
            )

        return await self._database.read(work)

    async def summary(self, handover_id: str, agent_id: str) -> dict[str, Any]:
        """What identity tells about the registration (docs/contracts.md): checks and their outcome, never a value.

        Raises IdentityUnavailable.
        """

        def work(session: Session) -> str:
            return _seen_by(session, _active(session, agent_id), handover_id).conversation_id

        return await self._summary_of(await self._database.read(work))

    # ---- taking and passing on ----

    async def claim(self, handover_id: str, agent_id: str) -> tuple[Line, DeskAgent]:
        """Take it: of many who try, one gets it, and the others learn who. Who has it already has it still. As `line`.

        Raises Taken, Forbidden.
        """

        def look(session: Session, statement: _AtOnce = _AT_ONCE) -> tuple[DeskAgent, Handover, Conversation, bool]:
            agent, handover, conversation, holder = _at_once(session, agent_id, handover_id, statement)
            if conversation.owner == "human" and handover.agent_id == agent_id:
                return agent, handover, conversation, True
            if conversation.closed_at is not None:
                raise Taken("closed", None)
            is_offered_to_other = conversation.owner == "offered" and handover.agent_id != agent_id
            if conversation.owner not in CLAIMABLE or is_offered_to_other or handover.ended_at is not None:
                raise Taken(conversation.owner, holder)
            if not _may(agent, "claim", handover):
                raise Forbidden
            return agent, handover, conversation, False

        def work(session: Session) -> tuple[Line, DeskAgent]:
            while True:
                agent, handover, conversation, has_it = look(session)
                if has_it or self._given(session, conversation, handover, agent, agent, "claimed"):
                    return line_of(session, handover, conversation, agent), agent

        glance = partial(look, statement=_GLANCE)
        _, _, conversation, _ = await self._database.read_at_once(glance)  # who is late holds nobody up who writes
        trying = self._claims.of(handover_id)
        while trying.locked():  # nor do those who come together: one of this process tries, the others look what came
            async with trying:
                pass
            await self._database.read_at_once(glance)
        async with trying:
            return await self._do(handover_id, work, conversation.id)

    async def force_take(self, handover_id: str, agent_id: str) -> Card:
        """A supervisor takes it, whoever has it. Raises Forbidden, Taken when it is over."""

        def work(session: Session) -> Card:
            agent, handover, conversation = self._entitled(session, handover_id, agent_id, "force_take")
            if conversation.owner not in (*CLAIMABLE, "human"):
                raise Taken(conversation.owner, _holder(session, handover))
            self._given(session, conversation, handover, agent, agent, "forced")
            return _card(session, agent, handover)

        return await self._do(handover_id, work)

    async def transfer(self, handover_id: str, agent_id: str, to: To) -> None:
        """Pass it on: offered to a colleague, or back into the queue of an agency or of the pool, at its place.

        Raises Forbidden, Taken when no person has it; Unknown when the colleague is not there.
        """

        def work(session: Session) -> None:
            agent, handover, conversation = self._entitled(session, handover_id, agent_id, "transfer")
            if conversation.owner != "human":
                raise Taken(conversation.owner, _holder(session, handover))
            if to.agent_id is not None:
                self._offer_to(session, conversation, handover, agent, to.agent_id)
            else:
                self._router.requeue(session, conversation, handover, who=agent.id, reason="transferred")
                if to.agency_code is not None:
                    handover.agency_code, handover.consultant_code = to.agency_code, None
                self._router.at(handover, "agency" if to.agency_code is not None else "pool")
            self._customers.say(session, conversation, handover, self._texts.transferred)

        await self._do(handover_id, work)

    def _offer_to(
        self, session: Session, conversation: Conversation, handover: Handover, agent: DeskAgent, colleague_id: str
    ) -> None:
        there = queue.is_there(self._clock(), self._patience.lease)
        colleague = session.scalar(select(DeskAgent).where(DeskAgent.id == colleague_id, there))
        if colleague is None or colleague.id == handover.agent_id or "auditor" in colleague.roles:
            raise Unknown
        self._router.offer_to(session, conversation, handover, colleague, who=agent.id, reason="transferred")
        if colleague.agency_code is not None and colleague.agency_code != handover.agency_code:
            handover.agency_code, handover.consultant_code = colleague.agency_code, None
        self._router.at(handover, "agency" if colleague.agency_code is not None else "pool")

    async def release(self, handover_id: str, agent_id: str) -> None:
        """Give it back to the queue, at its place. Raises Forbidden, Taken when no person has it."""

        def work(session: Session) -> None:
            agent, handover, conversation = self._entitled(session, handover_id, agent_id, "release")
            if conversation.owner not in queue.AT_WORK:
                raise Taken(conversation.owner, _holder(session, handover))
            had_it = conversation.owner == "human"
            self._router.requeue(session, conversation, handover, who=agent.id, reason="released")
            if had_it:
                self._customers.say(session, conversation, handover, self._texts.transferred)

        await self._do(handover_id, work)

    # ---- answering ----

    async def reply(self, handover_id: str, agent_id: str, client_id: str, text: str, epoch: int) -> int:
        """Write to the customer; the seq. The same client id again changes nothing.

        `epoch` is the one that the agent's page shows. Raises Forbidden, Stale, Taken, WindowClosed; SecretWritten, or
        ValueError for a text that is empty or too long.
        """
        _check(text, MAX_MESSAGE_CHARACTERS)

        def work(session: Session) -> int:
            _, handover, conversation = self._entitled(session, handover_id, agent_id, "reply")
            known = seq_of(session, conversation.id, client_id)
            if known is not None:
                return known
            if conversation.owner != "human":
                raise Taken(conversation.owner, _holder(session, handover))
            if conversation.epoch != epoch:
                raise Stale(conversation.epoch)
            until = reading.writable_until(session, conversation)
            if until is not None and until <= self._clock():
                raise WindowClosed
            handover.first_reply_at = handover.first_reply_at or self._clock()
            session.execute(delete(DeskDraft).where(DeskDraft.handover_id == handover_id))
            return append(session, conversation, "agent", "text", text, client_id=client_id)

        return await self._do(handover_id, work)

    async def note(self, handover_id: str, agent_id: str, text: str) -> int:
        """Write for colleagues alone; the note's id. Raises Forbidden; SecretWritten and ValueError as `reply`."""
        _check(text, MAX_NOTE_CHARACTERS)

        def work(session: Session) -> int:
            agent, handover, conversation = self._entitled(session, handover_id, agent_id, "note")
            note = DeskNote(
                handover_id=handover.id, conversation_id=conversation.id, agent_id=agent.id, text=text, at=self._clock()
            )
            session.add(note)
            session.flush()
            return note.id

        return await self._do(handover_id, work)

    async def draft(self, handover_id: str, agent_id: str, text: str) -> None:
        """Keep what was typed and not sent; an empty text forgets it. Raises Forbidden, SecretWritten, ValueError."""
        if text:
            _check(text, MAX_MESSAGE_CHARACTERS)

        def work(session: Session) -> None:
            _, handover, conversation = self._entitled(session, handover_id, agent_id, "draft")
            kept = session.get(DeskDraft, (handover_id, agent_id))
            if not text:
                session.execute(
                    delete(DeskDraft).where(DeskDraft.handover_id == handover_id, DeskDraft.agent_id == agent_id)
                )
            elif kept is not None:
                kept.text, kept.updated_at = text, self._clock()
            else:
                of = {"handover_id": handover.id, "agent_id": agent_id, "conversation_id": conversation.id}
                session.add(DeskDraft(**of, text=text, updated_at=self._clock()))

        await self._database.write(work)

    async def hand_back(
        self,
        handover_id: str,
        agent_id: str,
        step: str,
        settled: Collection[str] = (),
        missing: Collection[str] = (),
    ) -> None:
        """Give the conversation to the assistant, who begins with what was settled and what is missing, and stands at
        `step` then. Of what was written nothing goes to the engine: `settled` and `missing` are codes (SETTLED,
        MISSING); without `missing` the engine says what it knows to be missing.

        Raises Forbidden, Taken when the agent does not have it; ValueError for what is no step or no code.
        """
        if step not in get_args(Step) or step in NOT_TO_RESUME_AT:
            raise ValueError("not a step to resume at")
        if not (set(settled) <= set(SETTLED) and set(missing) <= set(MISSING)):
            raise ValueError("not a code")

        def work(session: Session) -> str:
            agent, handover, conversation = self._entitled(session, handover_id, agent_id, "hand_back")
            if conversation.owner != "human":
                raise Taken(conversation.owner, _holder(session, handover))
            move(session, conversation, handover, "bot", who=agent.id, reason="handed_back")
            text = self._texts.handed_back.format(agent=agent.name)
            append(session, conversation, "system", "notice", text)
            back = {"step": step, "settled": sorted(set(settled)), "missing": sorted(set(missing))}
            ask_engine(session, conversation, None, Intent(HAND_BACK, back))
            return conversation.id

        self._wake(await self._do(handover_id, work))

    async def close(self, handover_id: str, agent_id: str, outcome: str) -> None:
        """Say that it is done, as one of OUTCOMES: the customer may say how it was or go on with the assistant, and
        after the wrap-up the conversation ends. Raises Forbidden, Taken, ValueError.
        """
        if outcome not in OUTCOMES:
            raise ValueError("not an outcome")

        def work(session: Session) -> None:
            agent, handover, conversation = self._entitled(session, handover_id, agent_id, "close")
            if conversation.owner != "human":
                raise Taken(conversation.owner, _holder(session, handover))
            move(session, conversation, handover, "wrap_up", who=agent.id, reason="closed")
            handover.outcome, handover.wrap_up_until = outcome, self._clock() + self._patience.wrap_up
            self._customers.wrapped_up(session, conversation, handover, agent.name)

        await self._do(handover_id, work)

    # ---- what they share ----

    async def _do(
        self, handover_id: str, work: Callable[[Session], Result], conversation_id: str | None = None
    ) -> Result:
        """Run a change and tell the streams of the customer and of the desk; of which conversation, where known."""

        def noting(session: Session) -> tuple[Result, str | None]:
            result = work(session)
            if conversation_id is not None:
                return result, conversation_id
            handover = session.get(Handover, handover_id)
            return result, handover.conversation_id if handover else None

        try:
            result, of = await self._database.write(noting)
        except ConversationClosed:
            raise Unknown from None
        if of is not None:
            self._hub.ledger_grew(of)
        self._hub.ledger_grew(FEED)
        return result

    def _entitled(
        self, session: Session, handover_id: str, agent_id: str, action: Action
    ) -> tuple[DeskAgent, Handover, Conversation]:
        """The agent, and the handover with its conversation locked, on which he may do that."""
        agent = _active(session, agent_id)
        handover = _seen_by(session, agent, handover_id)
        conversation = locked(session, handover.conversation_id)
        session.refresh(handover)  # it may have changed hands until the lock was ours
        if not _may(agent, "read", handover):
            raise Unknown
        if not _may(agent, action, handover):
            raise Forbidden
        if conversation.closed_at is not None:  # the customer left; the next round notes it
            raise Taken("closed", None)
        return agent, handover, conversation

    def _given(
        self,
        session: Session,
        conversation: Conversation,
        handover: Handover,
        to: DeskAgent,
        by: DeskAgent,
        reason: str,
    ) -> bool:
        if not move(session, conversation, handover, "human", who=by.id, reason=reason, agent_id=to.id):
            return False
        handover.claimed_at = handover.claimed_at or self._clock()
        handover.level_until = None
        append(session, conversation, "system", "notice", self._texts.claimed.format(agent=to.name))
        return True


def _active(session: Session, agent_id: str) -> DeskAgent:
    agent = session.get(DeskAgent, agent_id, populate_existing=True)
    if agent is None or not agent.active:
        raise Unknown
    return agent


def _may(agent: DeskAgent, action: Action, handover: Handover) -> bool:
    return may(agents.who(agent), action, agents.where(handover))


def _seen_by(session: Session, agent: DeskAgent, handover_id: str) -> Handover:
    handover = session.get(Handover, handover_id, populate_existing=True)
    if handover is None or not _may(agent, "read", handover):
        raise Unknown
    return handover


def _at_once(
    session: Session, agent_id: str, handover_id: str, statement: _AtOnce
) -> tuple[DeskAgent, Handover, Conversation, DeskAgent | None]:
    """The agent, what he sees of it, and who has it: one statement, so that all is of one moment and quickly read."""
    row = session.execute(statement, {"agent_id": agent_id, "handover_id": handover_id}).one_or_none()
    if row is None:
        raise Unknown
    agent, handover, conversation, holder = row
    if not _may(agent, "read", handover):
        raise Unknown
    return agent, handover, conversation, holder


def _conversation(session: Session, handover: Handover) -> Conversation:
    conversation = session.get(Conversation, handover.conversation_id)
    if conversation is None:
        raise ConversationClosed
    return conversation


def _holder(session: Session, handover: Handover) -> DeskAgent | None:
    return session.get(DeskAgent, handover.agent_id) if handover.agent_id is not None else None


def _card(session: Session, agent: DeskAgent, handover: Handover) -> Card:
    conversation = _conversation(session, handover)
    by = _holder(session, handover)
    free = handover.state in CLAIMABLE and (handover.state != "offered" or handover.agent_id == agent.id)
    may_claim = free and _may(agent, "claim", handover)
    return Card(
        handover, conversation.owner, conversation.epoch, conversation.channel, by.name if by else None, may_claim
    )


def _check(text: str, most: int) -> None:
    if not text.strip() or len(text) > most:
        raise ValueError("empty or too long")
    if lookout.is_secret_of_customer(text):
        raise SecretWritten
