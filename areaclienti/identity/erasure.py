"""Erases what identity keeps about one person, beside the registry, the audit and what the law wants kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, and_, delete, false, or_, select, update

from areaclienti.identity import owners, retention, throttle
from areaclienti.identity.db.models import (
    Account,
    Base,
    Challenge,
    ClientAddress,
    IdempotencyRecord,
    LimitEvent,
    MailboxMessage,
    NewContact,
    OutboxMessage,
    PasswordReset,
    ProviderMessage,
    Registration,
    SignIn,
    SignInSession,
    StepUp,
    Throttle,
    UseOfContact,
    VaultEntry,
)
from areaclienti.identity.new_contacts import contact_hmac
from areaclienti.identity.password_resets import username_hmac_of
from areaclienti.identity.person import Person, Rows, is_use_of, limit_keys
from areaclienti.identity.ports.accounts.erasing import erase as erase_account
from areaclienti.identity.work import Work

_AT_ONCE = 500


@dataclass(frozen=True)
class Erasure:
    """`rows`: how many were erased, by table. `accounts_kept`: accounts that stay, with their usernames.

    `under_way`: messages that are being sent at this moment, which can't be called back: the same again, a little
    later, erases them too.
    """

    rows: Counter[str]
    accounts_kept: int
    accounts_deactivated: int
    under_way: int


async def erase(work: Work, person: Person, rows: Rows, *, with_account: bool, receipt_id: str) -> Erasure:
    """Erases what refers to the person or his conversations, all in this transaction; the same again finds nothing.

    With the account its username, password hash and first access go and its sessions end; the owner is not told, as a
    message would hold what is being erased. Without it, it stays, signed out. Raises `BackEndUnavailable`.
    """
    eraser = _Eraser(work)
    under_way = await _erase_messages(eraser, person, rows)
    await _erase_ways_in(eraser, person, rows)
    deactivated = await _end_accounts(work, rows) if with_account else 0
    await _erase_registrations(eraser, rows)
    await _erase_new_contacts(eraser, person, rows)
    await _erase_counts(eraser, person, rows)
    await _erase_uses(eraser, person)
    if work.settings.registry_url is not None:
        await work.session.flush()
        await retention.forget_copies(work)
    kept = await work.session.scalars(
        select(Account.id).where(Account.id.in_(rows.accounts), Account.deactivated_at.is_(None))
    )
    reason = "with_account" if with_account else "without_account"
    work.note("personal_data_erased", reason, receipt_id)
    return Erasure(+eraser.counts, len(kept.all()), deactivated, under_way)


class _Eraser:
    """Deletes rows and counts them."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.counts: Counter[str] = Counter()

    async def delete(self, table: type[Base], *where: ColumnElement[bool]) -> None:
        statement = delete(table).where(*where).execution_options(synchronize_session=False)
        result = cast(CursorResult[Any], await self.work.session.execute(statement))
        self.counts[table.__tablename__] += result.rowcount

    async def delete_in(self, table: type[Base], column: Any, values: Sequence[object]) -> None:
        """A few at a time: databases take only so many parameters."""
        for start in range(0, len(values), _AT_ONCE):
            await self.delete(table, column.in_(values[start : start + _AT_ONCE]))


async def _erase_messages(eraser: _Eraser, person: Person, rows: Rows) -> int:
    """Codes and messages to the person's contacts, and what providers said of them; gives how many are being sent."""
    session, now = eraser.work.session, eraser.work.now
    limits_of_codes = limit_keys(eraser.work, person, rows)
    is_his_code = or_(
        Challenge.contact_id.in_(rows.contacts),
        Challenge.contact_hmac.in_(limits_of_codes),
        Challenge.session_id.in_(rows.registrations),
    )
    codes = (await session.scalars(select(Challenge.id).where(is_his_code))).all()
    values = [contact.value for contact in person.contacts]
    received = (
        await session.scalars(select(MailboxMessage.outbox_id).where(MailboxMessage.recipient.in_(values)))
    ).all()
    is_his = or_(
        OutboxMessage.destination.in_(values) if values else false(),
        OutboxMessage.challenge_id.in_(codes),
        OutboxMessage.id.in_(received),
    )
    is_claimed = and_(OutboxMessage.status == "claimed", OutboxMessage.due_at > now)
    messages = (
        await session.execute(select(OutboxMessage.id, OutboxMessage.challenge_id, is_claimed).where(is_his))
    ).all()
    busy_codes = {challenge for _, challenge, is_busy in messages if is_busy}
    free = [message for message, _, is_busy in messages if not is_busy]
    await eraser.delete_in(MailboxMessage, MailboxMessage.outbox_id, free)
    await eraser.delete_in(ProviderMessage, ProviderMessage.outbox_id, free)
    await eraser.delete_in(OutboxMessage, OutboxMessage.id, free)
    await eraser.delete_in(Challenge, Challenge.id, [code for code in codes if code not in busy_codes])
    return len(messages) - len(free)


