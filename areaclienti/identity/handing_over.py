"""Hands contacts that agency and customer have confirmed to whoever keeps the registry, again until it answers."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from areaclienti.identity import new_contacts
from areaclienti.identity.ports.outside import BackEndUnavailable
from areaclienti.identity.work import Do
from areaclienti.logging import get_logger

_PERIOD_SECONDS = 5.0
_PUT_OFF_SECONDS = 300.0

log = get_logger()


async def run(do: Do, stopping: asyncio.Event) -> None:
    """Looks at what is due every few seconds until `stopping` is set."""
    while not stopping.is_set():
        try:
            await hand_over_all(do, stopping)
        except Exception:
            log.exception("handing_over_failed")
        with suppress(TimeoutError):
            async with asyncio.timeout(_PERIOD_SECONDS):
                await stopping.wait()


async def hand_over_all(do: Do, stopping: asyncio.Event) -> None:
    """What is due, one after the other; where the registry does not answer it all waits for some minutes."""
    try:
        while not stopping.is_set() and await do(new_contacts.hand_over_next) is not None:
            pass
    except BackEndUnavailable:
        await do(lambda work: new_contacts.put_off(work, _PUT_OFF_SECONDS))
