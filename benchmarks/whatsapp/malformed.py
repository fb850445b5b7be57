"""Webhooks that nobody at Meta sent, or that no reader expects: nothing is processed, nothing fails."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx

from benchmarks.whatsapp import webhooks
from benchmarks.whatsapp.once import Address

COUNT = 500
_WEIRD: list[Any] = [None, True, -1, 1.5, 10**30, "", "a\u0000b", "\ud83d", [], {}, [[]], {"id": None}, "x" * 10_000]


def malformed(address: Address, chance: random.Random) -> tuple[bytes, dict[str, str]]:
    """One delivery that must not be processed: unsigned, wrongly signed, or signed and without a message in it."""
    who = webhooks.writer()
    whole = webhooks.batch(address.phone_number_id, who, [webhooks.text_message(who, "vorrei registrarmi")])
    signed = webhooks.signed(whole, address.app_secret)
    signature = signed["X-Hub-Signature-256"]
    kinds: list[Callable[[], tuple[bytes, dict[str, str]]]] = [
        lambda: (whole, {"Content-Type": "application/json"}),
        lambda: (whole, webhooks.signed(whole, "another secret")),
        lambda: (whole + b" ", signed),
        lambda: (whole.replace(b"vorrei", b"voglio"), signed),
        lambda: (whole, signed | {"X-Hub-Signature-256": signature.removeprefix("sha256=")}),
        lambda: (whole, signed | {"X-Hub-Signature-256": signature[:-1]}),
        lambda: (whole, signed | {"X-Hub-Signature-256": signature.replace("sha256", "sha1")}),
        lambda: (whole, signed | {"X-Hub-Signature-256": chance.choice(["", "sha256=", "è", "sha256=" + "z" * 64])}),
        lambda: _correctly_signed(chance.randbytes(chance.randint(0, 300)), address),
        lambda: _correctly_signed(whole[: chance.randint(0, len(whole) - 1)], address),
        lambda: _correctly_signed(b"[" * 100_000, address),
        lambda: _correctly_signed(json.dumps(chance.choice(_WEIRD)).encode(), address),
        lambda: _correctly_signed(_without_a_message(whole, chance), address),
    ]
    return chance.choice(kinds)()


async def send(address: Address, seed: int) -> Counter[int]:
    """How many of 500 malformed webhooks were answered with which status."""
    chance = random.Random(seed)
    answers: Counter[int] = Counter()

    async def deliver(body: bytes, headers: dict[str, str]) -> None:
        as_bytes = {name.encode(): value.encode() for name, value in headers.items()}
        async with places:
            answers[(await client.post(webhooks.PATH, content=body, headers=as_bytes)).status_code] += 1

    places = asyncio.Semaphore(20)
    async with httpx.AsyncClient(base_url=address.gateway, timeout=20) as client:
        await asyncio.gather(*(deliver(*malformed(address, chance)) for _ in range(COUNT)))
    return answers


def _correctly_signed(body: bytes, address: Address) -> tuple[bytes, dict[str, str]]:
    return body, webhooks.signed(body, address.app_secret)


def _without_a_message(whole: bytes, chance: random.Random) -> bytes:
    """The webhook with something weird on the way to the message, so that none is left."""
    data = json.loads(whole)
    change = data["entry"][0]["changes"][0]
    message = change["value"]["messages"][0]
    weird = chance.choice(_WEIRD)
    match chance.randrange(6):
        case 0:
            data["entry"] = weird
        case 1:
            data["entry"][0]["changes"] = weird
        case 2:
            change["value"] = weird
        case 3:
            change["value"]["messages"] = weird
        case 4:
            change["value"]["messages"] = [weird]
        case _:
            message["id"] = chance.choice([None, 1, [], {}, ""])
    return json.dumps(data).encode()
