"""The one place where a conversation changes hands: a conditional UPDATE, a new epoch, a row that says who and why."""

from __future__ import annotations

from typing import cast

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from areaclienti.desk.audit import ACTIONS, record
from areaclienti.gateway import ownership
from areaclienti.gateway.db.desk import Handover, HandoverEvent
from areaclienti.gateway.db.models import Conversation, Turn, now
from areaclienti.gateway.ownership import Owner

CUSTOMER, ASSISTANT, DESK = "customer", "assistant", "desk"  # who moved it, where no agent did


def open_handover(session: Session, conversation_id: str) -> Handover | None:
    """The conversation's handover that has not ended."""
    query = select(Handover).where(Handover.conversation_id == conversation_id, Handover.ended_at.is_(None))
    return session.scalar(query)


def move(
    session: Session,
    conversation: Conversation,
    handover: Handover,
    to: Owner,
    *,
    who: str,
    reason: str,
    agent_id: str | None = None,
) -> bool:
    """Pass the conversation on, as it was read: False, and nothing changed, when somebody was faster.

    Afterwards both are locked for this transaction and up to date, either way. `who` is an agent's id, or one of
    CUSTOMER, ASSISTANT, DESK; `agent_id` whom it goes to. Turns of the engine that wait are dropped, and choices that
    were offered are void. With `bot` and `closed` the handover ends, with the reason as its outcome where it has none
    yet, and its last agent stays named. Deadlines of the new state are the caller's. What an agent does is noted in the
    audit as well. Raises NotAllowed.
    """
    session.flush()
    present, epoch = cast(Owner, conversation.owner), conversation.epoch
    ownership.check(present, to)
    as_read = [Conversation.id == conversation.id, Conversation.owner == present, Conversation.epoch == epoch]
    if to != "closed":
        as_read.append(Conversation.closed_at.is_(None))
    change = (
        update(Conversation)
        .where(*as_read)
        .values(owner=to, epoch=epoch + 1, updated_at=now(), choices_from=Conversation.last_seq + 1)
    )
    as_changed = change.returning(Conversation).execution_options(synchronize_session=False, populate_existing=True)
    moved = session.scalar(as_changed) is not None
    if not moved:
        session.refresh(conversation, with_for_update=True)
    session.refresh(handover)
    if not moved:
        return False
    if ownership.engine_is_asked(present):  # no other owner leaves turns behind
        drop = update(Turn).where(Turn.conversation_id == conversation.id, Turn.state == "pending")
        session.execute(drop.values(state="dropped", finished_at=now()))
    taken_from = handover.agent_id
    handover.offered_until = None
    if to in ("bot", "closed"):
        handover.state, handover.ended_at, handover.outcome = "ended", now(), handover.outcome or reason
    else:
        handover.state = to
        handover.agent_id = taken_from if to == "wrap_up" else agent_id
    session.add(
        HandoverEvent(
            handover_id=handover.id,
            conversation_id=conversation.id,
            who=who,
            agent_id=agent_id or taken_from,
            from_owner=present,
            to_owner=to,
            epoch=epoch + 1,
            reason=reason,
        )
    )
    if who not in (CUSTOMER, ASSISTANT, DESK):
        others = (one for one in (agent_id, taken_from) if one not in (None, who))
        is_known = reason in ACTIONS
        record(session, who, reason if is_known else "moved", handover.id, next(others, None) if is_known else reason)
    return True
