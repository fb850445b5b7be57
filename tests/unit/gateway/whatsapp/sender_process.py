"""Processes that send what the outbox holds and may stop at one step, forked from one that has loaded the code.

Reads a JSON object a line, `{"database", "graph", "step"?, "marker"?}`, and answers each with the process id of a new
sender; loading costs seconds, a fork milliseconds. The product itself has no hook.
"""

from __future__ import annotations

import asyncio
import ctypes
import functools
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from areaclienti.gateway.channels.whatsapp import outbox, sending
from areaclienti.gateway.channels.whatsapp.graph import GraphClient
from areaclienti.gateway.channels.whatsapp.outbound_texts import load_outbound_texts
from areaclienti.gateway.channels.whatsapp.sending import Sending
from areaclienti.gateway.db.database import SqliteDatabase, open_database
from tests.unit.gateway.whatsapp.ledger import RENDERING

# In the order of a message's way; "taken, not answered" is brought about by the Graph API of the test.
STEPS = (
    "collected, not committed",
    "claimed, not committed",
    "claimed",
    "before the request",
    "taken, not answered",
    "answered, not recorded",
    "recorded, not committed",
    "recorded",
)
NAIVE = "marked as sent, then sent"
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def install(step: str, marker: Path) -> None:
    """Let this process stop for ever when it comes to the step, after it has made the file `marker`."""

    def stop() -> None:
        marker.touch()
        time.sleep(3600)  # the thread, and with it the transaction: it waits to be killed

    if step == "collected, not committed":
        outbox.collect = _then(outbox.collect, stop)  # type: ignore[assignment]
    elif step == "claimed, not committed":
        outbox.claim = _then(outbox.claim, stop)  # type: ignore[assignment]
    elif step == "claimed":
        Sending._try = _stopping(stop)  # type: ignore[method-assign]
    elif step in ("before the request", NAIVE):
        GraphClient.send = _stopping(stop)  # type: ignore[method-assign]
    elif step == "answered, not recorded":
        outbox.sent = lambda *_: stop()  # type: ignore[assignment]
    elif step == "recorded, not committed":
        outbox.sent = _then(outbox.sent, stop)  # type: ignore[assignment]
    elif step == "recorded":
        _stop_after_commit(stop)
    if step == NAIVE:
        outbox.claim = _marking(outbox.claim)  # type: ignore[assignment]


def _then(call: Callable[..., Any], stop: Callable[[], None]) -> Callable[..., Any]:
    @functools.wraps(call)
    def stopping(session: Session, *arguments: Any) -> Any:
        result = call(session, *arguments)
        session.flush()  # the statements are with the database, the commit is not
        stop()
        return result

    return stopping


def _stopping(stop: Callable[[], None]) -> Callable[..., Any]:
    async def stopping(*_: Any) -> None:
        stop()

    return stopping


def _stop_after_commit(stop: Callable[[], None]) -> None:
    record, write = outbox.sent, SqliteDatabase.write
    recorded: list[bool] = []

    def noting(*arguments: Any) -> None:
        record(*arguments)
        recorded.append(True)

    async def stopping(self: SqliteDatabase, work: Callable[[Session], Any], *, urgent: bool = False) -> Any:
        result = await write(self, work, urgent=urgent)
        if recorded:
            stop()
        return result

    outbox.sent = noting  # type: ignore[assignment]
    SqliteDatabase.write = stopping  # type: ignore[method-assign]


def _marking(claim: Callable[..., Any]) -> Callable[..., Any]:
    """The naive order, which a control must show to lose messages."""

    def marking(session: Session, conversation_id: str) -> Any:
        claimed = claim(session, conversation_id)
        if isinstance(claimed, outbox.Claimed):
            outbox.sent(session, claimed, f"wamid.naive.{claimed.id}")
        return claimed

    return marking


async def _send(database_url: str, graph_url: str) -> None:
    database = open_database(database_url)
    graph = GraphClient(graph_url, "100000000000001", "access-token-for-tests")
    Sending(database, graph, RENDERING, load_outbound_texts()).start()
    await asyncio.Event().wait()


def main() -> None:
    """Fork a sender for each line, until there is none any more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the killed
    outbox.LEASE = timedelta(seconds=0.5)
    sending.SWEEP_SECONDS = 0.05
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            if sys.platform == "linux":
                ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            os.dup2(2, 1)  # what it logs is no process id
            given = json.loads(line)
            if given.get("step"):
                install(given["step"], Path(given["marker"]))
            asyncio.run(_send(given["database"], given["graph"]))
            os._exit(1)
        print(child, flush=True)


if __name__ == "__main__":
    main()
