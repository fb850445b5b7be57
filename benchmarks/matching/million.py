"""Fills identity's tables with generated customers by COPY, a batch at a time, and keeps some to ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import asyncpg

from areaclienti.domain.names import NameRejected
from areaclienti.identity.db.models import Account, Base, Contact, Customer, Policy
from benchmarks.matching.population import companies, persons
from benchmarks.matching.registry_rows import contact_rows, customer_row, policy_row
from benchmarks.matching.rows import Company, Person

_COMPANIES_EVERY = 10  # one customer in ten is a company
_BATCH = 20_000
_INSURED_OF_TEN = 9
_REGISTERED_OF_TEN = 3
_REGISTERED_AT = datetime(2026, 1, 7, tzinfo=UTC)
_MOST_CONTACTS = 10
_RUN, _RUN_EVERY = 4, 200

Row = dict[str, Any]


async def fill(database_url: str, count: int, seed: int, advance: Callable[[int], None]) -> list[Person | Company]:
    """Loads that many customers with their contacts and a policy each, three of ten with an account, nine insured.

    Gives some of them, always four that were made one after the other, since they may be of one household. `advance` is
    told how many customers were loaded since the last time. PostgreSQL only.
    """
    kept: list[Person | Company] = []
    connection = await asyncpg.connect(database_url.replace("postgresql+asyncpg://", "postgresql://"))
    try:
        batch: dict[type[Base], list[Row]] = {}
        for customer_id, row in enumerate(_customers(count, seed), start=1):
            try:
                _add(batch, customer_id, row)
            except NameRejected:
                continue  # the import would refuse the line
            if customer_id % _RUN_EVERY < _RUN:
                kept.append(row)
            if customer_id % _BATCH == 0:
                await _copy(connection, batch)
                advance(_BATCH)
                batch = {}
        await _copy(connection, batch)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    return kept


def _add(batch: dict[type[Base], list[Row]], customer_id: int, row: Person | Company) -> None:
    customer = customer_row(row)
    batch.setdefault(Customer, []).append({"id": customer_id, "code": row.number, "consultant_id": None} | customer)
    for place, contact in enumerate(contact_rows(row)):
        contact_id = customer_id * _MOST_CONTACTS + place
        batch.setdefault(Contact, []).append({"id": contact_id, "customer_id": customer_id} | contact)
    policy = policy_row(f"{row.number}-1", active=customer_id % 10 < _INSURED_OF_TEN)
    batch.setdefault(Policy, []).append({"id": customer_id, "customer_id": customer_id} | policy)
    if customer_id % 10 < _REGISTERED_OF_TEN:
        batch.setdefault(Account, []).append(_account_row(customer_id))


def _account_row(customer_id: int) -> Row:
    username = f"username{customer_id}@posta.example"
    named = {"username_kind": "email", "username": username, "username_key": username, "password_hash": "none"}
    return {"id": customer_id, "customer_id": customer_id, "created_at": _REGISTERED_AT} | named


def _customers(count: int, seed: int) -> Iterator[Person | Company]:
    firms = count // _COMPANIES_EVERY
    return chain(persons(count - firms, seed), companies(firms, seed))


async def _copy(connection: asyncpg.Connection[Any], batch: dict[type[Base], list[Row]]) -> None:
    for model, rows in batch.items():
        columns = list(rows[0])
        records = (tuple(row[column] for column in columns) for row in rows)
        await connection.copy_records_to_table(model.__tablename__, columns=columns, records=records)
