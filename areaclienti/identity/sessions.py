"""Signed-in sessions: a random token, short inactivity, an absolute end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import joinedload

from areaclienti.identity.crypto import new_token, sha256_hex
from areaclienti.identity.db.models import Account, SignInSession
from areaclienti.identity.errors import Refused
from areaclienti.identity.work import Work


@dataclass(frozen=True)
class Opened:
    """`token` is given once and not stored; `expires_at` is the absolute end (RTS 2018/389 art. 4; ASVS 7.3)."""

    token: str
    expires_at: datetime


async def open_session(work: Work, account: Account) -> Opened:
    token = new_token()
    expires_at = work.now + timedelta(seconds=work.settings.session_life_seconds)
    work.session.add(
        SignInSession(
            token_sha256=sha256_hex(token),
            account_id=account.id,
            created_at=work.now,
            last_seen_at=work.now,
            expires_at=expires_at,
        )
    )
    work.note("session_opened", subject=f"account_{account.id}")
    return Opened(token, expires_at)


async def use(work: Work, token: str) -> Account:
    """The account of a live session, with its customer; counts as activity.

    Raises `Refused` (401 `session_invalid`).
    """
    idle_since = work.now - timedelta(seconds=work.settings.session_idle_seconds)
    account_id = await work.session.scalar(
        update(SignInSession)
        .where(
            SignInSession.token_sha256 == sha256_hex(token),
            SignInSession.last_seen_at > idle_since,
            SignInSession.expires_at > work.now,
        )
        .values(last_seen_at=work.now)
        .returning(SignInSession.account_id)
        .execution_options(synchronize_session=False)
    )
    if account_id is None:
        raise Refused(401, "session_invalid", "The session is unknown or over.")
    found = select(Account).where(Account.id == account_id).options(joinedload(Account.customer))
    return (await work.session.scalars(found)).one()


async def close(work: Work, token: str) -> None:
    """Ends the session if there is one."""
    account_id = await work.session.scalar(
        delete(SignInSession).where(SignInSession.token_sha256 == sha256_hex(token)).returning(SignInSession.account_id)
    )
    if account_id is not None:
        work.note("session_closed", subject=f"account_{account_id}")
