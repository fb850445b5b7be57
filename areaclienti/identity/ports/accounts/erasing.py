"""Empties the row of an account that has ended; the row itself stays, for the audit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from areaclienti.identity.db.models import Account

if TYPE_CHECKING:
    from areaclienti.identity.work import Work


async def erase(work: Work, account_id: int) -> None:
    """Takes hash, username and customer out; whose it was is kept apart. The username and the customer are free."""
    await work.session.execute(
        update(Account)
        .where(Account.id == account_id)
        .values(
            former_customer_id=Account.customer_id,
            customer_id=None,
            username=None,
            username_key=None,
            password_hash=None,
            device_key=None,
            deactivated_at=work.now,
        )
        .execution_options(synchronize_session=False)
    )
