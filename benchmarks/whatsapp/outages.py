"""People converse while the gateway is killed again and again: every line of the ledger reaches its phone."""

from __future__ import annotations

import asyncio
import itertools
import random
from dataclasses import dataclass, field

import httpx

from benchmarks.whatsapp.killing import kill_gateway
from benchmarks.whatsapp.phone import Phone
from benchmarks.whatsapp.records import Records
from tests.stack import Stack

PEOPLE = 12
KILLS = 20
TEXTS = ("buongiorno", "vorrei registrarmi", "quanto costa?", "è sicuro?", "sono una persona", "aspetta un attimo")
SETTLE_SECONDS = 120.0


@dataclass
class Outages:
    """`lost` and `lines_without_a_message` must be empty; a duplicate is a message sent again after a lost answer."""

    kills: int = 0
    work_was_waiting: int = 0
    messages: int = 0
    duplicates: int = 0
    not_settled: int = 0
    lost: list[int] = field(default_factory=list)
    lines_without_a_message: list[int] = field(default_factory=list)


async def converse(stack: Stack, simulator_url: str, records: Records, seed: int) -> Outages:
    """Everybody says TEXTS again and again, while the gateway dies KILLS times at moments of chance."""
    chance, found = random.Random(seed), Outages()
    over = asyncio.Event()

    async def talk(number: int) -> Phone:
        phone = await Phone.buy(simulator, None if number % 4 == 0 else f"+39320{seed % 1000:03d}{number:04d}")
        for said in itertools.cycle(TEXTS):
            await phone.send(type="text", text=said)
            await asyncio.sleep(chance.uniform(1.0, 5.0))
            if over.is_set():
                break
        return phone

    async def kill_again_and_again() -> None:
        while found.kills < KILLS:
            await asyncio.sleep(chance.uniform(0.3, 1.5))
            found.work_was_waiting += await kill_gateway(stack, records)
            found.kills += 1
        over.set()

    async with httpx.AsyncClient(base_url=simulator_url, timeout=30) as simulator:
        killing = asyncio.create_task(kill_again_and_again())
        phones = await asyncio.gather(*map(talk, range(PEOPLE)))
        await killing
        found.not_settled += not (await records.settled(SETTLE_SECONDS)).is_settled
        for phone in phones:
            await _count(records, phone, found)
    return found


async def _count(records: Records, phone: Phone, found: Outages) -> None:
    """Compare the ledger and the outbox with what the phone shows."""
    await phone.look()
    arrived = [
        int(message["callback_data"].partition(".")[0]) for message in phone.messages if message["side"] == "business"
    ]
    found.messages += len(arrived)
    found.duplicates += len(arrived) - len(set(arrived))
    outgoing, said = await records.outgoing(phone.user_id), await records.said(phone.user_id)
    found.lost += [each.id for each in outgoing if each.id not in arrived]
    found.lines_without_a_message += [seq for seq in said if not any(each.covers(seq) for each in outgoing)]
