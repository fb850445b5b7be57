"""Codes of our own: only their HMAC is kept, and they go out through our outbox. The default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from areaclienti.crypto import new_code, same
from areaclienti.domain.contacts import Contact as TypedContact
from areaclienti.identity.db.models import Challenge, Contact
from areaclienti.identity.delivery import outbox
from areaclienti.identity.ports.challenges.contract import Compared, life_minutes

if TYPE_CHECKING:
    from areaclienti.identity.work import Work


class SqlChallenges:
    """`Challenges` within the use case's own transaction."""

    async def send(self, work: Work, challenge: Challenge, contact: Contact | TypedContact) -> None:
        code = new_code()
        challenge.code_hmac = _code_hmac(work, challenge, code)
        await outbox.enqueue(
            work,
            template=f"{challenge.purpose}_code",
            contact=contact,
            parameters={"code": code, "minutes": life_minutes(challenge)},
            expires_at=challenge.expires_at,
            challenge_id=challenge.id,
        )

    async def compare(self, work: Work, challenge: Challenge, code: str) -> Compared:
        is_right = same(challenge.code_hmac, _code_hmac(work, challenge, code))
        return "right" if is_right and challenge.contact_id is not None else "wrong"


def _code_hmac(work: Work, challenge: Challenge, code: str) -> str:
    parts = (challenge.id, challenge.purpose, challenge.contact_hmac, challenge.session_id, code)
    return work.mac.hex("code" if challenge.contact_id is not None else "decoy", *parts)
