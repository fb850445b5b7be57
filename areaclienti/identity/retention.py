"""Ends what identity keeps of registrations, codes and messages after they are over (docs/privacy.md)."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Delete, Update, delete, exists, select, update

from areaclienti.identity.db.models import (
    Account,
    Challenge,
    Contact,
    Customer,
    MailboxMessage,
    NewContact,
    OutboxMessage,
    PasswordReset,
    Policy,
    ProviderMessage,
    Registration,
    SignIn,
    StepUp,
)
from areaclienti.identity.work import Work

_UNFINISHED_KEPT = timedelta(hours=24)
_AT_ONCE = 500  # of each in a sweep, so that nobody waits for long


async def end_what_is_over(work: Work) -> None:
    """Deletes unfinished registrations after a day; codes, messages and what became of them after
    `messages_kept_days`, as requests for new contacts; and, with a registry elsewhere, our copies of customers to whom
    nothing refers any more.

    A finished registration stays as long as the account that came of it.
    """
    await _end_registrations(work)
    await _end_messages(work)
    await _end_new_contacts(work)
    if work.settings.registry_url is not None:
        await forget_copies(work)


_NOTHING_REFERS_TO_CONTACT = (
    ~exists().where(Challenge.contact_id == Contact.id),
    ~exists().where(SignIn.contact_id == Contact.id),
    ~exists().where(StepUp.contact_id == Contact.id),
    ~exists().where(PasswordReset.contact_id == Contact.id),
    ~exists().where(Registration.matched_contact_id == Contact.id),
    ~exists().where(Account.customer_id == Contact.customer_id),
)


async def forget_new_contacts(work: Work) -> None:
    """Deletes contacts that were never on file and to which nothing refers any more."""
    await _do(work, delete(Contact).where(~Contact.is_on_file, *_NOTHING_REFERS_TO_CONTACT))


async def forget_copies(work: Work) -> None:
    """Deletes our copies of customers and contacts of a registry elsewhere to which nothing refers any more."""
    for statement in (
        delete(Contact).where(*_NOTHING_REFERS_TO_CONTACT),
        delete(Customer).where(
            ~exists().where(Contact.customer_id == Customer.id),
            ~exists().where(Policy.customer_id == Customer.id),
            ~exists().where(Registration.identified_customer_id == Customer.id),
            ~exists().where(Account.customer_id == Customer.id),
            ~exists().where(Account.former_customer_id == Customer.id),
        ),
    ):
        await _do(work, statement)


async def _end_registrations(work: Work) -> None:
    life = timedelta(seconds=work.settings.registration_life_seconds)
    await _do(
        work,
        delete(Registration).where(
            Registration.status == "expired",
            Registration.expires_at <= work.now - max(timedelta(), _UNFINISHED_KEPT - life),
        ),
    )


async def _end_messages(work: Work) -> None:
    oldest_kept = work.now - timedelta(days=work.settings.messages_kept_days)
    over = (
        select(OutboxMessage.id)
        .where(OutboxMessage.created_at <= oldest_kept, OutboxMessage.status.in_(("sent", "dropped")))
        .order_by(OutboxMessage.created_at)
        .limit(_AT_ONCE)
    )
    ids = (await work.session.scalars(over)).all()
    if ids:
        await _do(work, delete(MailboxMessage).where(MailboxMessage.outbox_id.in_(ids)))
        await _do(work, delete(ProviderMessage).where(ProviderMessage.outbox_id.in_(ids)))
        await _do(work, delete(OutboxMessage).where(OutboxMessage.id.in_(ids)))
    unsent = exists().where(OutboxMessage.challenge_id == Challenge.id)
    await _do(work, delete(Challenge).where(Challenge.expires_at <= oldest_kept, ~unsent))


async def _end_new_contacts(work: Work) -> None:
    """Forgets the contact of a request that nobody decided in time, or whose registration is over."""
    is_open = exists().where(Registration.id == NewContact.registration_id, Registration.status == "open")
    over = {"state": "expired", "sealed": None}
    await _do(
        work, update(NewContact).where(NewContact.state == "requested", NewContact.expires_at <= work.now).values(over)
    )
    await _do(work, update(NewContact).where(NewContact.state == "confirmed", ~is_open).values(over))
    oldest_kept = work.now - timedelta(days=work.settings.messages_kept_days)
    is_over = (NewContact.state.not_in(("requested", "confirmed")), NewContact.take_over_due_at.is_(None))
    await _do(work, delete(NewContact).where(NewContact.requested_at <= oldest_kept, *is_over))
    await forget_new_contacts(work)


async def _do(work: Work, statement: Delete | Update) -> None:
    await work.session.execute(statement.execution_options(synchronize_session=False))
