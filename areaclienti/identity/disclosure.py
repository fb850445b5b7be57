"""Collects what identity keeps about one person, as it may be handed to him: without hashes and digests."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, select

from areaclienti.identity.db.models import (
    Account,
    Acknowledgement,
    AuditEvent,
    Base,
    Challenge,
    MailboxMessage,
    NewContact,
    OutboxMessage,
    PasswordReset,
    Registration,
    SignIn,
    SignInSession,
    StepUp,
)
from areaclienti.identity.password_resets import username_hmac_of
from areaclienti.identity.person import Person, Rows, claims_of
from areaclienti.identity.work import Work

_NOT_SHOWN = ("sealed", "hmac", "sha256", "password_hash", "username_key")  # nobody can read anything in these


async def collect(work: Work, person: Person, rows: Rows) -> dict[str, list[dict[str, Any]]]:
    """Rows by the name of their table, oldest first."""
    session, conversations = work.session, sorted(rows.conversations)
    values = [contact.value for contact in person.contacts]
    asked = [username_hmac_of(work, key) for key in person.keys]
    registrations = (await session.scalars(select(Registration).where(Registration.id.in_(rows.registrations)))).all()
    acknowledged = (
        await session.scalars(
            select(Acknowledgement).where(
                or_(
                    Acknowledgement.conversation_id.in_(conversations),
                    Acknowledgement.id.in_(select(Account.acknowledgement_id).where(Account.id.in_(rows.accounts))),
                )
            )
        )
    ).all()
    codes = (
        await session.scalars(
            select(Challenge).where(
                or_(Challenge.contact_id.in_(rows.contacts), Challenge.session_id.in_(rows.registrations))
            )
        )
    ).all()
    sign_ins = (await session.scalars(select(SignIn).where(SignIn.account_id.in_(rows.accounts)))).all()
    sessions = (await session.scalars(select(SignInSession).where(SignInSession.account_id.in_(rows.accounts)))).all()
    subjects = [*rows.registrations, *(one.id for one in sign_ins), *(f"account_{one}" for one in rows.accounts)]
    found: dict[type[Base], list[Any]] = {
        Registration: list(registrations),
        Acknowledgement: list(acknowledged),
        Account: list(await session.scalars(select(Account).where(Account.id.in_(rows.accounts)))),
        SignIn: list(sign_ins),
        SignInSession: list(sessions),
        StepUp: list(await session.scalars(select(StepUp).where(StepUp.session_id.in_([one.id for one in sessions])))),
        PasswordReset: list(
            await session.scalars(
                select(PasswordReset).where(
                    or_(PasswordReset.account_id.in_(rows.accounts), PasswordReset.username_hmac.in_(asked))
                )
            )
        ),
        Challenge: list(codes),
        OutboxMessage: list(
            await session.scalars(
                select(OutboxMessage).where(
                    or_(
                        OutboxMessage.destination.in_(values),
                        OutboxMessage.challenge_id.in_([code.id for code in codes]),
                    )
                )
            )
        ),
        NewContact: list(
            await session.scalars(select(NewContact).where(NewContact.conversation_id.in_(conversations)))
        ),
        MailboxMessage: list(await session.scalars(select(MailboxMessage).where(MailboxMessage.recipient.in_(values)))),
        AuditEvent: list(
            await session.scalars(
                select(AuditEvent)
                .where(or_(AuditEvent.conversation_id.in_(conversations), AuditEvent.subject.in_(subjects)))
                .order_by(AuditEvent.id)
            )
        ),
    }
    shown = {table.__tablename__: [_shown(row) for row in those] for table, those in found.items()}
    for row, registration in zip(shown[Registration.__tablename__], registrations, strict=True):
        row["typed"] = _typed(work, registration)
    return shown


def _typed(work: Work, registration: Registration) -> dict[str, Any] | None:
    """Name and contact as they were typed, while the registration is open."""
    claims = claims_of(work, registration)
    if claims is None:
        return None
    return {
        "customer_type": claims.customer_type,
        "given_name": claims.person.given if claims.person else None,
        "family_name": claims.person.family if claims.person else None,
        "company_name": claims.company,
        "contact": claims.contact.value,
    }


def _shown(row: Base) -> dict[str, Any]:
    return {
        column.name: _plain(getattr(row, column.key))
        for column in row.__table__.columns
        if not column.name.endswith(_NOT_SHOWN)
    }


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime | date) else value
