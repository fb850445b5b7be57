"""Signed-in sessions: a random token that changes with every privilege, short inactivity, an absolute end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.orm import joinedload

from areaclienti.crypto import new_id, new_token, sha256_hex
from areaclienti.identity.db.models import Account, SignInSession
from areaclienti.identity.errors import Refused
from areaclienti.identity.work import Work


@dataclass(frozen=True)
class Device:
    """What the customer knows his device by, as families ("Chrome", "Windows"); None where it is not known."""

    browser: str | None = None
    system: str | None = None


@dataclass(frozen=True)
class Opened:
    """`token` is given once and not stored; `expires_at` is the absolute end (RTS 2018/389 art. 4; ASVS 7.3)."""

    token: str
    expires_at: datetime


async def open_session(work: Work, account: Account, device: Device) -> Opened:
    """A new session. Of more than the settings allow, those unused for longest end (ASVS 7.1.2)."""
    await work.database.serialise(work.session, "sessions", str(account.id))
    await _make_room(work, account)
    token = new_token()
    expires_at = work.now + timedelta(seconds=work.settings.session_life_seconds)
    work.session.add(
        SignInSession(
            id=new_id("ses"),
            token_sha256=sha256_hex(token),
            account_id=account.id,
            browser=device.browser,
            system=device.system,
            created_at=work.now,
            last_seen_at=work.now,
            expires_at=expires_at,
        )
    )
    work.note("session_opened", subject=f"account_{account.id}")
    return Opened(token, expires_at)


async def _make_room(work: Work, account: Account) -> None:
    newest = (
        select(SignInSession.id)
        .where(SignInSession.account_id == account.id)
        .order_by(SignInSession.last_seen_at.desc(), SignInSession.created_at.desc(), SignInSession.id)
        .limit(work.settings.sessions_per_account - 1)
    )
    ended = await work.session.scalars(
        delete(SignInSession)
        .where(SignInSession.account_id == account.id, SignInSession.id.not_in(newest))
        .returning(SignInSession.id)
        .execution_options(synchronize_session=False)
    )
    if ended.all():
        work.note("sessions_ended", "too_many", f"account_{account.id}")


async def live(work: Work, token: str | None) -> SignInSession:
    """The session of a token, with its account; counts as activity. Raises `Refused` (401 `session_invalid`)."""
    found = await work.session.scalar(
        update(SignInSession)
        .where(SignInSession.token_sha256 == sha256_hex(token or ""), _is_live(work))
        .values(last_seen_at=work.now)
        .returning(SignInSession.id)
        .execution_options(synchronize_session=False)
    )
    if found is None:
        raise Refused(401, "session_invalid", "The session is unknown or over.")
    account = joinedload(SignInSession.account)
    return (await work.session.scalars(select(SignInSession).where(SignInSession.id == found).options(account))).one()


async def use(work: Work, token: str | None) -> Account:
    """The account of a live session, with its customer; counts as activity.

    Raises `Refused` (401 `session_invalid`).
    """
    account_id = (await live(work, token)).account_id
    found = select(Account).where(Account.id == account_id).options(joinedload(Account.customer))
    return (await work.session.scalars(found.execution_options(populate_existing=True))).one()


async def rotate(work: Work, session: SignInSession) -> Opened:
    """Another token for the same session: the one before is worth nothing from here on (ASVS 7.2.4)."""
    token = new_token()
    session.token_sha256 = sha256_hex(token)
    await work.session.flush()
    work.note("session_rotated", subject=f"account_{session.account_id}")
    return Opened(token, session.expires_at)


async def all_of(work: Work, account_id: int) -> Sequence[SignInSession]:
    """The live sessions of an account, the one last used first."""
    return (
        await work.session.scalars(
            select(SignInSession)
            .where(SignInSession.account_id == account_id, _is_live(work))
            .order_by(SignInSession.last_seen_at.desc(), SignInSession.created_at.desc(), SignInSession.id)
        )
    ).all()


async def end_others(work: Work, session: SignInSession) -> None:
    """Ends the account's other sessions, from their next request on."""
    await work.session.execute(
        delete(SignInSession)
        .where(SignInSession.account_id == session.account_id, SignInSession.id != session.id)
        .execution_options(synchronize_session=False)
    )
    work.note("sessions_ended", "others", f"account_{session.account_id}")


async def end_all(work: Work, account: Account) -> None:
    await work.session.execute(
        delete(SignInSession).where(SignInSession.account_id == account.id).execution_options(synchronize_session=False)
    )
    work.note("sessions_ended", "all", f"account_{account.id}")


async def close(work: Work, token: str) -> None:
    """Ends the session if there is one."""
    account_id = await work.session.scalar(
        delete(SignInSession).where(SignInSession.token_sha256 == sha256_hex(token)).returning(SignInSession.account_id)
    )
    if account_id is not None:
        work.note("session_closed", subject=f"account_{account_id}")


def _is_live(work: Work) -> ColumnElement[bool]:
    idle_since = work.now - timedelta(seconds=work.settings.session_idle_seconds)
    return and_(SignInSession.last_seen_at > idle_since, SignInSession.expires_at > work.now)
