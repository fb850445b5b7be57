"""Hands messages to the insurer's notification hub, which has its own words, senders and providers."""

from __future__ import annotations

from areaclienti.identity.delivery.adapters import Accepted, NotSent
from areaclienti.identity.delivery.outbox import Claimed
from areaclienti.identity.ports.back_end import BackEnd
from areaclienti.identity.ports.delivery.wire import NotifyAsked, NotifyBody
from areaclienti.identity.ports.outside import BackEndUnavailable
from areaclienti.identity.ports.wire import ContactBody


class NotificationHub:
    """A `Sender`. The outbox tries again what the hub did not take, under the same id."""

    def __init__(self, back_end: BackEnd) -> None:
        self._back_end = back_end
        self.needs_seconds = back_end.timeout_seconds

    async def send(self, claimed: Claimed) -> Accepted:
        asked = NotifyAsked(
            id=claimed.id,
            template=claimed.template,
            recipient=recipient_of(claimed),
            parameters=dict(claimed.parameters),
            expires_at=claimed.expires_at,
        )
        try:
            outcome = await self._back_end.ask(
                "/v1/notifications/send", asked.model_dump_json(), NotifyBody, _outcome, tries=1
            )
        except BackEndUnavailable:
            raise NotSent("notifications_unavailable", provider_fails=True, maybe_accepted=True) from None
        if outcome == "refused":
            raise NotSent("notifications_refused", for_good=True)
        return Accepted("notifications")

    async def close(self) -> None:
        """Its back end is closed with the ports."""


def recipient_of(claimed: Claimed) -> ContactBody:
    return ContactBody(kind="email" if claimed.channel == "email" else "mobile", value=claimed.destination)


def _outcome(body: NotifyBody) -> str:
    return body.outcome
