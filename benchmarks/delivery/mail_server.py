"""A mail server under TLS with a record of its own, which fails as it is told to."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Literal

from aiosmtpd.smtp import SMTP, Envelope, Session

from benchmarks.delivery.sms_gateway import Copy

Fault = Literal["good", "451", "421", "cut before", "cut after", "slow after", "hold after"]


@dataclass
class MailServer:
    """`fault` is asked at the end of each message's data."""

    fault: Callable[[], Fault] = lambda: "good"
    url: str = ""
    copies: list[Copy] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    held: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        fault = self.fault()
        self.faults[fault] += 1
        if fault in ("451", "421"):
            return f"{fault} not now"
        if fault != "cut before":
            self._accept(envelope)
        if fault == "hold after":
            self.held.set()
            await self.released.wait()
        if fault == "slow after":
            await asyncio.sleep(4)
        if fault.startswith("cut"):
            assert server.transport is not None
            server.transport.abort()
        return "250 OK"

    def _accept(self, envelope: Envelope) -> None:
        assert isinstance(envelope.content, bytes)
        received = message_from_bytes(envelope.content, policy=default)
        assert isinstance(received, EmailMessage)
        outbox_id = str(received["Message-ID"]).strip("<>").partition("@")[0]
        plain = received.get_body(("plain",))
        assert plain is not None
        self.copies.append(Copy(outbox_id, "", str(plain.get_content()), datetime.now(UTC)))


@asynccontextmanager
async def listening(server: MailServer, certificate: Path, key: Path) -> AsyncIterator[MailServer]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    listener = await asyncio.get_running_loop().create_server(
        lambda: SMTP(server, hostname="127.0.0.1"), "127.0.0.1", 0, ssl=tls
    )
    async with listener:
        server.url = f"smtps://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        yield server
