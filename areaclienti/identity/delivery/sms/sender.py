"""Sends an SMS through whichever provider is set: the one place that speaks HTTP to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import httpx

from areaclienti.identity.clock import Clock
from areaclienti.identity.delivery.adapters import Accepted, NotSent
from areaclienti.identity.delivery.messages import Message
from areaclienti.identity.delivery.reach import is_italian_mobile
from areaclienti.identity.delivery.retry import retry_after_seconds
from areaclienti.identity.delivery.sms.provider import Provider, Sms

T = TypeVar("T")


class SmsSender:
    """Gives a message to the provider; on a further try asks first, where it can, whether it has it already."""

    def __init__(self, provider: Provider, clock: Clock, timeout_seconds: float) -> None:
        self.needs_seconds = timeout_seconds
        self._provider = provider
        self._clock = clock
        self._client = httpx.AsyncClient(timeout=timeout_seconds, follow_redirects=False)

    async def send(self, message: Message) -> Accepted:
        if not is_italian_mobile(message.recipient):
            raise NotSent("not_an_italian_mobile", for_good=True)
        sms = self._sms(message)
        try:
            async with asyncio.timeout(self.needs_seconds):  # all of it: httpx's own limits are for each read and write
                return await self._send(sms)
        except TimeoutError:
            raise self._lost("timeout") from None

    async def close(self) -> None:
        await self._client.aclose()

    def _sms(self, message: Message) -> Sms:
        left = (message.expires_at - self._clock()).total_seconds()
        return Sms(message.id, message.recipient, message.text, message.expires_at, max(1, int(left)), message.tries)

    async def _send(self, sms: Sms) -> Accepted:
        provider = self._provider
        question = provider.enquire(sms) if sms.tries > 1 else None
        if question is not None and await self._ask(question.request, question.has_it, may_send=False):
            return Accepted(provider.name, sms.id)
        provider_id = await self._ask(provider.compose(sms), provider.interpret, may_send=True)
        return Accepted(provider.name, provider_id)

    async def _ask(self, request: httpx.Request, read: Callable[[httpx.Response], T], *, may_send: bool) -> T:
        try:
            answer = await self._client.send(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise NotSent(f"{self._provider.name}_unreachable", provider_fails=True) from None
        except httpx.HTTPError:
            raise self._lost("cut", maybe_accepted=may_send) from None
        try:
            return read(answer)
        except NotSent as failure:
            if not failure.for_good:
                failure.retry_after_seconds = retry_after_seconds(answer.headers.get("Retry-After"), self._clock())
            raise

    def _lost(self, how: str, *, maybe_accepted: bool = True) -> NotSent:
        return NotSent(f"{self._provider.name}_{how}", provider_fails=True, maybe_accepted=maybe_accepted)
