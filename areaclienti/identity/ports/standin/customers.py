"""The customers that a stand-in without a registry beside it knows by their number alone."""

from __future__ import annotations

from sqlalchemy import select

from areaclienti.identity.db.engine import insert_if_absent
from areaclienti.identity.db.models import Customer
from areaclienti.identity.work import Work

_UNNAMED = "-"


async def customer_id(work: Work, code: str) -> int:
    """The id of the row of that customer number; made, without a name, where there is none."""
    found = select(Customer.id).where(Customer.code == code)
    known = await work.session.scalar(found)
    if known is not None:
        return known
    names = {"given_name": _UNNAMED, "family_name": _UNNAMED}
    await insert_if_absent(work.session, Customer, code=code, type="persona", **names)
    return (await work.session.scalars(found)).one()
