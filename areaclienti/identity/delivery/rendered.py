"""Puts messages into our own words before they are sent."""

from __future__ import annotations

from areaclienti.identity.delivery.adapters import Accepted, Adapter, NotSent
from areaclienti.identity.delivery.messages import Message, render
from areaclienti.identity.delivery.outbox import Claimed
from areaclienti.logging import get_logger

log = get_logger()


class Rendered:
    """A `Sender` over an adapter that takes finished texts."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self.needs_seconds = adapter.needs_seconds

    async def send(self, claimed: Claimed) -> Accepted:
        return await self._adapter.send(_message(claimed))

    async def close(self) -> None:
        await self._adapter.close()


def _message(claimed: Claimed) -> Message:
    try:
        return render(
            claimed.id,
            claimed.channel,
            claimed.destination,
            claimed.template,
            claimed.parameters,
            expires_at=claimed.expires_at,
            tries=claimed.tries,
        )
    except Exception:
        log.exception("message_unrenderable", outbox_id=claimed.id, template=claimed.template)
        raise NotSent("unrenderable", for_good=True) from None
