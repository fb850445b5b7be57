"""The insurer's side: the stand-in behind a real socket, on a database of its own, and services that misbehave."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from sqlalchemy import func, select

from areaclienti.identity.db.models import MailboxMessage, OutboxMessage
from areaclienti.identity.ports.standin.app import PORTS, serve
from areaclienti.identity.services import Services
from tests.unit.identity.world import SetClock, World, a_registry, running, settings_for

KEY = "key-of-the-insurer"

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Insurer:
    """The services that hold the insurer's data, where the stand-in serves them, and the paths asked for so far."""

    services: Services
    url: str = ""
    asked: list[str] = field(default_factory=list)
    failing: str | None = None  # answers 503 to paths that begin so
    losing: str | None = None  # does what was asked, and then answers 503


@asynccontextmanager
async def the_insurer(database_url: str, clock: SetClock, *ports: str, **options: Any) -> AsyncIterator[Insurer]:
    """The stand-in serves these ports; `options` are uvicorn's."""
    services = Services(settings_for(database_url), clock)
    async with services.database.write() as session:
        session.add_all(a_registry())
    services.start()
    try:
        insurer = Insurer(services)
        app = serve(services, KEY, *ports)

        @app.middleware("http")
        async def count(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
            insurer.asked.append(request.url.path)
            path = request.url.path
            if insurer.failing is not None and path.startswith(insurer.failing):
                return Response(status_code=503)
            answer = await go_on(request)
            return Response(status_code=503) if path == insurer.losing else answer

        async with listening(app, **options) as insurer.url:
            yield insurer
    finally:
        await services.close()


class InsuredWorld(World):
    """A product whose customers, codes, accounts and messages are the insurer's."""

    insurer: Insurer

    async def mail(self) -> list[dict[str, Any]]:
        """Everything that the insurer has sent so far, newest first."""
        await all_sent(self.services, self.clock)
        await all_sent(self.insurer.services, self.clock)
        return await sent_by(self.insurer.services)


@asynccontextmanager
async def insured_world(database_url: str, insurer: Insurer, clock: SetClock, **changes: Any) -> AsyncIterator[World]:
    settings = settings_for(database_url, **(ports_of(insurer.url) | changes))
    async with running(settings, with_registry=False, clock=clock) as world:
        insured = InsuredWorld(world.app, world.services, world.clock, world.http)
        insured.insurer = insurer
        yield insured


def ports_of(url: str) -> dict[str, Any]:
    """The settings that put all ports there; with time enough for a crowded machine."""
    ports = {f"{port}_url": url for port in PORTS} | {f"{port}_key": KEY for port in PORTS}
    return ports | {"delivery": "live", "ports_timeout_seconds": 10, "ports_deadline_seconds": 30}


async def all_sent(services: Services, clock: SetClock) -> None:
    """Waits until nothing that is due is left in the outbox."""
    due = select(func.count()).where(
        OutboxMessage.status.in_(("pending", "claimed")), OutboxMessage.due_at <= clock() + timedelta(minutes=2)
    )
    while True:
        services.outbox_worker.wake()
        async with services.database.read() as session:
            if not await session.scalar(due):
                return
        await asyncio.sleep(0.01)


async def sent_by(services: Services) -> list[dict[str, Any]]:
    async with services.database.read() as session:
        messages = await session.scalars(select(MailboxMessage).order_by(MailboxMessage.id.desc()))
        return [
            {"channel": one.channel, "to": one.recipient, "subject": one.subject, "text": one.text} for one in messages
        ]


@asynccontextmanager
async def listening(app: FastAPI, **options: Any) -> AsyncIterator[str]:
    """`app` behind a real socket on the loopback, which may be given as `socket`; gives its URL."""
    sockets = [options.pop("socket")] if "socket" in options else None
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off", **options))
    task = asyncio.create_task(server._serve(sockets))  # without its signal handlers: they are pytest's
    while not server.started:
        assert not task.done()
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"{'https' if 'ssl_certfile' in options else 'http'}://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


class Misbehaving:
    """A server that does to each connection what it is told; `asked` counts the requests that reached it."""

    close: Callable[[], None]
    socket: socket.socket  # stays open after `close`, so that another server can take its place and nobody the port

    def __init__(self) -> None:
        self.url = ""
        self.asked = 0
        self.reached = asyncio.Event()
        self.behaviour: Behaviour = answering(500, b"{}")

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
            )
            await reader.readexactly(length)
            self.asked += 1
            self.reached.set()
            await self.behaviour(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def misbehaving() -> AsyncIterator[Misbehaving]:
    server = Misbehaving()
    with socket.create_server(("127.0.0.1", 0)) as server.socket:
        listener = await asyncio.start_server(server.handle, sock=server.socket.dup())
        server.url = f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        server.close = listener.close
        try:
            yield server
        finally:
            listener.close()


def answering(status: int, body: bytes, *headers: str) -> Behaviour:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]

    async def behave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write("\r\n".join(lines).encode() + body)
        await writer.drain()

    return behave


async def hangs(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()  # until the caller gives up


def hangs_until(released: asyncio.Event) -> Behaviour:
    async def behave(*_: object) -> None:
        await released.wait()

    return behave


async def drips(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Sends a byte now and then: never long enough apart for a time-out between two bytes."""
    writer.write(b"HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\n")
    for _n in range(1000):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


async def cuts(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\n{")
    await writer.drain()


async def floods(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 X\r\nContent-Length: 200000000\r\n\r\n")
    while True:
        writer.write(b" " * 100_000)
        await writer.drain()
