"""Slows down guessing of passwords: a failure is counted before the password is looked at, and taken back if right."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import case, func, select, update

from areaclienti.domain.addresses import network_of
from areaclienti.identity.db.engine import insert_if_absent
from areaclienti.identity.db.models import Throttle
from areaclienti.identity.work import Work

_FORGOTTEN_AFTER = timedelta(hours=24)
_TRUSTED_FOR = timedelta(days=30)


@dataclass(frozen=True)
class Bucket:
    """Where failures are counted, by a key that hides whose; `free` of them cost no waiting."""

    key_hmac: str
    free: int


@dataclass(frozen=True)
class Buckets:
    """The username from this address, the username from anywhere, and the address whatever the username."""

    here: Bucket
    username: Bucket
    address: Bucket


def buckets_of(work: Work, username_key: str, client_address: str) -> Buckets:
    settings = work.settings
    network = network_of(client_address)
    return Buckets(
        Bucket(work.mac.hex("throttle", "here", username_key, network), settings.sign_in_free_failures),
        Bucket(key_of_username(work, username_key), settings.sign_in_username_failures),
        Bucket(work.mac.hex("throttle", "address", network), settings.sign_in_address_failures),
    )


def key_of_username(work: Work, username_key: str) -> str:
    """Where failures of a username are counted, from wherever they come."""
    return work.mac.hex("throttle", "username", username_key)


async def reserve(work: Work, buckets: Buckets) -> int | None:
    """Counts a failure in each bucket and gives None; if one must wait, counts nothing and gives the seconds.

    Where the customer has signed in before, guesses from elsewhere do not make him wait: locking somebody out by
    failing in his name is an attack too.
    """
    counted = await _counted(work, buckets)
    await work.database.serialise(work.session, "throttle", buckets.username.key_hmac)
    await work.database.serialise(work.session, "throttle", buckets.address.key_hmac)
    waits = [await _seconds_to_wait(work, bucket) for bucket in counted]
    if longest := max(waits):
        return longest
    for bucket in counted:
        await _count(work, bucket)
    return None


async def take_back(work: Work, buckets: Buckets) -> None:
    """The password was right: the username is known here and starts afresh, the address loses this one failure.

    Where the customer was known already, guesses from elsewhere are still counted: each of his own sign-ins would else
    give whoever guesses in his name as many free guesses again.
    """
    fresh = [buckets.here] if await _known_here(work, buckets.here) else [buckets.here, buckets.username]
    for bucket in fresh:
        await work.session.execute(
            update(Throttle)
            .where(Throttle.key_hmac == bucket.key_hmac)
            .values(failures=0, wait_until=None, updated_at=work.now)
        )
    await work.session.execute(
        update(Throttle).where(Throttle.key_hmac == buckets.here.key_hmac).values(succeeded_at=work.now)
    )
    await work.session.execute(
        update(Throttle)
        .where(Throttle.key_hmac == buckets.address.key_hmac)
        .values(failures=case((Throttle.failures > 0, Throttle.failures - 1), else_=0), wait_until=None)
    )


async def undo(work: Work, buckets: Buckets) -> None:
    """The password could not be looked at, because its store did not answer: no failure of the customer's."""
    for bucket in await _counted(work, buckets):
        await work.session.execute(
            update(Throttle)
            .where(Throttle.key_hmac == bucket.key_hmac)
            .values(failures=case((Throttle.failures > 0, Throttle.failures - 1), else_=0), wait_until=None)
        )


async def _counted(work: Work, buckets: Buckets) -> list[Bucket]:
    if await _known_here(work, buckets.here):
        return [buckets.here, buckets.address]
    return [buckets.here, buckets.username, buckets.address]


async def _known_here(work: Work, here: Bucket) -> bool:
    since = work.now - _TRUSTED_FOR
    known = select(func.count()).where(Throttle.key_hmac == here.key_hmac, Throttle.succeeded_at > since)
    return bool(await work.session.scalar(known))


async def _seconds_to_wait(work: Work, bucket: Bucket) -> int:
    until = await work.session.scalar(select(Throttle.wait_until).where(Throttle.key_hmac == bucket.key_hmac))
    if until is None or until <= work.now:
        return 0
    return int((until - work.now).total_seconds()) + 1


async def _count(work: Work, bucket: Bucket) -> None:
    await insert_if_absent(work.session, Throttle, key_hmac=bucket.key_hmac, failures=0, updated_at=work.now)
    failures = await work.session.scalar(
        update(Throttle)
        .where(Throttle.key_hmac == bucket.key_hmac)
        .values(
            failures=case((Throttle.updated_at < work.now - _FORGOTTEN_AFTER, 1), else_=Throttle.failures + 1),
            updated_at=work.now,
        )
        .returning(Throttle.failures)
    )
    beyond = (failures or 0) - bucket.free
    if beyond >= 0:
        seconds = min(2 ** min(beyond, 20), work.settings.sign_in_max_wait_seconds)
        await work.session.execute(
            update(Throttle)
            .where(Throttle.key_hmac == bucket.key_hmac)
            .values(wait_until=work.now + timedelta(seconds=seconds))
        )
