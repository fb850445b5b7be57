"""Processes that run the adapter and may stop at one step, forked from one that has loaded the code.

Reads a JSON object a line, `{"database", "chatwoot", "step", "marker"}`, and answers each with the id of a new process;
loading costs seconds, a fork milliseconds. The product itself has no hook.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from areaclienti.desk.chatwoot import adapter, inbound
from areaclienti.desk.chatwoot.adapter import Chatwoot
from areaclienti.desk.chatwoot.client import ChatwootClient
from areaclienti.desk.chatwoot.inbound import Inbound
from areaclienti.desk.chatwoot.links import Link, Patience
from areaclienti.desk.chatwoot.outbound import Outbound
from areaclienti.gateway.db.database import open_database
from tests.contract.chatwoot.conftest import settings
from tests.unit.desk.world import World

# In the order of what happens; "taken, not answered" is brought about by the stand-in.
OUTWARD = (
    "taken up",
    "noted as under way",
    "taken, not answered",
    "answered, not noted",
    "noted",
)
INWARD = (
    "read, not kept",
    "kept, not acted on",
    "said to the customer, not noted",
)
NAIVE = "noted as done, then sent"
PATIENCE = Patience(
    lease=timedelta(seconds=0.5), proof=timedelta(seconds=0.5), look=timedelta(0), told_after=timedelta(hours=1)
)
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def install(step: str, marker: Path) -> None:
    """Let this process stop for ever when it comes to the step, after it has made the file `marker`."""

    def stop(*_: Any) -> None:
        marker.touch()
        time.sleep(3600)  # it waits to be killed

    async def stopping(*_: Any, **__: Any) -> Any:
        stop()

    if step == "taken up":
        Outbound.bring = stopping  # type: ignore[method-assign]
    elif step in ("noted as under way", NAIVE):
        ChatwootClient.say_as_customer = stopping  # type: ignore[method-assign]
    elif step == "answered, not noted":
        Outbound._done = stopping  # type: ignore[method-assign]
    elif step == "noted":
        Outbound._done = _then(Outbound._done, stop)  # type: ignore[method-assign]
    elif step == "read, not kept":
        inbound.keep = stop  # type: ignore[assignment]
    elif step == "kept, not acted on":
        Inbound._bring = stopping  # type: ignore[method-assign]
    elif step == "said to the customer, not noted":
        inbound._finish = stop
    if step == NAIVE:
        Outbound._post = _noting_first  # type: ignore[method-assign]


def _then(call: Callable[..., Any], stop: Callable[..., None]) -> Callable[..., Any]:
    async def stopping(*arguments: Any) -> None:
        await call(*arguments)
        stop()

    return stopping


async def _noting_first(self: Outbound, link: Link, key: str, send: Callable[[], Any]) -> None:
    """The naive order, which a control must show to lose what was said."""
    if key.startswith("line-"):
        await self._done(link, key, link.row.sent_message_id)
        await send()
    else:
        await self._done(link, key, await send())


async def _run(database_url: str, chatwoot_url: str) -> None:
    database = open_database(database_url)
    world = World(database)

    async def summary_of(_: str) -> dict[str, Any]:
        return {}

    running = Chatwoot(
        settings(chatwoot_url=chatwoot_url), database, world.hub, world.operations, world.customers, summary_of,
        patience=PATIENCE, clock=world.clock,
    )  # fmt: skip
    running.start()
    await asyncio.Event().wait()


def main() -> None:
    """Fork an adapter for each line, until there is none any more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the killed
    adapter.SWEEP_SECONDS = 0.05
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            if sys.platform == "linux":
                ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            os.dup2(2, 1)  # what it logs is no process id
            given = json.loads(line)
            if given.get("step"):
                install(given["step"], Path(given["marker"]))
            asyncio.run(_run(given["database"], given["chatwoot"]))
            os._exit(1)
        print(child, flush=True)


if __name__ == "__main__":
    main()
