"""The outbox: what the ledger gained becomes messages in one transaction; each is claimed, sent, emptied."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Select, and_, func, or_, select, union, update
from sqlalchemy.orm import Session

from areaclienti.gateway.channels.whatsapp.choices import Choice
from areaclienti.gateway.channels.whatsapp.graph import TIMEOUT_SECONDS, Receiver
from areaclienti.gateway.channels.whatsapp.rendering import Line, Rendering, Stand
from areaclienti.gateway.channels.whatsapp.statuses import Status
from areaclienti.gateway.channels.whatsapp.verdicts import Verdict, verdict_on
from areaclienti.gateway.channels.whatsapp.window import LENGTH, open_until
from areaclienti.gateway.db.models import Conversation, Message, now
from areaclienti.gateway.db.whatsapp import WhatsappOutgoing, WhatsappPerson
from areaclienti.gateway.texts import Purpose
from areaclienti.logging import get_logger

# A sender that dies gives its message back after the longest request, and the time in which a status would have come.
LEASE = timedelta(seconds=TIMEOUT_SECONDS + 8)
WINDOW_CODE = 131047
TEMPLATE = "template"
_OPEN = ("pending", "sending")
_RANKS = {"pending": 0, "sending": 0, "dropped": 0, "sent": 1, "failed": 1, "delivered": 2, "read": 3}
_STATES = {"sent": "sent", "delivered": "delivered", "read": "read", "played": "read", "failed": "failed"}
_PASSING = frozenset({Verdict.PERSON, Verdict.NUMBER, Verdict.LATER})
_MADE_AGAIN_AFTER = timedelta(seconds=10)
_MOST_ATTEMPTS = 5
_TEMPLATES_PLACE = 1000  # added to the place of the message that a template stands for

log = get_logger()


@dataclass(frozen=True)
class Claimed:
    """One message that this sender may send now. `attempts` is its fence: a later claim makes this one void."""

    id: int
    conversation_id: str
    receiver: Receiver
    kind: str
    content: dict[str, Any]
    needs_link: Purpose | None
    attempts: int
    callback_data: str
    may_be_sent_until: datetime | None


@dataclass(frozen=True)
class Later:
    """There is a message, but not before then."""

    at: datetime


def has_work(session: Session, conversation_id: str) -> bool:
    """Whether `collect` or `claim` would find anything, without the write lock."""
    said = (
        select(Message.id)
        .join(WhatsappPerson, WhatsappPerson.conversation_id == Message.conversation_id)
        .where(
            Message.conversation_id == conversation_id,
            Message.seq > WhatsappPerson.sent_seq,
            Message.author != "customer",
        )
    )
    return session.scalar(said.limit(1)) is not None or _first_open(session, conversation_id, lock=False) is not None


def hold(session: Session, conversation_id: str) -> WhatsappPerson | None:
    """Whose conversation it is, for this transaction alone. Whoever changes a person's messages begins with this: two
    senders that took person, conversation and messages in different orders would wait for each other.
    """
    whose = select(WhatsappPerson).where(WhatsappPerson.conversation_id == conversation_id)
    return session.scalar(whose.with_for_update())


def collect(session: Session, conversation_id: str, rendering: Rendering) -> None:
    """Make messages of the ledger's new lines, and move the person's cursor behind them."""
    person = hold(session, conversation_id)
    # shared: lines that are being written are waited for, rows that only point to the conversation are not
    conversation = session.get(Conversation, conversation_id, with_for_update={"read": True})
    if person is None or conversation is None:
        return
    new = select(Message).where(Message.conversation_id == conversation_id, Message.seq > person.sent_seq)
    messages = list(session.scalars(new.order_by(Message.seq)))
    if not messages:
        return
    stand = Stand(conversation.expects, conversation.choices_from)
    for position, rendered in enumerate(rendering.render([_line(message) for message in messages], stand)):
        session.add(
            WhatsappOutgoing(
                conversation_id=conversation_id,
                user_id=person.user_id,
                first_seq=messages[0].seq,
                last_seq=messages[-1].seq,
                position=position,
                kind=rendered.kind,
                content=rendered.content,
                needs_link=rendered.needs_link,
                state="pending",
                attempts=0,
                next_attempt_at=now(),
            )
        )
    person.sent_seq = messages[-1].seq
    session.flush()


def claim(session: Session, conversation_id: str) -> Claimed | Later | None:
    """The next message to the person whose conversation it is: the oldest that is open, so that all come in order."""
    row = _first_open(session, conversation_id, lock=True)
    if row is None:
        return None
    at = now()
    due = row.next_attempt_at if row.state == "pending" else row.leased_until
    if due is not None and due > at:
        return Later(due)
    row.state, row.attempts, row.leased_until = "sending", row.attempts + 1, at + LEASE
    person = session.get(WhatsappPerson, row.user_id)
    session.flush()
    return Claimed(
        row.id,
        row.conversation_id,
        Receiver(row.user_id, person.wa_id if person else None),
        row.kind,
        row.content or {},
        cast(Purpose | None, row.needs_link),
        row.attempts,
        _callback_data(row),
        None if row.kind == TEMPLATE else open_until(session, person, row.conversation_id),
    )


def sent(session: Session, claimed: Claimed, wamid: str) -> None:
    """Meta took the message. What a status said of it meanwhile stays."""
    mine = select(WhatsappOutgoing).where(WhatsappOutgoing.id == claimed.id).with_for_update()
    row = session.scalar(mine)
    if row is None:
        return  # its conversation was erased
    _name(session, row, wamid)
    if _RANKS[row.state] == 0:
        _forward(row, "sent")


def put_back(session: Session, claimed: Claimed, at: datetime, code: int | None) -> None:
    """Try again later."""
    _change(session, claimed, state="pending", next_attempt_at=at, leased_until=None, error_code=code)


def replace(session: Session, claimed: Claimed, kind: str, content: dict[str, Any], code: int | None) -> None:
    """Try again at once, in another shape."""
    _change(
        session, claimed, state="pending", next_attempt_at=now(), leased_until=None, error_code=code, kind=kind,
        content=content,
    )  # fmt: skip


def give_up(session: Session, claimed: Claimed, state: str, code: int | None) -> None:
    """End a message that is never sent: `failed` by Meta's word, `dropped` by ours."""
    _change(session, claimed, state=state, leased_until=None, error_code=code, content=None)


