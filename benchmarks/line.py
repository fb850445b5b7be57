"""A line between a browser and a gateway that can be cut, fall asleep, hold back, drop and delay what goes over it."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from typing import Literal, get_args

Fault = Literal["cut", "asleep", "buffered", "dropping", "slow"]
FAULTS: tuple[Fault, ...] = get_args(Fault)
_CHUNK = 65_536
_SLOW_SECONDS = 0.3
_DROP_SECONDS = 0.4


class Line:
    """One port that leads to another. While a fault is on:

    cut: connections are reset, and new ones as soon as they come; asleep: nothing passes in either direction, and
    nothing is lost; buffered: what the gateway sends is held back, as by a proxy that collects answers; dropping:
    connections are reset again and again; slow: each piece takes a while.
    """

    def __init__(self, port: int, upstream_port: int, chance: random.Random) -> None:
        self.port = port
        self._upstream_port = upstream_port
        self._chance = chance
        self._fault: Fault | None = None
        self._changed = asyncio.Condition()
        self._open: set[asyncio.StreamWriter] = set()
        self.connections = 0

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[Line]:
        """Serve until the block ends."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        dropping = asyncio.create_task(self._drop_again_and_again())
        try:
            yield self
        finally:
            dropping.cancel()
            server.close()
            await self.set(None)
            self._reset_all()

    async def set(self, fault: Fault | None) -> None:
        """Begin or end a fault."""
        async with self._changed:
            self._fault = fault
            self._changed.notify_all()
        if fault == "cut":
            self._reset_all()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self._fault == "cut":
            writer.transport.abort()
            return
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._upstream_port)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, up_writer}
        self._open |= ends
        try:
            await asyncio.gather(
                self._pass_on(reader, up_writer, downstream=False), self._pass_on(up_reader, writer, downstream=True)
            )
        except OSError:
            pass  # whoever hung up knows it
        finally:
            self._open -= ends
            for end in ends:
                end.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, downstream: bool) -> None:
        while data := await reader.read(_CHUNK):
            if self._fault == "asleep" or (self._fault == "buffered" and downstream):
                held = self._fault
                async with self._changed:
                    await self._changed.wait_for(lambda held=held: self._fault != held)  # type: ignore[misc]
            elif self._fault == "slow":
                await asyncio.sleep(_SLOW_SECONDS)
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError  # the other direction ends too

    async def _drop_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(self._chance.uniform(0.5, 1.5) * _DROP_SECONDS)
            if self._fault == "dropping":
                self._reset_all()

    def _reset_all(self) -> None:
        for writer in tuple(self._open):
            writer.transport.abort()
