"""What identity asks of a store of accounts, whoever holds it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from areaclienti.domain.contacts import ContactKind
from areaclienti.identity.db.models import Account, Contact, Registration

if TYPE_CHECKING:
    from areaclienti.identity.work import Work


@dataclass(frozen=True)
class Standing:
    """Whether the customer has an account, and which of the contacts asked about are somebody's username, by key."""

    has_account: bool
    taken: frozenset[str]


@dataclass(frozen=True)
class Credential:
    """What is known of a username before its password is looked at. With a store elsewhere that is nothing."""

    username_key: str
    password_hash: str | None = None


@dataclass(frozen=True)
class Verified:
    """The password was right: for the `credential`, or, in a store elsewhere, for the customer of that number.

    `renewed_hash`: it is to be kept under today's parameters.
    """

    credential: Credential
    customer_code: str | None = None
    renewed_hash: str | None = None


class Accounts(Protocol):
    """One account a customer, one a username: the store decides between two that come together.

    Whoever keeps the passwords, there is a row of ours for each account that was made or signed in to here: sessions
    and codes refer to it. A password is handed over as an argon2id hash (PHC string) when it is made, and in the clear
    only to be verified, as the customer types it. Every method may raise `BackEndUnavailable`.
    """

    async def standing(self, work: Work, code: str, contacts: Collection[tuple[ContactKind, str]]) -> Standing:
        """Of the customer of that number ("" for nobody) and of the contacts, by kind and key.

        The same work whatever the answer: who measures the time must not learn who has an account.
        """
        ...

    async def create(
        self, work: Work, registration: Registration, customer_code: str, contact: Contact
    ) -> Account | None:
        """Makes the account of a registration whose code was right, with the registration's password hash.

        None when the customer or the username has one already. For the same registration again it gives the same.
        """
        ...

    async def of_username(self, work: Work, username_key: str) -> Account | None:
        """The account of that username, whose password was not given. The same work when it is nobody's."""
        ...

    async def find(self, work: Work, username_key: str) -> Credential:
        """Before the password is looked at, in the transaction that counts the attempt."""
        ...

    async def verify(self, credential: Credential, password: str) -> Verified | None:
        """Whether it is the right password, outside any transaction: it takes long. As long for nobody's username."""
        ...

    async def enter(self, work: Work, verified: Verified) -> Account | None:
        """The account that was verified, locked; None if it is gone or has got another password since."""
        ...

    async def set_password(self, work: Work, account: Account, password_hash: str) -> None:
        """Replaces the password. The same again changes nothing."""
        ...

    async def deactivate(self, work: Work, account: Account) -> None:
        """Ends the account where the passwords are kept; one that is gone already is no error."""
        ...
