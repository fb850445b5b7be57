"""Lets the insurer's code service make and send the codes; the other messages go their own way."""

from __future__ import annotations

from areaclienti.identity.delivery.adapters import Accepted, NotSent, Sender
from areaclienti.identity.delivery.outbox import Claimed
from areaclienti.identity.ports.back_end import BackEnd
from areaclienti.identity.ports.challenges.wire import SendAsked, SendBody
from areaclienti.identity.ports.delivery.hub import recipient_of
from areaclienti.identity.ports.outside import BackEndUnavailable


class CodesElsewhere:
    """A `Sender`. The outbox tries again what the service did not take, for the same challenge."""

    def __init__(self, back_end: BackEnd, others: Sender) -> None:
        self._back_end = back_end
        self._others = others
        self.needs_seconds = max(back_end.timeout_seconds, others.needs_seconds)

    async def send(self, claimed: Claimed) -> Accepted:
        if "challenge" not in claimed.parameters:
            return await self._others.send(claimed)
        asked = SendAsked(
            challenge=claimed.parameters["challenge"],
            purpose=claimed.parameters["purpose"],
            contact=recipient_of(claimed),
            life_minutes=claimed.parameters["minutes"],
            expires_at=claimed.expires_at,
            attempts=claimed.parameters["attempts"],
        )
        try:
            outcome = await self._back_end.ask("/v1/codes/send", asked.model_dump_json(), SendBody, _outcome, tries=1)
        except BackEndUnavailable:
            raise NotSent("challenges_unavailable", provider_fails=True, maybe_accepted=True) from None
        if outcome == "refused":
            raise NotSent("challenges_refused", for_good=True)
        return Accepted("challenges")

    async def close(self) -> None:
        await self._others.close()


def _outcome(body: SendBody) -> str:
    return body.outcome