def close_window(session: Session, claimed: Claimed, template: dict[str, Any]) -> None:
    """The 24 hours are over: a template in the message's place says that there is one, once until the person writes."""
    row = session.get(WhatsappOutgoing, claimed.id)
    if row is not None and _change(session, claimed, state="dropped", error_code=WINDOW_CODE, content=None):
        _leave_word(session, row, template)


def note_status(session: Session, status: Status, rendering: Rendering, template: dict[str, Any]) -> Verdict | None:
    """Take in what Meta says of a message; states only move forward. Gives the verdict on a failure that is news.

    A status proves that the message was taken, also where the answer to our request was lost. One that was taken and
    not delivered for a reason that passes is made again from the ledger.
    """
    row = _of_status(session, status)
    state = _STATES.get(status.state)
    if row is None or state is None:
        return None
    _name(session, row, status.wamid)
    is_news = _RANKS[state] > _RANKS[row.state] or (state == "failed" and row.state == "sent")
    if not is_news:
        return None
    _forward(row, state)
    if state != "failed":
        return None
    row.error_code = status.error_code
    verdict = verdict_on(status.error_code)
    log.warning("whatsapp_not_delivered", outbox_id=row.id, code=status.error_code, reason=verdict.value)
    if verdict is Verdict.WINDOW and row.kind != TEMPLATE:
        _leave_word(session, row, template)
    elif verdict in _PASSING:
        _make_again(session, row, rendering)
    return verdict


def conversations_grown(session: Session) -> list[str]:
    """The conversations whose ledger has lines that were not collected."""
    grown = (
        select(Conversation.id)
        .join(WhatsappPerson, WhatsappPerson.conversation_id == Conversation.id)
        .where(Conversation.last_seq > WhatsappPerson.sent_seq)
    )
    return list(session.scalars(grown))


def conversations_due(session: Session) -> list[str]:
    """The conversations that have a message to send now: one that was put back, or left behind by who died."""
    row, at = WhatsappOutgoing, now()
    is_due = or_(
        and_(row.state == "pending", row.next_attempt_at <= at), and_(row.state == "sending", row.leased_until <= at)
    )
    return list(session.scalars(select(row.conversation_id).where(is_due).distinct()))


def _line(message: Message) -> Line:
    choices = tuple(Choice(choice["id"], choice["title"]) for choice in message.choices)
    return Line(message.seq, message.author, message.text, choices, message.card)


