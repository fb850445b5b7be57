"""A recording proxy between two processes: hands every byte on and keeps it, and can let the other side seem ill."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import h11

_CHUNK = 65_536

Fault = Callable[[str, str], bytes | None]
Pause = Callable[[str, str], float]
LinkOf = Callable[[Mapping[bytes, bytes]], str]


@dataclass(frozen=True)
class Exchange:
    """One request and its answer, as bytes on the wire; a body that came in chunks follows once more in one piece."""

    link: str
    method: str
    path: str
    request: bytes = field(repr=False)
    answer: bytes = field(repr=False)


@dataclass
class Wiretap:
    """One port that leads to another; `link_of` names the link by the request's headers.

    `fault` (method, path → bytes, or None) answers in place of the other side; the connection ends then, so its bytes
    say `Connection: close`. `pause` (method, path → seconds) holds an answer back. Where the other side is away, the
    caller's connection ends without an answer, as it would without the tap.
    """

    port: int
    upstream_port: int
    link_of: LinkOf
    folder: Path
    fault: Fault | None = None
    pause: Pause | None = None
    exchanges: list[Exchange] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One caller's connection, with as many requests as he likes."""
        caller = h11.Connection(h11.SERVER)
        try:
            while (message := await _message(caller, reader)) is not None:
                head, request, whole_body = message
                assert isinstance(head, h11.Request)
                method, path = head.method.decode(), head.target.decode()
                faulty = self.fault(method, path) if self.fault else None
                answer, whole_answer = (faulty, b"") if faulty is not None else await self._ask(head, request)
                self._keep(
                    Exchange(
                        self.link_of(dict(head.headers)), method, path, request + whole_body, answer + whole_answer
                    )
                )
                if self.pause:
                    await asyncio.sleep(self.pause(method, path))
                writer.write(answer)
                await writer.drain()
                if faulty is not None or not answer:
                    return
                caller.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
                caller.send(h11.EndOfMessage())
                caller.start_next_cycle()
        except (OSError, h11.ProtocolError):
            pass  # whoever hung up knows it
        finally:
            writer.close()

    async def _ask(self, head: h11.Request, request: bytes) -> tuple[bytes, bytes]:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.upstream_port)
        except OSError:
            return b"", b""
        try:
            writer.write(request)
            await writer.drain()
            asking = h11.Connection(h11.CLIENT)
            asking.send(head)
            message = await _message(asking, reader)
        except (OSError, h11.ProtocolError):
            message = None
        finally:
            writer.close()
        return message[1:] if message else (b"", b"")

    def _keep(self, exchange: Exchange) -> None:
        number = len(self.exchanges)
        self.exchanges.append(exchange)
        folder = self.folder / exchange.link
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:05d}.request").write_bytes(exchange.request)
        (folder / f"{number:05d}.answer").write_bytes(exchange.answer)


async def _message(
    connection: h11.Connection, reader: asyncio.StreamReader
) -> tuple[h11.Request | h11.Response, bytes, bytes] | None:
    """The next message: its head, all its bytes, and its body in one piece where it came in chunks. None at the end."""
    head: h11.Request | h11.Response | None = None
    raw, body = bytearray(connection.trailing_data[0]), bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            data = await reader.read(_CHUNK)
            if not data and not raw:
                return None
            raw += data
            connection.receive_data(data)
        elif isinstance(event, h11.Request | h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            assert head is not None
            is_chunked = b"transfer-encoding" in dict(head.headers)
            return head, bytes(raw), bytes(body) if is_chunked else b""
        elif isinstance(event, h11.ConnectionClosed):
            return None


@contextlib.contextmanager
def listening(*taps: Wiretap) -> Iterator[None]:
    """Serve the taps, in a thread of its own, until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="wiretap", daemon=True)
    thread.start()

    async def start() -> list[asyncio.Server]:
        return [await asyncio.start_server(tap.serve, "127.0.0.1", tap.port) for tap in taps]

    async def stop() -> None:
        for server in servers:
            server.close()
        under_way = asyncio.all_tasks() - {asyncio.current_task()}
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    servers = asyncio.run_coroutine_threadsafe(start(), loop).result()
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
