"""Secure operations: a fresh code to the mobile, good for one operation of one session for minutes (manual 9a)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, and_, select, update

from areaclienti.crypto import new_id
from areaclienti.identity import accounts, challenges, sessions
from areaclienti.identity.challenges import Issue, Issued
from areaclienti.identity.db.models import Contact, SignInSession, StepUp
from areaclienti.identity.errors import Refused
from areaclienti.identity.work import Work

Action = Literal["change_password", "end_other_sessions", "deactivate"]

_MOST_TRIES = 5  # of the present password within one step-up


@dataclass(frozen=True)
class StepUpAnswer:
    outcome: Literal["code_sent", "no_mobile", "limit_reached"]
    step_up_id: str | None = None
    challenge: Issued | None = None
    retry_after_seconds: int | None = None


@dataclass(frozen=True)
class Confirmation:
    """When confirmed, the session goes on under another token."""

    outcome: Literal["confirmed", "wrong_code", "code_expired", "code_spent", "limit_reached"]
    attempts_left: int
    session_token: str | None = None
    session_expires_at: datetime | None = None
    valid_until: datetime | None = None


async def ask(work: Work, session: SignInSession, action: Action) -> StepUpAnswer:
    """Sends the code for one operation. An operation that was asked for before in this session is dropped."""
    contact = await accounts.mobile_of(work, session.account)
    if contact is None:
        work.note("step_up", "no_mobile", f"account_{session.account_id}")
        return StepUpAnswer("no_mobile")  # manual 10a
    step_up = StepUp(
        id=new_id("stp"),
        session_id=session.id,
        action=action,
        contact_id=contact.id,
        created_at=work.now,
        expires_at=work.now + timedelta(seconds=work.settings.sign_in_life_seconds),
    )
    issue = await challenges.issue(work, "step_up", step_up.id, contact, again=False)
    if issue.challenge is None:
        work.note("step_up", "limit_reached", f"account_{session.account_id}")
        return StepUpAnswer("limit_reached", retry_after_seconds=issue.retry_after_seconds)
    await work.session.execute(
        update(StepUp)
        .where(StepUp.session_id == session.id, StepUp.status != "used")
        .values(expires_at=work.now)
        .execution_options(synchronize_session=False)
    )
    work.session.add(step_up)
    work.note("step_up_asked", action, f"account_{session.account_id}")
    return StepUpAnswer("code_sent", step_up.id, issue.challenge)


async def verify(work: Work, session: SignInSession, step_up_id: str, code: str) -> Confirmation:
    """Checks the code. Raises `Refused`: 404 `step_up_unknown`, 409 `no_challenge`."""
    step_up, _ = await _waiting(work, session, step_up_id)
    checked = await challenges.check(work, "step_up", step_up.id, code)
    if checked.outcome != "right":
        return Confirmation(checked.outcome, checked.attempts_left)
    step_up.status = "confirmed"
    step_up.expires_at = work.now + timedelta(seconds=work.settings.step_up_seconds)
    work.note("step_up_confirmed", step_up.action, f"account_{session.account_id}")
    opened = await sessions.rotate(work, session)
    return Confirmation("confirmed", checked.attempts_left, opened.token, opened.expires_at, step_up.expires_at)


async def send_new_code(work: Work, session: SignInSession, step_up_id: str) -> Issue:
    """Raises `Refused` (404 `step_up_unknown`)."""
    step_up, contact = await _waiting(work, session, step_up_id)
    return await challenges.issue(work, "step_up", step_up.id, contact, again=True)


async def spend(work: Work, session: SignInSession, step_up_id: str, action: Action) -> None:
    """Uses the confirmation up, in one statement, for this operation. Raises `Refused` (409 `step_up_required`)."""
    spent = await work.session.scalar(
        update(StepUp)
        .where(_confirmed(work, session, step_up_id, action))
        .values(status="used")
        .returning(StepUp.id)
        .execution_options(synchronize_session=False)
    )
    _require(spent)


async def take_try(work: Work, session: SignInSession, step_up_id: str, action: Action) -> int:
    """Counts a try of the present password before it is looked at; gives how many are left.

    Raises `Refused` (409 `step_up_required`), also when none was left.
    """
    tries = await work.session.scalar(
        update(StepUp)
        .where(_confirmed(work, session, step_up_id, action), StepUp.tries < _MOST_TRIES)
        .values(tries=StepUp.tries + 1)
        .returning(StepUp.tries)
        .execution_options(synchronize_session=False)
    )
    _require(tries)
    return _MOST_TRIES - (tries or 0)


async def give_try_back(work: Work, step_up_id: str) -> None:
    """The present password could not be looked at, because its store did not answer."""
    await work.session.execute(
        update(StepUp).where(StepUp.id == step_up_id, StepUp.tries > 0).values(tries=StepUp.tries - 1)
    )


def _confirmed(work: Work, session: SignInSession, step_up_id: str, action: Action) -> ColumnElement[bool]:
    return and_(
        StepUp.id == step_up_id,
        StepUp.session_id == session.id,
        StepUp.action == action,
        StepUp.status == "confirmed",
        StepUp.expires_at > work.now,
    )


def required() -> Refused:
    return Refused(409, "step_up_required", "This operation needs a fresh code to the mobile.")


def _require(found: object) -> None:
    if found is None:
        raise required()


async def _waiting(work: Work, session: SignInSession, step_up_id: str) -> tuple[StepUp, Contact]:
    row = (
        await work.session.execute(
            select(StepUp, Contact)
            .join(Contact, Contact.id == StepUp.contact_id)
            .where(
                StepUp.id == step_up_id,
                StepUp.session_id == session.id,
                StepUp.status == "waiting",
                StepUp.expires_at > work.now,
            )
            .with_for_update(of=StepUp)
        )
    ).one_or_none()
    if row is None:
        raise Refused(404, "step_up_unknown", "The step-up is unknown or over.")
    return row[0], row[1]
