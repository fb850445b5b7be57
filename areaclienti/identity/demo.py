"""Loads the 200 demo customers into an empty registry, with the accounts that some of their stories begin with."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import as_file, files

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from areaclienti.domain.contacts import parse_contact
from areaclienti.identity.db.models import Account, Customer
from areaclienti.identity.demo_cases import CASES, DEMO_PASSWORD
from areaclienti.identity.registry_file import read_registry_file
from areaclienti.identity.registry_import import Records, store
from areaclienti.password_hashes import Passwords

DEMO_CUSTOMERS = 200
_CODE_PREFIX = "DEMO-"


class DemoCustomersFound(Exception):
    """The registry holds demo customers where real people are written to: some have accounts with a public password."""


async def load_demo(session: AsyncSession) -> int:
    """Loads the demo customers in the session's transaction; returns how many were loaded.

    Does nothing (0) when they are there already, or when the registry holds a customer that is none of them: the demo
    never mixes with real customers. The same 200 customers each time.
    """
    demo, others = await count_customers(session)
    if others or demo == DEMO_CUSTOMERS:
        return 0
    await store(session, demo_records())
    await _open_accounts(session)
    return DEMO_CUSTOMERS


async def count_customers(session: AsyncSession) -> tuple[int, int]:
    """How many customers of the demo the registry holds, and how many others."""
    is_demo = Customer.code.startswith(_CODE_PREFIX)
    demo = await session.scalar(select(func.count()).where(is_demo))
    others = await session.scalar(select(func.count()).where(~is_demo))
    return demo or 0, others or 0


async def refuse_demo(session: AsyncSession) -> None:
    """Raises `DemoCustomersFound`, also when they stand beside real customers (ASVS 6.3.2)."""
    demo, _ = await count_customers(session)
    if demo:
        raise DemoCustomersFound


def demo_records() -> Records:
    """All demo records, read by the rules of a registry file. The file is made by `demo_crowd`."""
    with as_file(files("areaclienti.identity").joinpath("data", "demo_registry.csv")) as path:
        gathering = read_registry_file(path)
    if gathering.refused:
        raise ValueError("; ".join(map(str, gathering.refused)))
    return gathering.records


async def _open_accounts(session: AsyncSession) -> None:
    """The accounts that some stories begin with."""
    # The password is public: a cheap hash will do, and the first sign-in replaces it.
    password_hash = await Passwords(memory_kib=8 * 1024, rounds=1, at_once=1).hash(DEMO_PASSWORD)
    ids = dict(iter(await session.execute(select(Customer.code, Customer.id))))
    having = set(await session.scalars(select(Account.customer_id)))
    opened = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
    for case in CASES:
        if case.account == "none" or ids[case.code] in having:
            continue
        username = parse_contact(case.contacts[0])
        confirmed = case.account == "confirmed"
        session.add(
            Account(
                customer_id=ids[case.code],
                username_kind=username.kind,
                username=username.value,
                username_key=username.key,
                password_hash=password_hash,
                device_key=parse_contact(case.device_contact).key if confirmed else None,
                created_at=opened,
                first_access_at=opened if confirmed else None,
            )
        )
    await session.flush()
