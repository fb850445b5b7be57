"""Accounts in a store of the insurer; the rows of ours are references to them, without a password."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from areaclienti.domain.contacts import ContactKind, ContactRejected, parse_contact
from areaclienti.identity.db.models import Account, Contact, Customer, Registration, SignInSession
from areaclienti.identity.ports.accounts.contract import Credential, Standing, Verified
from areaclienti.identity.ports.accounts.erasing import erase
from areaclienti.identity.ports.accounts.wire import (
    ByUsernameAsked,
    CreateAsked,
    CreateBody,
    DeactivateAsked,
    DeactivateBody,
    HolderBody,
    PasswordAsked,
    PasswordBody,
    StandingAsked,
    StandingBody,
    VerifyAsked,
    VerifyBody,
)
from areaclienti.identity.ports.back_end import BackEnd
from areaclienti.identity.ports.references import customer_row
from areaclienti.identity.ports.wire import ContactBody, contact_key

if TYPE_CHECKING:
    from areaclienti.identity.work import Work

_ELSEWHERE = "elsewhere"  # in place of a hash: no password is right for it


class HttpAccounts:
    """`Accounts` over HTTP."""

    def __init__(self, back_end: BackEnd) -> None:
        self._back_end = back_end

    async def standing(self, work: Work, code: str, contacts: Collection[tuple[ContactKind, str]]) -> Standing:
        usernames = [ContactBody(kind=kind, value=key) for kind, key in sorted(contacts)]
        asked = StandingAsked(customer=code or None, usernames=usernames)
        keys = frozenset(key for _, key in contacts)
        standing = await self._back_end.ask_within(work, "/v1/accounts/standing", asked, StandingBody, _standing)
        return Standing(standing.has_account, standing.taken & keys)

    async def create(
        self, work: Work, registration: Registration, customer_code: str, contact: Contact
    ) -> Account | None:
        asked = CreateAsked(
            request=registration.id,
            customer=customer_code,
            username=ContactBody.model_validate(contact),
            password_hash=registration.password_hash or "",
        )
        outcome = await self._back_end.ask_within(work, "/v1/accounts/create", asked, CreateBody, _created)
        if outcome != "created":
            return None
        account = await _row(work, contact.customer_id, contact.kind, contact.value, contact.key)
        account.registration_id, account.acknowledgement_id = registration.id, registration.acknowledgement_id
        account.created_at, account.first_access_at, account.device_key = work.now, None, None
        return account

    async def of_username(self, work: Work, username_key: str) -> Account | None:
        asked = ByUsernameAsked(username=username_key)
        code = await self._back_end.ask_within(work, "/v1/accounts/by-username", asked, HolderBody, _holder)
        return await _account_of(work, code or "", username_key)

    async def find(self, work: Work, username_key: str) -> Credential:
        return Credential(username_key)

    async def verify(self, credential: Credential, password: str) -> Verified | None:
        asked = VerifyAsked(username=credential.username_key, password=password)
        body = asked.model_dump_json()
        code = await self._back_end.ask("/v1/accounts/verify", body, VerifyBody, _verified)
        return Verified(credential, code) if code else None

    async def enter(self, work: Work, verified: Verified) -> Account | None:
        return await _account_of(work, verified.customer_code or "", verified.credential.username_key)

    async def set_password(self, work: Work, account: Account, password_hash: str) -> None:
        asked = PasswordAsked(customer=await _code_of(work, account), password_hash=password_hash)
        await self._back_end.ask_within(work, "/v1/accounts/password", asked, PasswordBody, _changed)

    async def deactivate(self, work: Work, account: Account) -> None:
        asked = DeactivateAsked(customer=await _code_of(work, account))
        await self._back_end.ask_within(work, "/v1/accounts/deactivate", asked, DeactivateBody, _deactivated)


async def _account_of(work: Work, code: str, username_key: str) -> Account | None:
    """Our row of an account that the store knows; made, if it was made elsewhere. The registry is asked in any case."""
    customer = await work.ports.registry.customer(work, code)
    try:
        username = parse_contact(username_key)
    except ContactRejected:
        return None  # made elsewhere, with a username that is none here
    if customer is None:
        return None
    owner = await customer_row(work, customer)
    return await _row(work, owner.id, username.kind, username.value, username.key)


async def _row(work: Work, customer_id: int, kind: str, username: str, key: str) -> Account:
    """Our row of the customer's account, locked; made, or brought to the username that the store knows."""
    await work.database.serialise(work.session, "account", str(customer_id))
    await work.database.serialise(work.session, "account", key)
    await _retire_others(work, customer_id, key)
    account = await work.session.scalar(select(Account).where(Account.customer_id == customer_id).with_for_update())
    if account is None:
        account = Account(customer_id=customer_id, password_hash=_ELSEWHERE, created_at=work.now)
        work.session.add(account)
    account.username_kind, account.username, account.username_key = kind, username, key
    await work.session.flush()
    return account


async def _retire_others(work: Work, customer_id: int, key: str) -> None:
    """Another customer had the username until the store gave it away: his row must not stand in the way."""
    stale = await work.session.scalar(
        select(Account.id).where(Account.username_key == key, Account.customer_id != customer_id)
    )
    if stale is None:
        return
    await work.session.execute(delete(SignInSession).where(SignInSession.account_id == stale))
    await erase(work, stale)
    work.note("account_deactivated", "username_given_away", f"account_{stale}")


async def _code_of(work: Work, account: Account) -> str:
    return (await work.session.get_one(Customer, account.customer_id)).code


def _holder(body: HolderBody) -> str | None:
    return body.customer


def _standing(body: StandingBody) -> Standing:
    return Standing(body.has_account, frozenset(map(contact_key, body.taken)))


def _created(body: CreateBody) -> str:
    return body.outcome


def _verified(body: VerifyBody) -> str | None:
    return body.customer


def _changed(body: PasswordBody) -> str:
    return body.outcome


def _deactivated(body: DeactivateBody) -> str:
    return body.outcome
