"""How fast webhooks are acknowledged at 100 a second, while the product answers what they brought."""

from __future__ import annotations

import asyncio
import itertools
import time

import httpx

from benchmarks.conversation import TEXTS
from benchmarks.figures import Times, times
from benchmarks.whatsapp import webhooks
from benchmarks.whatsapp.once import Address

PER_SECOND = 100
SECONDS = 30
WARM_UP = 100
PEOPLE = 500


async def flood(address: Address) -> tuple[Times, int]:
    """Times from the moment at which a webhook was due to its answer, and how many were not answered 200.

    Every webhook is a message of one of PEOPLE; the rate doesn't wait for answers.
    """
    people = itertools.cycle([webhooks.writer() for _ in range(PEOPLE)])
    texts = itertools.cycle(TEXTS)
    bodies = [
        webhooks.batch(address.phone_number_id, who, [webhooks.text_message(who, next(texts))])
        for who, _ in zip(people, range(WARM_UP + PER_SECOND * SECONDS), strict=False)
    ]
    deliveries = [(body, webhooks.signed(body, address.app_secret)) for body in bodies]
    seconds: list[float] = []
    refused = 0

    async def deliver(body: bytes, headers: dict[str, str], due: float) -> None:
        nonlocal refused
        answer = await client.post(webhooks.PATH, content=body, headers=headers)
        seconds.append(time.perf_counter() - due)
        refused += answer.status_code != httpx.codes.OK

    async with httpx.AsyncClient(base_url=address.gateway, timeout=30) as client, asyncio.TaskGroup() as under_way:
        began = time.perf_counter()
        for number, (body, headers) in enumerate(deliveries):
            due = began + number / PER_SECOND
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            under_way.create_task(deliver(body, headers, due))
    return times(seconds[WARM_UP:]), refused
