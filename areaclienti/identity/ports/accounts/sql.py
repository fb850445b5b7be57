"""Accounts in identity's own tables, with argon2id hashes: the default."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select, union

from areaclienti.domain.contacts import ContactKind
from areaclienti.identity.db.engine import insert_if_absent
from areaclienti.identity.db.models import Account, Contact, Customer, Registration
from areaclienti.identity.ports.accounts.contract import Credential, Standing, Verified
from areaclienti.password_hashes import Passwords

if TYPE_CHECKING:
    from areaclienti.identity.work import Work

_ACCOUNT = select(Account.username_key, Customer.code).join(Account.customer)
# A union, so that each half is found by its own index.
_STANDING = union(
    _ACCOUNT.where(Customer.code == bindparam("code")),
    _ACCOUNT.where(Account.username_key.in_(bindparam("keys", expanding=True))),
)


class SqlAccounts:
    """`Accounts` within the use case's own transaction."""

    def __init__(self, passwords: Passwords) -> None:
        self._passwords = passwords

    async def standing(self, work: Work, code: str, contacts: Collection[tuple[ContactKind, str]]) -> Standing:
        keys = {key for _, key in contacts}
        held = (await work.session.execute(_STANDING, {"code": code, "keys": list(keys)})).all()
        taken = frozenset(username_key for username_key, _ in held if username_key in keys)
        return Standing(any(holder == code for _, holder in held), taken)

    async def create(
        self, work: Work, registration: Registration, customer_code: str, contact: Contact
    ) -> Account | None:
        # The UNIQUE constraints decide between two that come together: a customer, a username, a registration.
        is_mine = await insert_if_absent(
            work.session,
            Account,
            customer_id=contact.customer_id,
            username_kind=contact.kind,
            username=contact.value,
            username_key=contact.key,
            password_hash=registration.password_hash,
            registration_id=registration.id,
            acknowledgement_id=registration.acknowledgement_id,
            created_at=work.now,
        )
        if not is_mine:
            return None
        return (await work.session.scalars(select(Account).where(Account.registration_id == registration.id))).one()

    async def of_username(self, work: Work, username_key: str) -> Account | None:
        return await work.session.scalar(select(Account).where(Account.username_key == username_key))

    async def find(self, work: Work, username_key: str) -> Credential:
        stored = select(Account.password_hash).where(Account.username_key == username_key)
        return Credential(username_key, await work.session.scalar(stored))

    async def verify(self, credential: Credential, password: str) -> Verified | None:
        stored = credential.password_hash
        if not await self._passwords.verify(stored, password):
            return None
        is_outdated = stored is not None and self._passwords.is_outdated(stored)
        renewed = await self._passwords.hash(password) if is_outdated else None
        return Verified(credential, renewed_hash=renewed)

    async def enter(self, work: Work, verified: Verified) -> Account | None:
        seen = verified.credential
        account = await work.session.scalar(
            select(Account).where(Account.username_key == seen.username_key).with_for_update()
        )
        if account is None or account.password_hash != seen.password_hash:
            return None
        if verified.renewed_hash is not None:
            account.password_hash = verified.renewed_hash
        return account

    async def set_password(self, work: Work, account: Account, password_hash: str) -> None:
        account.password_hash = password_hash

    async def deactivate(self, work: Work, account: Account) -> None:
        """The row is all there is: who ends an account erases it there."""
