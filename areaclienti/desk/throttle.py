"""Slows down guessing at the desk's door: a failure is counted before anything is looked at, taken back if right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from areaclienti.crypto import Mac
from areaclienti.gateway.db.desk_access import DeskThrottle

_FORGOTTEN_AFTER = timedelta(hours=24)
_TRUSTED_FOR = timedelta(days=30)


@dataclass(frozen=True)
class Free:
    """How many failures cost no waiting, and the longest wait: it doubles up to there, and never becomes a lock."""

    here: int  # of one account from one address
    account: int  # of one account from anywhere
    address: int  # from one address, whatever the account
    longest: timedelta


class Throttle:
    """Counts by account and address, under keys that hide whose. An account that nobody has counts like any other."""

    def __init__(self, mac: Mac, free: Free) -> None:
        self._mac = mac
        self._free = free

    def reserve(self, session: Session, email: str, address: str, at: datetime) -> int | None:
        """Count a failure and give None; where one must wait, count nothing and give the seconds.

        From where the agent signed in lately, guesses from elsewhere do not make him wait: nobody can be locked out by
        failing in his name.
        """
        rows, free = self._rows(session, email, address, at)
        waits = [(row.wait_until - at).total_seconds() for row in rows.values() if row.wait_until is not None]
        if waits and max(waits) > 0:
            return ceil(max(waits))
        self._count(rows, free, at)
        return None

    def count(self, session: Session, email: str, address: str, at: datetime) -> None:
        """One failure more, of a sign-in whose failure was reserved."""
        rows, free = self._rows(session, email, address, at)
        self._count(rows, free, at)

    def take_back(self, session: Session, email: str, address: str, at: datetime, counted: int) -> None:
        """It was he: he is known here and starts afresh, the address loses the failures of this sign-in alone."""
        here, account, of_address = self._keys(email, address)
        rows = {row.key_hmac: row for row in self._locked(session, (here, account, of_address), at)}
        was_known = _is_known(rows[here], at)
        rows[here].succeeded_at = rows[here].updated_at = at
        for key in (here,) if was_known else (here, account):
            rows[key].failures, rows[key].wait_until = 0, None
        rows[of_address].failures = max(rows[of_address].failures - counted, 0)
        rows[of_address].wait_until = None

    def _rows(
        self, session: Session, email: str, address: str, at: datetime
    ) -> tuple[dict[str, DeskThrottle], dict[str, int]]:
        """What counts for somebody who comes from there, and how many failures are free of each."""
        here, account, of_address = self._keys(email, address)
        free = {here: self._free.here, account: self._free.account, of_address: self._free.address}
        rows = {row.key_hmac: row for row in self._locked(session, tuple(free), at)}
        if _is_known(rows[here], at):
            del rows[account]
        return rows, free

    def _count(self, rows: dict[str, DeskThrottle], free: dict[str, int], at: datetime) -> None:
        for key, row in rows.items():
            row.failures = 1 if row.updated_at <= at - _FORGOTTEN_AFTER else row.failures + 1
            row.updated_at = at
            beyond = row.failures - free[key]
            if beyond >= 0:
                row.wait_until = at + min(timedelta(seconds=2 ** min(beyond, 20)), self._free.longest)

    def _keys(self, email: str, address: str) -> tuple[str, str, str]:
        mac = self._mac.hex
        return (
            mac("desk throttle", "here", email, address),
            mac("desk throttle", "account", email),
            mac("desk throttle", "address", address),
        )

    @staticmethod
    def _locked(session: Session, keys: Sequence[str], at: datetime) -> Sequence[DeskThrottle]:
        """The rows, made where they are missing, in one order for everybody."""
        insert = (
            postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        )  # fmt: skip
        session.execute(delete(DeskThrottle).where(DeskThrottle.updated_at <= at - _TRUSTED_FOR - _FORGOTTEN_AFTER))
        new = [{"key_hmac": key, "failures": 0, "updated_at": at} for key in sorted(keys)]
        session.execute(insert(DeskThrottle).values(new).on_conflict_do_nothing())
        query = select(DeskThrottle).where(DeskThrottle.key_hmac.in_(keys)).order_by(DeskThrottle.key_hmac)
        return session.scalars(query.with_for_update().execution_options(populate_existing=True)).all()


def _is_known(here: DeskThrottle, at: datetime) -> bool:
    """Whether the agent signed in from there lately."""
    return here.succeeded_at is not None and here.succeeded_at > at - _TRUSTED_FOR
