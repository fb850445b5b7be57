"""Real servers on the loopback that take e-mails under TLS and SMS over HTTP, and fail as they are told to."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import select

from areaclienti.identity.db.models import OutboxMessage
from tests.unit.identity.world import World


class MailServer:
    """A real SMTP server that keeps what it accepts, or refuses as it is told to."""

    def __init__(self) -> None:
        self.accepted: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.refuse_with: str | None = None
        self.refuse_recipient_with: str | None = None

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refuse_recipient_with:
            return self.refuse_recipient_with
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.refuse_with:
            return self.refuse_with
        assert isinstance(envelope.content, bytes)
        received = message_from_bytes(envelope.content, policy=default)
        assert isinstance(received, EmailMessage)
        self.accepted.append(received)
        self.raw.append(envelope.content)
        return "250 OK"


@asynccontextmanager
async def listening(server: MailServer, tls: ssl.SSLContext | None, implicit: bool) -> AsyncIterator[int]:
    """The port that the server listens on."""
    starttls = None if implicit else tls
    listener = await asyncio.get_running_loop().create_server(
        lambda: SMTP(server, tls_context=starttls, require_starttls=starttls is not None, hostname="127.0.0.1"),
        "127.0.0.1",
        0,
        ssl=tls if implicit else None,
    )
    async with listener:
        yield listener.sockets[0].getsockname()[1]


@dataclass
class Asked:
    """One request that a gateway was sent."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        body = json.loads(self.body)
        assert isinstance(body, dict)
        return body


@dataclass
class Answer:
    """What a gateway answers: `cut` closes the connection instead, after the request was read."""

    status: int = 202
    body: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    after_seconds: float = 0.0
    held: asyncio.Event | None = None  # answers when it is set
    cut: bool = False


class Gateway:
    """A real HTTP server: `answers` are given in turn, then `usual`."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answers: list[Answer] = []
        self.usual: Answer | Callable[[Asked], Answer] = Answer()
        self.at_once = self.most_at_once = 0
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            asked = await _read(reader)
            self.asked.append(asked)
            answer = self.answers.pop(0) if self.answers else self.usual
            if callable(answer):
                answer = answer(asked)
            await asyncio.sleep(answer.after_seconds)
            if answer.held:
                await answer.held.wait()
            if not answer.cut:
                writer.write(_written(answer))
                await writer.drain()
        finally:
            self.at_once -= 1
            writer.close()


@asynccontextmanager
async def gateway() -> AsyncIterator[Gateway]:
    serving = Gateway()
    listener = await asyncio.start_server(serving.serve, "127.0.0.1", 0)
    async with listener:
        serving.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        yield serving


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    return Asked(method, path, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


def _written(answer: Answer) -> bytes:
    body = json.dumps(answer.body).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
    lines = [f"HTTP/1.1 {answer.status} X", *(f"{name}: {value}" for name, value in (headers | answer.headers).items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def rows(world: World) -> list[OutboxMessage]:
    async with world.services.database.read() as session:
        return list(await session.scalars(select(OutboxMessage).order_by(OutboxMessage.created_at, OutboxMessage.id)))


async def until(condition: Callable[[], Any]) -> None:
    """Waits until an awaited condition holds."""
    async with asyncio.timeout(60):
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
