"""The embedded default: messages go to a table that the mailbox page shows, and nowhere else."""

from __future__ import annotations

from areaclienti.identity.clock import Clock
from areaclienti.identity.db.engine import Database, insert_if_absent
from areaclienti.identity.db.models import MailboxMessage
from areaclienti.identity.delivery.adapters import Accepted
from areaclienti.identity.delivery.messages import Message


class Mailbox:
    needs_seconds = 0.0

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def send(self, message: Message) -> Accepted:
        async with self._database.write() as session:
            await insert_if_absent(
                session,
                MailboxMessage,
                outbox_id=message.id,
                channel=message.channel,
                recipient=message.recipient,
                subject=message.subject,
                text=message.text,
                html=message.html,
                sent_at=self._clock(),
            )
        return Accepted("mailbox")

    async def close(self) -> None:
        """There is nothing to close."""
