"""Ends the gateway with kill -9, and has it started again."""

from __future__ import annotations

import asyncio
import os
import signal

from benchmarks.whatsapp.records import Records
from tests.stack import Stack


async def kill_gateway(stack: Stack, records: Records) -> bool:
    """Kill it and return when a new one is ready; tell whether it left something to do.

    The new one begins with a clean sheet: no back-off grows.
    """
    os.kill(stack.pid("gateway"), signal.SIGKILL)
    await asyncio.sleep(0.1)
    left = not (await records.counts()).is_settled
    await asyncio.to_thread(stack.restart, "gateway")
    return left
