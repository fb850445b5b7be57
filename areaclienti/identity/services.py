"""Builds what the service is made of from its settings, once, and opens the transactions of its use cases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from areaclienti.crypto import Mac, Sealer
from areaclienti.identity import audit, handing_over, housekeeping, owners
from areaclienti.identity.clock import Clock
from areaclienti.identity.db.engine import Database
from areaclienti.identity.delivery.adapters import Adapter, Sender
from areaclienti.identity.delivery.mailbox import Mailbox
from areaclienti.identity.delivery.rendered import Rendered
from areaclienti.identity.delivery.sms.choose import provider_of
from areaclienti.identity.delivery.sms.provider import Provider
from areaclienti.identity.delivery.sms.sender import SmsSender
from areaclienti.identity.delivery.smtp import Smtp
from areaclienti.identity.delivery.worker import OutboxWorker
from areaclienti.identity.metrics import Metrics
from areaclienti.identity.notices import load_notice
from areaclienti.identity.ports import chosen
from areaclienti.identity.ports.challenges.sender import CodesElsewhere
from areaclienti.identity.ports.delivery.hub import NotificationHub
from areaclienti.identity.ports.outside import Answers, MustAsk
from areaclienti.identity.work import Work
from areaclienti.password_hashes import Passwords
from areaclienti.settings import IdentitySettings

_LONGEST_STOP_SECONDS = 5.0

T = TypeVar("T")


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
        self.ports = chosen.choose(settings, self.passwords)
        self.metrics = Metrics(
            self.database, settings.metrics_key.get_secret_value() if settings.metrics_key else None, settings, clock
        )
        for back_end in self.ports.back_ends.values():
            back_end.asked = self.metrics.back_end
        self.sms_provider: Provider | None = provider_of(settings) if settings.sends_itself else None
        self.senders = self._senders()
        self.outbox_worker = OutboxWorker(
            self.senders, self.database, self.work, clock, settings.outbox_poll_seconds, settings.outbox_at_once
        )
        self.metrics.lanes = self.outbox_worker.lanes
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def work(self, answers: Answers | None = None) -> AsyncIterator[Work]:
        """One write transaction: commits at the end with its audit events, rolls back on an exception."""
        answers = answers or self._answers()
        async with self.database.write() as session:
            work = Work(session, self.database, self.settings, self.sealer, self.mac, self.clock(), self.ports, answers)
            yield work
            await audit.append(self.database, session, work.events, work.now)
        self.metrics.committed(work.counts, work.events)
        if work.has_mail:
            self.outbox_worker.wake()

    async def do(self, act: Callable[[Work], Awaitable[T]]) -> T:
        """What `act` gives in one write transaction, in which it may ask the ports.

        Where a port is another system it is asked while no transaction is open, and `act` begins anew with the answer
        (`ports/outside.py`). Raises `BackEndUnavailable`, and what `act` raises; nothing was done then.
        """
        answers = self._answers()
        while True:
            try:
                async with self.work(answers) as work:
                    return await act(work)
            except MustAsk as needed:
                question = needed
            await answers.find(question)

    def _answers(self) -> Answers:
        return Answers(self.settings.ports_deadline_seconds)

    def start(self) -> None:
        """Begins to empty the outbox and to erase what is not needed any more."""
        self._tasks = [
            asyncio.create_task(self.outbox_worker.run(self._stopping), name="outbox"),
            asyncio.create_task(housekeeping.run(self.work, self.database, self._stopping), name="housekeeping"),
            asyncio.create_task(owners.run(self.do, self._stopping), name="owners"),
            asyncio.create_task(handing_over.run(self.do, self._stopping), name="handing_over"),
        ]

    def stopped_tasks(self) -> list[str]:
        """The names of what should run and does not."""
        if not self._tasks:
            return ["outbox", "housekeeping", "owners", "handing_over"]
        return [task.get_name() for task in self._tasks if task.done()]

    async def close(self) -> None:
        """Lets what was begun finish, for a few seconds; a message in mid-air is claimed again after its lease."""
        self._stopping.set()
        self.outbox_worker.wake()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=_LONGEST_STOP_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for sender in set(self.senders.values()):
            await sender.close()
        await self.ports.close()
        await self.database.close()

    def _senders(self) -> dict[str, Sender]:
        """Who sends what, by channel. Codes of the insurer's own service never come into words here."""
        hub, codes = self.ports.back_ends.get("notifications"), self.ports.back_ends.get("challenges")
        senders: dict[str, Sender]
        if hub is not None:
            senders = dict.fromkeys(("email", "sms"), NotificationHub(hub))
        else:
            senders = {channel: Rendered(adapter) for channel, adapter in self._adapters().items()}
        if codes is None:
            return senders
        return {channel: CodesElsewhere(codes, sender) for channel, sender in senders.items()}

    def _adapters(self) -> dict[str, Adapter]:
        settings = self.settings
        if self.sms_provider is None:
            mailbox = Mailbox(self.database, self.clock)
            return {"email": mailbox, "sms": mailbox}
        assert settings.smtp_url is not None  # the settings insist on it
        timeout = settings.delivery_timeout_seconds
        return {
            "email": Smtp(
                settings.smtp_url.get_secret_value(), settings.smtp_sender, timeout, self.clock, settings.smtp_ca_file
            ),
            "sms": SmsSender(self.sms_provider, self.clock, timeout),
        }