def _first_open(session: Session, conversation_id: str, *, lock: bool) -> WhatsappOutgoing | None:
    """The oldest open message to whom the conversation belongs, or belonged."""
    row = WhatsappOutgoing
    of_person: Select[Any] = select(WhatsappPerson.user_id).where(WhatsappPerson.conversation_id == conversation_id)
    of_rows = select(row.user_id).where(row.conversation_id == conversation_id, row.state.in_(_OPEN))
    whose = union(of_person, of_rows).subquery()
    query = select(row).where(row.user_id.in_(select(whose.c.user_id)), row.state.in_(_OPEN)).order_by(row.id).limit(1)
    return session.scalar(query.with_for_update() if lock else query)


def _change(session: Session, claimed: Claimed, **values: Any) -> bool:
    """Change the message if it is still this claim's."""
    mine: ColumnElement[bool] = and_(
        WhatsappOutgoing.id == claimed.id,
        WhatsappOutgoing.state == "sending",
        WhatsappOutgoing.attempts == claimed.attempts,
    )
    change = update(WhatsappOutgoing).where(mine).values(**values)
    return cast(CursorResult[Any], session.execute(change)).rowcount == 1


def _name(session: Session, row: WhatsappOutgoing, wamid: str) -> None:
    """Note Meta's id of the message. A second id is a second copy; one that another message has is Meta's mistake, and
    no reason to send again.
    """
    if row.wamid == wamid:
        return
    is_free = session.scalar(select(WhatsappOutgoing.id).where(WhatsappOutgoing.wamid == wamid)) is None
    if row.wamid is None and is_free:
        row.wamid = wamid
    else:
        log.warning("whatsapp_message_doubled", outbox_id=row.id)


def _forward(row: WhatsappOutgoing, state: str) -> None:
    row.state, row.leased_until, row.content = state, None, None
    if state != "failed":
        row.sent_at = row.sent_at or now()


def _leave_word(session: Session, row: WhatsappOutgoing, template: dict[str, Any]) -> None:
    person = session.get(WhatsappPerson, row.user_id)
    since = open_until(session, person, row.conversation_id)
    told = select(func.count()).where(
        WhatsappOutgoing.user_id == row.user_id,
        WhatsappOutgoing.kind == TEMPLATE,
        WhatsappOutgoing.created_at > (since - LENGTH if since else row.created_at - LENGTH),
    )
    if session.scalar(told):
        return
    session.add(
        WhatsappOutgoing(
            conversation_id=row.conversation_id,
            user_id=row.user_id,
            first_seq=row.first_seq,
            last_seq=row.last_seq,
            position=_TEMPLATES_PLACE + row.position,
            kind=TEMPLATE,
            content=template,
            state="pending",
            attempts=0,
            next_attempt_at=now(),
        )
    )
    session.flush()


def _make_again(session: Session, row: WhatsappOutgoing, rendering: Rendering) -> None:
    """Put a message that was emptied back, as the ledger has it now; not for ever."""
    conversation = session.get(Conversation, row.conversation_id)
    if conversation is None or row.attempts >= _MOST_ATTEMPTS:
        return
    its_lines = select(Message).where(
        Message.conversation_id == row.conversation_id, Message.seq.between(row.first_seq, row.last_seq)
    )
    lines = [_line(message) for message in session.scalars(its_lines.order_by(Message.seq))]
    messages = rendering.render(lines, Stand(conversation.expects, conversation.choices_from))
    if row.position < len(messages):
        again = messages[row.position]
        row.state, row.kind, row.content, row.needs_link = "pending", again.kind, again.content, again.needs_link
        row.wamid, row.next_attempt_at = None, now() + _MADE_AGAIN_AFTER


def _of_status(session: Session, status: Status) -> WhatsappOutgoing | None:
    number = (status.callback_data or "").partition(".")[0]
    if number.isascii() and number.isdigit() and len(number) < 18:
        row = session.get(WhatsappOutgoing, int(number), with_for_update=True)
        if row is not None and _callback_data(row) == status.callback_data:
            return row
    by_wamid = select(WhatsappOutgoing).where(WhatsappOutgoing.wamid == status.wamid).with_for_update()
    return session.scalar(by_wamid)


def _callback_data(row: WhatsappOutgoing) -> str:
    """The message's id, and what tells it from a later one under that id: SQLite gives ids of erased rows again."""
    what = f"{row.conversation_id}/{row.last_seq}/{row.position}"
    return f"{row.id}.{hashlib.sha256(what.encode()).hexdigest()[:16]}"
