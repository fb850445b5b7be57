"""Codes that a service of the insurer makes, sends, keeps and compares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from areaclienti.domain.contacts import Contact as TypedContact
from areaclienti.identity.db.models import Challenge, Contact
from areaclienti.identity.delivery import outbox
from areaclienti.identity.ports.back_end import BackEnd
from areaclienti.identity.ports.challenges.contract import Compared, life_minutes
from areaclienti.identity.ports.challenges.wire import CheckAsked, CheckBody

if TYPE_CHECKING:
    from areaclienti.identity.work import Work

_ELSEWHERE = "elsewhere"  # in place of an HMAC: the code is not ours


class HttpChallenges:
    """`Challenges` over HTTP. The wish to send waits in the outbox: it goes out after the commit, and is retried."""

    def __init__(self, back_end: BackEnd) -> None:
        self._back_end = back_end

    async def send(self, work: Work, challenge: Challenge, contact: Contact | TypedContact) -> None:
        challenge.code_hmac = _ELSEWHERE
        await outbox.enqueue(
            work,
            template=f"{challenge.purpose}_code",
            contact=contact,
            parameters={
                "challenge": challenge.id,
                "purpose": challenge.purpose,
                "minutes": life_minutes(challenge),
                "attempts": challenge.attempts_allowed,
            },
            expires_at=challenge.expires_at,
            challenge_id=challenge.id,
        )

    async def compare(self, work: Work, challenge: Challenge, code: str) -> Compared:
        # Asked also about a decoy, of which the service knows nothing: the time must not tell that it is one.
        attempt = work.mac.hex("attempt", challenge.id, code)[:40]
        asked = CheckAsked(challenge=challenge.id, attempt=attempt, code=code)
        outcome = await self._back_end.ask_within(work, "/v1/codes/check", asked, CheckBody, _outcome)
        return "wrong" if challenge.contact_id is None and outcome == "right" else outcome


def _outcome(body: CheckBody) -> Compared:
    return body.outcome
