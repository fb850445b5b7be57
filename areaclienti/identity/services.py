"""Builds what the service is made of from its settings, once, and opens the transactions of its use cases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from areaclienti.identity import audit
from areaclienti.identity.clock import Clock
from areaclienti.identity.crypto import Mac, Sealer
from areaclienti.identity.db.engine import Database
from areaclienti.identity.delivery.adapters import Adapter
from areaclienti.identity.delivery.mailbox import Mailbox
from areaclienti.identity.delivery.sms_webhook import SmsWebhook
from areaclienti.identity.delivery.smtp import Smtp
from areaclienti.identity.delivery.worker import OutboxWorker
from areaclienti.identity.notices import load_notice
from areaclienti.identity.passwords import Passwords
from areaclienti.identity.work import Work
from areaclienti.settings import IdentitySettings


class Services:
    """What the API calls; one for each process."""

    def __init__(self, settings: IdentitySettings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.database = Database(settings.identity_database_url)
        self.sealer = Sealer(settings.vault_key.get_secret_value())
        self.mac = Mac(settings.code_key.get_secret_value())
        self.passwords = Passwords(
            settings.password_hash_memory_kib, settings.password_hash_rounds, settings.password_hash_at_once
        )
        self.notice = load_notice()
        self.adapters = _adapters(settings, self.database, clock)
        self.outbox_worker = OutboxWorker(self.work, self.adapters, settings.outbox_poll_seconds)
        self._delivering: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def work(self) -> AsyncIterator[Work]:
        """One write transaction: commits at the end with its audit events, rolls back on an exception."""
        async with self.database.write() as session:
            work = Work(session, self.database, self.settings, self.sealer, self.mac, self.clock())
            yield work
            await audit.append(self.database, session, work.events, work.now)
        if work.has_mail:
            self.outbox_worker.wake()

    def start_delivering(self) -> asyncio.Task[None]:
        self._delivering = asyncio.create_task(self.outbox_worker.run())
        return self._delivering

    @property
    def is_delivering(self) -> bool:
        return self._delivering is not None and not self._delivering.done()

    async def close(self) -> None:
        for adapter in set(self.adapters.values()):
            await adapter.close()
        await self.database.close()


def _adapters(settings: IdentitySettings, database: Database, clock: Clock) -> dict[str, Adapter]:
    if settings.delivery == "mailbox":
        mailbox = Mailbox(database, clock)
        return {"email": mailbox, "sms": mailbox}
    assert settings.smtp_url is not None and settings.sms_webhook_url is not None  # the settings insist on both
    token = settings.sms_webhook_token
    timeout = settings.delivery_timeout_seconds
    return {
        "email": Smtp(settings.smtp_url.get_secret_value(), settings.smtp_sender, timeout, settings.smtp_ca_file),
        "sms": SmsWebhook(settings.sms_webhook_url, token.get_secret_value() if token else None, timeout),
    }
