"""Many processes, each an agent's browser that claims the same conversations in the same order, one after the other.

Reads a plan as JSON from the standard input: `urls` of the gateways, `origin`, `cookies` (one a process), `handovers`,
`at_once` (how many claims may be under way), `out` (a folder; each process leaves a file of its claims there). The
standard library alone: sixty-four of them are forked from here in a moment.
"""

from __future__ import annotations

import http.client
import json
import multiprocessing
import sys
import time
from multiprocessing.synchronize import Barrier, Semaphore
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


def main() -> int:
    """Fork the claimers, wait until all are done; 1 when one of them failed."""
    plan = json.load(sys.stdin)
    context = multiprocessing.get_context("fork")
    together, places = context.Barrier(len(plan["cookies"])), context.Semaphore(plan["at_once"])
    claimers = [
        context.Process(target=_claim_all, args=(plan, number, together, places))
        for number in range(len(plan["cookies"]))
    ]
    for claimer in claimers:
        claimer.start()
    for claimer in claimers:
        claimer.join()
    return int(any(claimer.exitcode for claimer in claimers))


def _claim_all(plan: dict[str, Any], number: int, together: Barrier, places: Semaphore) -> None:
    gateway = urlsplit(plan["urls"][number % len(plan["urls"])])
    connection = http.client.HTTPConnection(gateway.hostname or "", gateway.port, timeout=60)
    headers = {"Cookie": plan["cookies"][number], "Origin": plan["origin"], "Content-Length": "0"}
    claims = []
    together.wait()
    for handover_id in plan["handovers"]:
        with places:
            began = time.monotonic()
            connection.request("POST", f"/desk/api/handovers/{handover_id}/claim", headers=headers)
            answer = connection.getresponse()
            body = json.loads(answer.read())
            claims.append([answer.status, began, time.monotonic(), body.get("code"), body.get("agent_name")])
    (Path(plan["out"]) / f"{number}.json").write_text(json.dumps(claims), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
