"""Ends customers' sessions for the operator: one account's, or everybody's (ASVS 7.4.5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from areaclienti.domain.contacts import parse_contact
from areaclienti.identity import audit
from areaclienti.identity.audit import Event
from areaclienti.identity.db.engine import Database
from areaclienti.identity.db.models import Account, SignIn, SignInSession


class NoSuchAccount(Exception):
    """Nobody's username."""


@dataclass(frozen=True)
class Ended:
    """How many sessions were ended, and how many sign-ins that waited for their code."""

    sessions: int
    sign_ins: int


async def end_sessions(database: Database, now: datetime, username: str | None) -> Ended:
    """Ends the sessions of the account with this username (in any presentation), or of all with None, in one
    transaction with its audit rows. Effective at the next request; a sign-in that waits for its code begins again.

    Raises `ContactRejected` when the text is no contact, `NoSuchAccount`.
    """
    key = None if username is None else parse_contact(username).key
    async with database.write() as session:
        ended = delete(SignInSession).returning(SignInSession.account_id)
        waiting = update(SignIn).where(SignIn.status == "waiting", SignIn.expires_at > now).values(expires_at=now)
        if key is not None:
            account_id = await session.scalar(select(Account.id).where(Account.username_key == key))
            if account_id is None:
                raise NoSuchAccount
            ended = ended.where(SignInSession.account_id == account_id)
            waiting = waiting.where(SignIn.account_id == account_id)
        as_is = {"synchronize_session": False}
        of_accounts = (await session.scalars(ended, execution_options=as_is)).all()
        sign_ins = (await session.scalars(waiting.returning(SignIn.id), execution_options=as_is)).all()
        events = [Event("sessions_ended", "by_operator", f"account_{found}") for found in sorted(set(of_accounts))]
        await audit.append(database, session, events, now)
    return Ended(len(of_accounts), len(sign_ins))
