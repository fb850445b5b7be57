"""What a transcript shows beside the ledger: who was who, how far WhatsApp messages came, until when one may write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from areaclienti.gateway.channels.whatsapp.window import open_until
from areaclienti.gateway.db.desk import DeskAgent, DeskNote, HandoverEvent
from areaclienti.gateway.db.models import Conversation
from areaclienti.gateway.db.whatsapp import WhatsappOutgoing, WhatsappPerson

# The least advanced part of a message says how far it is.
_ORDER = ("failed", "dropped", "pending", "sent", "delivered", "read")


@dataclass(frozen=True)
class Delivery:
    """What became of one line on its channel: `pending`, `sent`, `delivered`, `read`, `failed` (with Meta's code),
    `dropped`."""

    seq: int
    state: str
    error_code: int | None = None


def names_of(session: Session, notes: Iterable[DeskNote], events: Iterable[HandoverEvent]) -> dict[str, str]:
    """The names of all agents that notes and changes of hands speak of, by id."""
    ids = {note.agent_id for note in notes}
    ids |= {one for event in events for one in (event.who, event.agent_id) if one is not None}
    query = select(DeskAgent.id, DeskAgent.name).where(DeskAgent.id.in_(ids))
    return {row.id: row.name for row in session.execute(query)}


def deliveries(session: Session, conversation: Conversation, seqs: Sequence[int]) -> list[Delivery]:
    """How far those lines of ours are on WhatsApp; none on the web, where the page itself is the delivery."""
    if conversation.channel != "whatsapp" or not seqs:
        return []
    query = select(
        WhatsappOutgoing.first_seq, WhatsappOutgoing.last_seq, WhatsappOutgoing.state, WhatsappOutgoing.error_code
    ).where(WhatsappOutgoing.conversation_id == conversation.id, WhatsappOutgoing.last_seq >= min(seqs))
    parts = session.execute(query).all()
    return [
        _delivery(seq, {_shown(state): code for first, last, state, code in parts if first <= seq <= last})
        for seq in seqs
    ]


def writable_until(session: Session, conversation: Conversation) -> datetime | None:
    """Until when free text may be sent on WhatsApp; None on channels without such a limit."""
    if conversation.channel != "whatsapp":
        return None
    person = session.scalar(select(WhatsappPerson).where(WhatsappPerson.conversation_id == conversation.id))
    return open_until(session, person, conversation.id) or conversation.created_at


def _shown(state: str) -> str:
    return "pending" if state == "sending" else state


def _delivery(seq: int, states: Mapping[str, int | None]) -> Delivery:
    state = next((one for one in _ORDER if one in states), "pending")
    return Delivery(seq, state, states.get(state) if state == "failed" else None)
