"""Delivers signed webhooks: tries again with growing pauses, and doubles or reorders them where faults say so."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import random
import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from areaclienti.logging import get_logger
from areaclienti.simulator.business import notification
from areaclienti.simulator.faults import Faults
from areaclienti.simulator.tasks import Tasks

log = get_logger()

FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 30.0
GIVE_UP_SECONDS: Final = 7 * 24 * 3600  # webhooks/overview: failed ones are sent again for up to seven days
TIMEOUT_SECONDS: Final = 10.0
HELD_SECONDS: Final = 3.0
SHOWN: Final = 50  # the last webhooks, for the page
RESENDABLE: Final = 500
WAITING: Final = 1_000  # those that no 200 was answered to; the oldest gives way


@dataclass(slots=True, eq=False)
class Webhook:
    """One notification: its very bytes, and what became of them."""

    id: int
    kind: str
    user_id: str
    changes: list[dict[str, Any]]
    body: bytes
    made_at: float = field(default_factory=time.time)
    tries: int = 0
    answer: int | None = None  # the last HTTP status; None while nothing was answered
    tried: asyncio.Event = field(default_factory=asyncio.Event)
    taken: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def delivered(self) -> bool:
        """Whether it was answered with 200."""
        return self.taken.is_set()

    def facts(self) -> dict[str, Any]:
        """The webhook as the page shows it to developers."""
        return {
            "id": self.id,
            "kind": self.kind,
            "user_id": self.user_id,
            "made_at": self.made_at,
            "tries": self.tries,
            "answer": self.answer,
            "delivered": self.delivered,
            "body": json.loads(self.body),
        }


class Webhooks:
    """The way to the gateway's webhook."""

    def __init__(
        self,
        url: str,
        app_secret: str,
        verify_token: str,
        faults: Faults,
        tasks: Tasks,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._url = url
        self._secret = app_secret.encode()
        self._verify_token = verify_token
        self._tasks = tasks
        self._ids = itertools.count(1)
        self._held: list[Webhook] = []
        self._waiting: OrderedDict[int, asyncio.Task[None]] = OrderedDict()
        self._sent: OrderedDict[str, Webhook] = OrderedDict()  # by message id, to be sent again as they were
        # Loopback or a private network: no proxy of the environment must stand between.
        limits = httpx.Limits(max_connections=50)
        self._client = httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False, limits=limits, transport=transport)
        self.faults = faults
        self.last: deque[Webhook] = deque(maxlen=SHOWN)
        self.verified: bool | None = None

    async def deliver(self, kind: str, user_id: str, change: dict[str, Any], wamid: str | None = None) -> Webhook:
        """Send a notification and return after its first try; `delivered` says whether it was answered with 200.

        Where it wasn't, it is sent again by itself, the very same bytes. `wamid` keeps it for `again`.
        """
        webhook = self._make(kind, user_id, [change])
        if wamid is not None:
            self._sent[wamid] = webhook
            while len(self._sent) > RESENDABLE:
                self._sent.popitem(last=False)
        if self.faults.webhooks.hold > 1:
            self._hold(webhook)
            return webhook
        self._start(webhook)
        await webhook.tried.wait()
        return webhook

    async def again(self, wamid: str) -> Webhook | None:
        """Send the webhook that brought a message once more, byte by byte. None when it isn't kept any longer."""
        webhook = self._sent.get(wamid)
        if webhook is not None:
            await self._post(webhook)
        return webhook

    async def verify(self) -> bool:
        """Do what the service does when the webhook is set up: it must give the challenge back."""
        challenge = str(random.randrange(10**9))
        query = {"hub.mode": "subscribe", "hub.verify_token": self._verify_token, "hub.challenge": challenge}
        try:
            answer = await self._client.get(self._url, params=query)
        except httpx.HTTPError:
            return False
        self.verified = answer.status_code == 200 and answer.text == challenge
        return self.verified

    async def close(self) -> None:
        """Let go of the connections; what waits is forgotten with the process."""
        await self._client.aclose()

    def _make(self, kind: str, user_id: str, changes: list[dict[str, Any]]) -> Webhook:
        # The service escapes what isn't ASCII; a receiver that signs its own spelling of the JSON fails here too.
        body = json.dumps(notification(changes), ensure_ascii=True, separators=(",", ":")).encode()
        webhook = Webhook(next(self._ids), kind, user_id, changes, body)
        self.last.append(webhook)
        return webhook

    def _start(self, webhook: Webhook) -> None:
        for _ in range(1 + self.faults.webhooks.duplicates):
            task = self._tasks.start(self._until_taken(webhook))
        self._waiting[webhook.id] = task
        task.add_done_callback(lambda _: self._waiting.pop(webhook.id, None))
        if len(self._waiting) > WAITING:
            _, oldest = self._waiting.popitem(last=False)
            oldest.cancel()
            log.warning("webhook_given_up", reason="too_many_waiting")

    async def _until_taken(self, webhook: Webhook) -> None:
        pause = FIRST_PAUSE_SECONDS
        try:
            await asyncio.sleep(self.faults.webhooks.delay_ms / 1000)
            while not await self._post(webhook):
                webhook.tried.set()
                if time.time() - webhook.made_at > GIVE_UP_SECONDS:
                    log.warning("webhook_given_up", reason="too_old")
                    return
                await asyncio.sleep(pause * random.uniform(0.8, 1.2))
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        finally:
            webhook.tried.set()

    async def _post(self, webhook: Webhook) -> bool:
        """Try once; whether it was answered with 200."""
        signature = hmac.new(self._secret, webhook.body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}"}
        webhook.tries += 1
        try:
            answer = await self._client.post(self._url, content=webhook.body, headers=headers)
        except httpx.HTTPError as error:
            log.info("webhook_unanswered", attempt=webhook.tries, error_type=type(error).__name__)
            return False
        webhook.answer = answer.status_code
        if answer.status_code != 200:
            log.info("webhook_refused", attempt=webhook.tries, status=answer.status_code)
            return False
        webhook.taken.set()
        return True

    def _hold(self, webhook: Webhook) -> None:
        self._held.append(webhook)
        if len(self._held) >= self.faults.webhooks.hold:
            self._release()
        elif len(self._held) == 1:
            self._tasks.start(self._release_later())

    async def _release_later(self) -> None:
        await asyncio.sleep(HELD_SECONDS)
        self._release()

    def _release(self) -> None:
        held, self._held = self._held, []
        if self.faults.webhooks.release == "together" and len(held) > 1:
            changes = [change for webhook in held for change in webhook.changes]
            merged = self._make("together", held[0].user_id, changes)
            self._start(merged)
            self._tasks.start(_taken_with(merged, held))
            return
        self._tasks.start(self._one_by_one(held[::-1]))

    async def _one_by_one(self, webhooks: list[Webhook]) -> None:
        for webhook in webhooks:
            self._start(webhook)
            await webhook.tried.wait()


async def _taken_with(merged: Webhook, parts: list[Webhook]) -> None:
    await merged.taken.wait()
    for part in parts:
        part.taken.set()
