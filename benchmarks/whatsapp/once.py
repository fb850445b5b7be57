"""The same webhook fifty times at once and out of order, while the gateway is killed: one turn of each message."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field

import httpx

from benchmarks.whatsapp import webhooks
from benchmarks.whatsapp.killing import kill_gateway
from benchmarks.whatsapp.records import Records
from tests.stack import Stack

COPIES = 50
TEXTS = ("buongiorno", "vorrei registrarmi", "quanto costa?")
RETRY_SECONDS = 0.2
GIVE_UP_SECONDS = 60.0


@dataclass
class Tally:
    """What went wrong over all rounds; `not_answered_200` and `wrong` must stay empty."""

    rounds: int = 0
    kills: int = 0
    work_was_waiting: int = 0  # kills that came between an acknowledgement and the end of its turn
    deliveries: int = 0
    not_answered_200: int = 0
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Address:
    """Where webhooks go, and what they are signed with."""

    gateway: str
    phone_number_id: str
    app_secret: str


async def rounds(
    stack: Stack, address: Address, records: Records, *, kill: bool, count: int, seed: int, settle_seconds: float
) -> Tally:
    """`count` persons one after the other, each with two messages in 50 deliveries of several orders, and a third one
    that is delivered alone, whose acknowledgement is the moment of the kill. What is under way has `settle_seconds`.
    """
    chance, tally = random.Random(seed), Tally()
    for number in range(count):
        who = webhooks.writer(visible=number % 3 != 0)
        before = await records.settled(settle_seconds)
        *messages, last = [webhooks.text_message(who, text) for text in TEXTS]
        forward = webhooks.batch(address.phone_number_id, who, messages)
        others = [webhooks.reaction(who, messages[0]["id"])]
        mixed = webhooks.batch(
            address.phone_number_id, who, [*others, *reversed(messages)], [webhooks.status(who, "delivered")]
        )
        second = webhooks.batch(address.phone_number_id, who, messages[1:])
        bodies = [forward] * (COPIES - 20) + [mixed] * 10 + [second] * 10
        chance.shuffle(bodies)
        lone = webhooks.batch(address.phone_number_id, who, [last])
        bodies.insert(chance.randrange(len(bodies)), lone)
        tally.deliveries += await _deliver_all(address, bodies, lone, tally, records, stack if kill else None)
        tally.rounds += 1
        # Beside the messages a reaction came, which asks for nothing.
        after = await records.settled(settle_seconds)
        added = after.since(before)
        if not after.is_settled or (added.conversations, added.lines, added.turns) != (1, len(TEXTS), len(TEXTS)):
            tally.wrong.append(str(added))
    return tally


async def _deliver_all(
    address: Address, bodies: list[bytes], lone: bytes, tally: Tally, records: Records, killed: Stack | None
) -> int:
    """Send all at once. As Meta does, what was not answered 200 is repeated, and what was is never sent again; in
    `killed` the gateway is killed as soon as the lone one was answered."""
    limits = httpx.Limits(max_connections=COPIES + 1, max_keepalive_connections=0)
    acknowledged = asyncio.Event()
    sent = 0

    async def deliver(body: bytes) -> None:
        nonlocal sent
        headers = webhooks.signed(body, address.app_secret)
        give_up = asyncio.get_running_loop().time() + GIVE_UP_SECONDS
        while True:
            sent += 1
            try:
                answer = await client.post(webhooks.PATH, content=body, headers=headers)
                if answer.status_code == httpx.codes.OK:
                    if body is lone:
                        acknowledged.set()
                    return
            except httpx.TransportError:
                pass
            if asyncio.get_running_loop().time() > give_up:
                tally.not_answered_200 += 1
                return
            await asyncio.sleep(RETRY_SECONDS)

    async def kill_once(stack: Stack) -> None:
        await acknowledged.wait()
        tally.kills += 1
        tally.work_was_waiting += await kill_gateway(stack, records)

    async with httpx.AsyncClient(base_url=address.gateway, limits=limits, timeout=20) as client:
        await asyncio.gather(*map(deliver, bodies), *([kill_once(killed)] if killed else []))
    return sent
