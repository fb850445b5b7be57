"""What the use cases of an account share: finding it, its mobile, its owner's words, telling the owner, ending it."""

from __future__ import annotations

from sqlalchemy import select, update

from areaclienti.domain.contacts import ContactRejected, parse_contact
from areaclienti.domain.passwords import personal_words
from areaclienti.identity import sessions, telling
from areaclienti.identity.db.models import Account, Contact, Customer, SignIn
from areaclienti.identity.ports.accounts.erasing import erase
from areaclienti.identity.ports.references import contact_row, no_contact_row
from areaclienti.identity.ports.registry.contract import CustomerOnFile
from areaclienti.identity.work import Work

_NO_ROW = -1  # no row has this id


def username_key(username: str) -> str:
    """The key of a username in any presentation ("333 123 4567", "+39 3331234567"); of nobody's if it is no contact."""
    try:
        return parse_contact(username).key
    except ContactRejected:
        return f"no contact: {username.casefold()}"


async def mobile_of(work: Work, account: Account | None) -> Contact | None:
    """The mobile on file to send codes to: the one confirmed at first access, else the device contact, else the
    username, else the first. Without an account the same is asked about nobody.
    """
    owner = await _owner(work, account)
    mobiles = [contact for contact in owner.contacts if contact.kind == "mobile"] if owner else []
    if account is None or owner is None or not mobiles:
        await no_contact_row(work)
        return None
    first = min(
        mobiles,
        key=lambda mobile: (
            mobile.key != account.device_key,
            not mobile.is_device,
            mobile.key != account.username_key,
        ),
    )
    return await contact_row(work, owner, first)


async def personal_words_of(work: Work, account: Account) -> frozenset[str]:
    """What the owner's password must not be made of."""
    owner = await _owner(work, account)
    if owner is None:
        return frozenset()
    names = filter(None, (owner.given_name, owner.family_name, owner.company_name))
    return personal_words(names, (contact.value for contact in owner.contacts))


async def tell_owner(work: Work, account: Account, template: str) -> None:
    """Tells the customer what was done to the account, by e-mail, or by SMS where no address is on file."""
    owner = await _owner(work, account)
    if owner is not None:
        await telling.tell_customer(work, owner, template)


async def end_unfinished_sign_ins(work: Work, account: Account) -> None:
    """Who knew the password and waits for a code has to begin again."""
    await work.session.execute(
        update(SignIn).where(SignIn.account_id == account.id, SignIn.status == "waiting").values(expires_at=work.now)
    )


async def deactivate(work: Work, account: Account, reason: str) -> None:
    """Erases hash and username, ends all sessions, tells the owner. The username is free again, and the customer may
    register again from the start; the row stays for the audit, with whose it was.
    """
    await tell_owner(work, account, "account_deactivated")
    await sessions.end_all(work, account)
    await end_unfinished_sign_ins(work, account)
    await work.ports.accounts.deactivate(work, account)
    await erase(work, account.id)
    work.note("account_deactivated", reason, f"account_{account.id}")


async def deactivate_by_operator(work: Work, key: str) -> bool:
    """Deactivates the account whose username has this key; gives whether there is one."""
    account = await work.ports.accounts.of_username(work, key)
    if account is not None:
        await work.session.refresh(account, with_for_update=True)
        await deactivate(work, account, "by_operator")
    return account is not None


async def _owner(work: Work, account: Account | None) -> CustomerOnFile | None:
    """The customer as he is on file now."""
    row = select(Customer).where(Customer.id == (account.customer_id if account else _NO_ROW))
    owner = await work.session.scalar(row)
    return await work.ports.registry.customer(work, owner.code if owner else "")
