"""The append-only record of what people did at the desk: who, what, with which handover; never a value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from areaclienti import audit_chain
from areaclienti.audit_chain import EMPTY, GENESIS, Anchor, Finding, Follower, Link
from areaclienti.desk.hours import utc_now
from areaclienti.gateway.db.desk_access import DeskAudit

OPERATOR = "operator"  # somebody at the command line
DESK = "desk"  # the program itself
# Whatever is done at the desk has its code here.
ACTIONS: Final = frozenset(
    {
        "signed_in", "sign_in_refused", "signed_out", "sessions_ended",
        "invited", "invitation_used", "revoked", "reset", "agent_added",
        "claimed", "forced", "transferred", "released", "handed_back", "closed", "moved", "revealed", "exported",
        "contact_requested", "contact_confirmed", "contact_rejected", "setting_changed",
    }
)  # fmt: skip
_WAITING: Final = "desk_audit"
_LOCK: Final = 715_506


@dataclass(frozen=True)
class _Row:
    at: datetime
    who: str | None
    action: str
    handover_id: str | None
    reason_code: str | None


def record(
    session: Session,
    who: str | None,
    action: str,
    handover_id: str | None = None,
    reason_code: str | None = None,
    *,
    at: datetime | None = None,
) -> None:
    """Note what was done, with the caller's transaction: both are kept, or neither.

    `who` is an agent's id, OPERATOR or DESK, None for somebody whom nobody knows; `action` one of ACTIONS;
    `reason_code` a code, or the id of what it was done with, at most 40 characters: never anything that was typed.
    Raises ValueError for an unknown action.
    """
    if action not in ACTIONS:
        raise ValueError(f"{action} is not an action of the audit")
    waiting: list[_Row] = session.info.setdefault(_WAITING, [])
    waiting.append(_Row(at or utc_now(), who, action, handover_id, reason_code))


def verify(session: Session, anchor: Anchor | None = None) -> Finding:
    """Follows the chain from its beginning, and through the anchor."""
    follower = Follower(anchor)
    while True:
        following = select(DeskAudit).where(DeskAudit.id > follower.end.last_id).order_by(DeskAudit.id)
        rows = session.scalars(following.limit(audit_chain.ROWS_AT_ONCE)).all()
        links = [Link(row.id, row.at, _fields(row), row.previous_sha256, row.sha256) for row in rows]
        session.expunge_all()  # a record of years need not fit into memory
        if not follower.follow(links) or len(links) < audit_chain.ROWS_AT_ONCE:
            return follower.finding()


def nothing_there(anchor: Anchor | None) -> Finding:
    """What is found where there is no record at all: right only where there never was one."""
    return Finding("whole" if anchor in (None, EMPTY) else "cut_off", EMPTY)


@event.listens_for(Session, "before_commit")
def _append(session: Session) -> None:
    """The last thing before the commit: nobody holds the end of the record while he waits for another lock."""
    rows: list[_Row] = session.info.pop(_WAITING, [])
    if not rows:
        return
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))  # SQLite has one writer at a time
    last = session.scalar(select(DeskAudit.sha256).order_by(DeskAudit.id.desc()).limit(1))
    previous = last or GENESIS
    for row in rows:
        added = DeskAudit(
            at=row.at,
            who=row.who,
            action=row.action,
            handover_id=row.handover_id,
            reason_code=row.reason_code,
            previous_sha256=previous,
        )
        previous = added.sha256 = audit_chain.digest(previous, row.at, _fields(added))
        session.add(added)
        session.flush()


def _fields(row: DeskAudit) -> tuple[str | None, ...]:
    return row.who, row.action, row.handover_id, row.reason_code
