"""The account store as an insurer runs it."""

from __future__ import annotations

from typing import Literal, cast

from fastapi import APIRouter
from sqlalchemy import Select, delete, select, update

from areaclienti.crypto import sha256_hex
from areaclienti.identity.db.engine import insert_if_absent
from areaclienti.identity.db.models import Account, Customer, IdempotencyRecord
from areaclienti.identity.errors import Refused
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
from areaclienti.identity.ports.standin.customers import customer_id
from areaclienti.identity.ports.wire import RefusalBody, contact_key
from areaclienti.identity.services import Services
from areaclienti.identity.work import Work

Created = Literal["created", "customer_has_account", "username_taken"]


def router(services: Services) -> APIRouter:
    routes = APIRouter(prefix="/v1/accounts", tags=["accounts"])

    @routes.post("/standing", operation_id="accountStanding")
    async def standing(asked: StandingAsked) -> StandingBody:
        """Whether the customer has an account, and which of the contacts are usernames."""
        by_key = {contact_key(contact): contact for contact in asked.usernames}
        keys = [(contact.kind, key) for key, contact in by_key.items()]
        found = await services.do(lambda work: work.ports.accounts.standing(work, asked.customer or "", keys))
        taken = [contact for key, contact in by_key.items() if key in found.taken]
        return StandingBody(has_account=found.has_account, taken=taken)

    @routes.post("/create", operation_id="createAccount")
    async def create(asked: CreateAsked) -> CreateBody:
        """Makes the one account of the customer, under a username that nobody has."""
        return CreateBody(outcome=await services.do(lambda work: _create(work, asked)))

    @routes.post("/by-username", operation_id="accountByUsername")
    async def by_username(asked: ByUsernameAsked) -> HolderBody:
        """Whose username it is: for who has forgotten the password."""
        accounts = services.ports.accounts
        account = await services.do(lambda work: accounts.of_username(work, asked.username.casefold()))
        return HolderBody(customer=await services.do(lambda work: _code_of(work, account)))

    @routes.post("/verify", operation_id="verifyPassword")
    async def verify(asked: VerifyAsked) -> VerifyBody:
        """Whose username and password these are. It throttles nothing: Area Clienti counts failures before it asks."""
        accounts = services.ports.accounts
        credential = await services.do(lambda work: accounts.find(work, asked.username.casefold()))
        verified = await accounts.verify(credential, asked.password)
        if verified is None:
            return VerifyBody(customer=None)
        account = await services.do(lambda work: accounts.enter(work, verified))
        code = await services.do(lambda work: _code_of(work, account))
        return VerifyBody(customer=code)

    @routes.post(
        "/password",
        operation_id="setPassword",
        responses={404: {"model": RefusalBody, "description": "The customer has no account."}},
    )
    async def password(asked: PasswordAsked) -> PasswordBody:
        """Replaces the password, after a reset or a change that Area Clienti has confirmed by a code."""
        await services.do(lambda work: _set_password(work, asked))
        return PasswordBody(outcome="changed")

    @routes.post("/deactivate", operation_id="deactivateAccount")
    async def deactivate(asked: DeactivateAsked) -> DeactivateBody:
        """Ends the customer's account, if there is one, and erases its hash."""
        await services.do(lambda work: _deactivate(work, asked.customer))
        return DeactivateBody(outcome="deactivated")

    return routes


async def _create(work: Work, asked: CreateAsked) -> Created:
    key = sha256_hex(f"create {asked.request}")
    is_new = await insert_if_absent(
        work.session, IdempotencyRecord, key_sha256=key, request_hmac="", created_at=work.now
    )
    if not is_new:
        return cast(Created, (await work.session.get_one(IdempotencyRecord, key)).response)
    outcome = await _insert(work, asked)
    await work.session.execute(
        update(IdempotencyRecord).where(IdempotencyRecord.key_sha256 == key).values(response=outcome)
    )
    return outcome


async def _insert(work: Work, asked: CreateAsked) -> Created:
    owner = await customer_id(work, asked.customer)
    is_mine = await insert_if_absent(
        work.session,
        Account,
        customer_id=owner,
        username_kind=asked.username.kind,
        username=asked.username.value,
        username_key=contact_key(asked.username),
        password_hash=asked.password_hash,
        created_at=work.now,
    )
    if is_mine:
        return "created"
    taken = await work.session.scalar(select(Account.id).where(Account.customer_id == owner))
    return "customer_has_account" if taken is not None else "username_taken"


async def _set_password(work: Work, asked: PasswordAsked) -> None:
    account = (await work.session.scalars(_account_of(asked.customer).with_for_update(of=Account))).first()
    if account is None:
        raise Refused(404, "unknown_account", "The customer has no account.")
    account.password_hash = asked.password_hash


async def _deactivate(work: Work, code: str) -> None:
    customer = select(Customer.id).where(Customer.code == code).scalar_subquery()
    await work.session.execute(delete(Account).where(Account.customer_id == customer))


async def _code_of(work: Work, account: Account | None) -> str | None:
    if account is None:
        return None
    return await work.session.scalar(select(Customer.code).where(Customer.id == account.customer_id))


def _account_of(code: str) -> Select[Account]:
    return select(Account).join(Customer, Customer.id == Account.customer_id).where(Customer.code == code)