async def _erase_ways_in(eraser: _Eraser, person: Person, rows: Rows) -> None:
    """Sessions, sign-ins, step-ups, password resets; secrets in the vault, answers that were kept, addresses."""
    work, conversations = eraser.work, sorted(rows.conversations)
    sessions = (
        await work.session.scalars(select(SignInSession.id).where(SignInSession.account_id.in_(rows.accounts)))
    ).all()
    sign_ins = (await work.session.scalars(select(SignIn.id).where(SignIn.account_id.in_(rows.accounts)))).all()
    await eraser.delete_in(StepUp, StepUp.session_id, sessions)
    await eraser.delete_in(SignInSession, SignInSession.id, sessions)
    await eraser.delete_in(SignIn, SignIn.id, sign_ins)
    asked = [username_hmac_of(work, key) for key in sorted(person.keys)]
    await eraser.delete(
        PasswordReset, or_(PasswordReset.username_hmac.in_(asked), PasswordReset.account_id.in_(rows.accounts))
    )
    await eraser.delete_in(VaultEntry, VaultEntry.conversation_id, conversations)
    await eraser.delete_in(IdempotencyRecord, IdempotencyRecord.conversation_id, conversations)
    await eraser.delete_in(ClientAddress, ClientAddress.session_id, [*conversations, *sign_ins])


async def _end_accounts(work: Work, rows: Rows) -> int:
    """Gives how many accounts ended. That one was there, and whose, stays, for claims that may come of it."""
    accounts = await work.session.scalars(
        select(Account).where(Account.id.in_(rows.accounts), Account.deactivated_at.is_(None)).with_for_update()
    )
    ended = 0
    for account in accounts:
        await work.ports.accounts.deactivate(work, account)
        await erase_account(work, account.id)
        work.note("account_deactivated", "personal_data_erased", f"account_{account.id}")
        ended += 1
    return ended


async def _erase_registrations(eraser: _Eraser, rows: Rows) -> None:
    """All but those that an account came of which stays: of these there is nothing left but ids and times."""
    session = eraser.work.session
    await session.execute(
        update(Account)
        .where(Account.registration_id.in_(rows.registrations), Account.deactivated_at.is_not(None))
        .values(registration_id=None)
        .execution_options(synchronize_session=False)
    )
    bound = (
        await session.scalars(select(Account.registration_id).where(Account.registration_id.in_(rows.registrations)))
    ).all()
    await eraser.delete_in(Registration, Registration.id, [one for one in rows.registrations if one not in bound])


async def _erase_new_contacts(eraser: _Eraser, person: Person, rows: Rows) -> None:
    """Requests for a new contact, and the contact itself unless an account that stays refers to it."""
    await eraser.delete_in(NewContact, NewContact.conversation_id, sorted(rows.conversations))
    his = [contact_hmac(eraser.work, key) for key in sorted(person.keys)]
    await eraser.delete_in(NewContact, NewContact.contact_hmac, his)
    if person.customer is not None:
        await eraser.delete(NewContact, NewContact.customer_code == person.customer.code)
    await eraser.work.session.flush()
    await retention.forget_new_contacts(eraser.work)


async def _erase_counts(eraser: _Eraser, person: Person, rows: Rows) -> None:
    """What limits counted of him. Failures that are counted by a username together with an address can't be found
    again; they end by themselves.
    """
    work = eraser.work
    await eraser.delete_in(LimitEvent, LimitEvent.key_hmac, limit_keys(work, person, rows))
    keys = [throttle.key_of_username(work, key) for key in sorted(person.keys)]
    await eraser.delete_in(Throttle, Throttle.key_hmac, keys)


async def _erase_uses(eraser: _Eraser, person: Person) -> None:
    """That the contacts were typed in a registration, where it was not looked at yet."""
    waiting = await eraser.work.session.execute(select(UseOfContact.id, UseOfContact.sealed))
    his = [one for one, sealed in waiting if is_use_of(eraser.work, sealed, owners.SEALED, person)]
    await eraser.delete_in(UseOfContact, UseOfContact.id, his)
