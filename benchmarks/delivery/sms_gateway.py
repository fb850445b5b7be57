"""A fake SMS gateway with a record of its own: it speaks as our webhook, as Twilio or as Skebby, and fails as told."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx

from areaclienti.identity.delivery.sms import twilio
from benchmarks.delivery.identity import GATEWAY_KEY, PUBLIC_URL

Dialect = Literal["webhook", "twilio", "skebby"]
Fault = Literal["good", "429", "500", "400", "cut before", "cut after", "slow after", "hold before", "hold after"]
RECEIPTS_SECRET = "receipts-secret-of-the-benchmark"
TWILIO_TOKEN = "auth-token-of-the-benchmark"


@dataclass(frozen=True, slots=True)
class Copy:
    """One text on its way to a handset."""

    outbox_id: str
    provider_id: str
    text: str
    at: datetime


@dataclass
class SmsGateway:
    """`fault` is asked at each request that would send; `chaos` makes receipts late, doubled and out of order."""

    dialect: Dialect
    fault: Callable[[], Fault] = lambda: "good"
    chaos: random.Random | None = None
    identity_url: str = ""
    url: str = ""
    copies: list[Copy] = field(default_factory=list)
    requests: int = 0
    recognised: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    receipts: Counter[str] = field(default_factory=Counter)
    held: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    _reporting: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            method, path, headers, body = await _read(reader)
            answer = self._look_up(path) if method == "GET" else await self._send(path, headers, body)
            if answer is not None:
                writer.write(answer)
                await writer.drain()
        writer.close()

    async def all_reported(self) -> None:
        """Wait until every receipt has been taken."""
        while self._reporting:
            await asyncio.wait(self._reporting)

    async def _send(self, path: str, headers: dict[str, str], body: bytes) -> bytes | None:
        self.requests += 1
        fault = self.fault()
        self.faults[fault] += 1
        if fault in ("429", "500", "400"):
            return _answer(int(fault), {}, {"Retry-After": "1"} if fault == "429" else {})
        if fault == "hold before":
            await self._hold()
        if fault in ("cut before", "hold before"):
            return None
        accepted = self._accept(body, headers)
        if fault == "hold after":
            await self._hold()
        if fault == "slow after":
            await asyncio.sleep(4)
        if fault in ("cut after", "hold after", "slow after"):
            return None
        status, told = {
            "webhook": (202, {"id": accepted}),
            "twilio": (201, {"sid": accepted, "status": "queued"}),
            "skebby": (201, {"result": "OK", "order_id": accepted, "total_sent": 1}),
        }[self.dialect]
        return _answer(status, told)

    async def _hold(self) -> None:
        self.held.set()
        await self.released.wait()

    def _look_up(self, path: str) -> bytes:
        order = path.rpartition("/")[2]
        known = any(copy.outbox_id == order for copy in self.copies)
        self.recognised += known
        return _answer(200 if known else 404, {"result": "OK"} if known else {})

    def _accept(self, body: bytes, headers: dict[str, str]) -> str:
        outbox_id, text = self._what(body)
        known = next((copy for copy in self.copies if copy.outbox_id == outbox_id), None)
        if self.dialect == "webhook" and known and headers.get("idempotency-key") == outbox_id:
            self.recognised += 1
            return known.provider_id
        provider_id = outbox_id if self.dialect == "skebby" else f"SM{len(self.copies):06d}"
        copy = Copy(outbox_id, provider_id, text, datetime.now(UTC))
        self.copies.append(copy)
        task = asyncio.create_task(self._report(copy))
        self._reporting.add(task)
        task.add_done_callback(self._reporting.discard)
        return provider_id

    def _what(self, body: bytes) -> tuple[str, str]:
        if self.dialect == "twilio":
            form = dict(parse_qsl(body.decode()))
            return dict(parse_qsl(urlsplit(form["StatusCallback"]).query))["message"], form["Body"]
        sent = json.loads(body)
        return (sent["id"], sent["text"]) if self.dialect == "webhook" else (sent["order_id"], sent["message"])

    async def _report(self, copy: Copy) -> None:
        """`sent` and `delivered`; with chaos twice, late, and in any order."""
        statuses = ["sent", "delivered"]
        if self.chaos:
            statuses += self.chaos.choices(statuses, k=2)
            self.chaos.shuffle(statuses)
        async with httpx.AsyncClient(timeout=2) as client:
            for status in statuses:
                await asyncio.sleep(self.chaos.uniform(0, 1.5) if self.chaos else 0.05)
                await self._call(client, copy, status)

    async def _call(self, client: httpx.AsyncClient, copy: Copy, status: str) -> None:
        """Call as the public gateway relays it, again and again until it is taken."""
        relayed = self._receipt(copy, status)
        address = f"{self.identity_url}/v1/receipts/sms/{self.dialect}"
        while True:
            with contextlib.suppress(httpx.HTTPError):
                answer = await client.post(address, json=relayed, headers={"Authorization": f"Bearer {GATEWAY_KEY}"})
                if answer.is_success:
                    self.receipts.update(answer.json()["outcomes"])
                    return
                if answer.is_client_error:
                    self.receipts["refused"] += 1
                    return
            await asyncio.sleep(0.3)

    def _receipt(self, copy: Copy, status: str) -> dict[str, object]:
        if self.dialect == "twilio":
            form = {"MessageSid": copy.provider_id, "MessageStatus": status}
            query = urlencode({"message": copy.outbox_id})
            signed = twilio.signature(TWILIO_TOKEN, f"{PUBLIC_URL}/receipts/sms/twilio?{query}", form.items())
            return _relayed(urlencode(form), query=query, headers={"x-twilio-signature": signed})
        if self.dialect == "skebby":
            state = {"sent": "SENT", "delivered": "DLVRD"}[status]
            return _relayed(urlencode({"order_id": copy.outbox_id, "status": state}), token=RECEIPTS_SECRET)
        body = json.dumps({"id": copy.outbox_id, "provider_id": copy.provider_id, "status": status})
        signed = hmac.new(RECEIPTS_SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()
        return _relayed(body, headers={"x-signature-256": f"sha256={signed}"})


@asynccontextmanager
async def listening(gateway: SmsGateway) -> AsyncIterator[SmsGateway]:
    server = await asyncio.start_server(gateway.serve, "127.0.0.1", 0)
    async with server:
        gateway.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield gateway


def settings_of(gateway: SmsGateway) -> dict[str, object]:
    """What identity must be told to use it."""
    if gateway.dialect == "webhook":
        return {
            "sms_provider": "webhook",
            "sms_webhook_url": f"{gateway.url}/sms",
            "sms_receipts_secret": RECEIPTS_SECRET,
        }
    return {
        "sms_provider": gateway.dialect,
        "sms_user": "AC0",
        "sms_secret": TWILIO_TOKEN,
        "sms_base_url": gateway.url,
        "sms_receipts_secret": RECEIPTS_SECRET,
    }


def _relayed(
    body: str, *, query: str = "", headers: dict[str, str] | None = None, token: str | None = None
) -> dict[str, object]:
    kind = "application/json" if body.startswith("{") else "application/x-www-form-urlencoded"
    return {
        "path_token": token,
        "query": query,
        "headers": {"content-type": kind} | (headers or {}),
        "body": base64.b64encode(body.encode()).decode(),
    }


async def _read(reader: asyncio.StreamReader) -> tuple[str, str, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    return method, path, headers, await reader.readexactly(int(headers.get("content-length", "0")))


def _answer(status: int, body: dict[str, object], headers: dict[str, str] | None = None) -> bytes:
    content = json.dumps(body).encode()
    told = {"Content-Type": "application/json", "Content-Length": str(len(content)), "Connection": "close"}
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in (told | (headers or {})).items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content
