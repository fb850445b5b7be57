"""What identity asks of a service of verification codes, whoever runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from areaclienti.domain.contacts import Contact as TypedContact
from areaclienti.identity.db.models import Challenge, Contact

if TYPE_CHECKING:
    from areaclienti.identity.work import Work

Compared = Literal["right", "wrong", "expired", "spent"]


class Challenges(Protocol):
    """Makes a code for a challenge, has it sent, and compares what was typed with it.

    When a code may be sent and checked, how often, and for what, is decided here before the port is asked
    (`identity.challenges`, `limits`, `sms_budget`): the row of the challenge is ours, and a code that was replaced,
    used or spent is not asked about any more. So there is nothing to withdraw elsewhere.
    """

    async def send(self, work: Work, challenge: Challenge, contact: Contact | TypedContact) -> None:
        """Has a code made and put on its way, with the commit of the use case and not before; it may take retries.

        To a contact that was only typed nothing is sent, and no code is right.
        """
        ...

    async def compare(self, work: Work, challenge: Challenge, code: str) -> Compared:
        """Whether the code is the challenge's. An attempt was reserved before; the same code again gives the same.

        May raise `BackEndUnavailable`.
        """
        ...


def life_minutes(challenge: Challenge) -> int:
    """How long the code lives, as the customer is told."""
    return max(1, int((challenge.expires_at - challenge.created_at).total_seconds()) // 60)
