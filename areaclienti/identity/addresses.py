"""Where requests come from, kept as an HMAC for each conversation or sign-in: limits need no more than equality."""

from __future__ import annotations

from sqlalchemy import select, update

from areaclienti.domain.addresses import network_of
from areaclienti.identity.db.engine import insert_if_absent
from areaclienti.identity.db.models import ClientAddress
from areaclienti.identity.work import Work

UNKNOWN = "unknown"  # all that have no address on record share one


def hmac_of(work: Work, client_address: str | None) -> str:
    """The address as limits count it: an IPv4 address, an IPv6 /64, or a channel's user id; None is `UNKNOWN`."""
    return work.mac.hex("client address", network_of(client_address) if client_address else UNKNOWN)


async def remember(work: Work, session_id: str, client_address: str | None) -> None:
    """Keeps where a conversation's or sign-in's newest request came from; no address changes nothing."""
    if not client_address:
        return
    digest = hmac_of(work, client_address)
    if await insert_if_absent(
        work.session, ClientAddress, session_id=session_id, address_hmac=digest, seen_at=work.now
    ):
        return
    await work.session.execute(
        update(ClientAddress)
        .where(ClientAddress.session_id == session_id)
        .values(address_hmac=digest, seen_at=work.now)
        .execution_options(synchronize_session=False)
    )


async def of(work: Work, session_id: str) -> str:
    """The HMAC remembered for a conversation or sign-in, or that of `UNKNOWN`."""
    known = await work.session.scalar(select(ClientAddress.address_hmac).where(ClientAddress.session_id == session_id))
    return known or hmac_of(work, None)
