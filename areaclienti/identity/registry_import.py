"""Stores registry records (customers, contacts, policies, consultants, agencies): adds new ones, updates known ones."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from areaclienti.identity.db.models import Agency, Base, Consultant, Contact, Customer, Policy

Row = dict[str, Any]
_T = TypeVar("_T")
_CHUNK = 500


@dataclass
class Records:
    """What is to be stored, by its stable key; a row has only the columns that are known.

    Consultants carry `agency_code`, customers `consultant_code` (optional), contacts and policies `customer_code`:
    references by code, turned into ids when they are stored. Contacts are keyed by customer code and contact key.
    """

    agencies: dict[str, Row] = field(default_factory=dict)
    consultants: dict[str, Row] = field(default_factory=dict)
    customers: dict[str, Row] = field(default_factory=dict)
    contacts: dict[tuple[str, str], Row] = field(default_factory=dict)
    policies: dict[str, Row] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many records there are in all."""
        coded = len(self.agencies) + len(self.consultants) + len(self.customers)
        return coded + len(self.contacts) + len(self.policies)


@dataclass(frozen=True)
class Count:
    """How many records of a kind were new, and how many were there and were brought up to date."""

    new: int
    updated: int


@dataclass(frozen=True)
class Stored:
    """What `store` did, by kind."""

    customers: Count
    contacts: Count
    policies: Count


async def store(session: AsyncSession, records: Records, advance: Callable[[int], None] = lambda _: None) -> Stored:
    """Writes all records in the session's transaction: the caller commits, or nothing of it happened.

    A record that is there already gets the given columns and keeps the others; nothing is deleted. `advance` is told
    how many records were written since it was last called. Raises what the database raises.
    """
    writer = _Writer(session, advance)
    agencies = await writer.with_code(Agency, records.agencies)
    consultants = await writer.with_code(
        Consultant, {code: _linked(row, "agency", agencies.ids) for code, row in records.consultants.items()}
    )
    customers = await writer.with_code(
        Customer, {code: _linked(row, "consultant", consultants.ids) for code, row in records.customers.items()}
    )
    contacts = await writer.contacts(_linked(row, "customer", customers.ids) for row in records.contacts.values())
    policies = await writer.policies(_linked(row, "customer", customers.ids) for row in records.policies.values())
    return Stored(customers.count, contacts, policies)


@dataclass(frozen=True)
class _Coded:
    ids: Mapping[str, int]
    count: Count


class _Writer:
    def __init__(self, session: AsyncSession, advance: Callable[[int], None]) -> None:
        self._session = session
        self._advance = advance

    async def with_code(self, model: type[Agency | Consultant | Customer], rows: Mapping[str, Row]) -> _Coded:
        known: set[str] = set()
        for codes in _chunks(rows):
            known.update(await self._session.scalars(select(model.code).where(model.code.in_(codes))))
        coded = ({"code": code, **row} for code, row in rows.items())
        # The ids come back with the rows: looked up afterwards, PostgreSQL would use the plan that it made for the
        # empty table, and read all of it for each chunk.
        ids = dict(await self._upsert(model, coded, ("code",), returning=("code", "id")))
        return _Coded(ids, _counted(set(known), list(rows)))

    async def contacts(self, rows: Iterable[Row]) -> Count:
        listed = [row | {"is_on_file": True} for row in rows]  # also what the desk asked for before
        known: set[Hashable] = set()
        for ids in _chunks({row["customer_id"] for row in listed}):
            found = await self._session.execute(
                select(Contact.customer_id, Contact.key).where(Contact.customer_id.in_(ids))
            )
            known.update(map(tuple, found))
        await self._upsert(Contact, listed, ("customer_id", "key"))
        return _counted(known, [(row["customer_id"], row["key"]) for row in listed])

    async def policies(self, rows: Iterable[Row]) -> Count:
        listed = list(rows)
        known: set[Hashable] = set()
        for numbers in _chunks(row["number"] for row in listed):
            known.update(await self._session.scalars(select(Policy.number).where(Policy.number.in_(numbers))))
        await self._upsert(Policy, listed, ("number",))
        return _counted(known, [row["number"] for row in listed])

    async def _upsert(
        self, model: type[Base], rows: Iterable[Row], key: Sequence[str], returning: Sequence[str] = ()
    ) -> list[tuple[Any, ...]]:
        """One statement for the rows that have the same columns, so that a column not given keeps its value.

        Answers the columns of `returning` for every row.
        """
        alike: dict[frozenset[str], list[Row]] = {}
        for row in rows:
            alike.setdefault(frozenset(row), []).append(row)
        answers: list[tuple[Any, ...]] = []
        for columns, same in alike.items():
            statement = self._insert(model, columns, key)
            if returning:
                statement = statement.returning(*(model.__table__.c[column] for column in returning))
            for chunk in _chunks(same):
                result = await self._session.execute(statement, chunk)
                answers += [tuple(answer) for answer in result] if returning else []
                self._advance(len(chunk))
        return answers

    def _insert(self, model: type[Base], columns: frozenset[str], key: Sequence[str]) -> Any:
        table = model.__table__
        assert isinstance(table, Table)
        dialect = sqlite if self._session.get_bind().dialect.name == "sqlite" else postgresql
        statement = dialect.insert(table)
        changed = {column: statement.excluded[column] for column in sorted(columns - set(key))}
        return statement.on_conflict_do_update(index_elements=key, set_=changed)


def _linked(row: Row, target: str, ids: Mapping[str, int]) -> Row:
    """The row with `<target>_id` in place of `<target>_code`, where it has one."""
    linked = dict(row)
    code = linked.pop(f"{target}_code", None)
    return linked if code is None else linked | {f"{target}_id": ids[code]}


def _counted(known: set[Hashable], keys: Sequence[Hashable]) -> Count:
    updated = sum(key in known for key in keys)
    return Count(len(keys) - updated, updated)


def _chunks(items: Iterable[_T]) -> Iterator[list[_T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, _CHUNK)):
        yield chunk
