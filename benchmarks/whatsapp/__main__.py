"""`make whatsapp`: the channel raced, killed, flooded and talked to; the last line is one JSON object."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from areaclienti.settings import SIMULATED_PHONE_NUMBER_ID
from benchmarks.otherwise import gateway_made_by, started_otherwise
from benchmarks.postgres import PostgresMissing, empty_database, postgres_server
from benchmarks.product import ROOT
from benchmarks.whatsapp import acknowledgement, flows, malformed, once, outages, outbound
from benchmarks.whatsapp.once import Address
from benchmarks.whatsapp.records import Records
from tests.scenarios.product import SETTINGS
from tests.stack import Stack, running_stack

SEED = 6
PROCESSED_OF_MALFORMED = (200, 400, 401, 413)
P99_MS = 50.0
FLOW_ANSWER_SECONDS = 1.0  # https://developers.facebook.com/docs/whatsapp/flows/guides/healthmonitoring
Result = dict[str, Any]


def main() -> int:
    """Run the parts whose name has `--only`; return 1 when a figure is missed."""
    parser = argparse.ArgumentParser(prog="make whatsapp", description=__doc__)
    parser.add_argument("--only", default="", help="parts whose name has this word")
    only = parser.parse_args().only
    console, began = Console(stderr=True), time.monotonic()
    results: Result = {}
    for name, part in PARTS.items():
        if only not in name:
            continue
        started = time.monotonic()
        results[name] = part()
        console.print(f"{name} ({time.monotonic() - started:.0f} s): {results[name]}")
    missed = [f"{name}: {line}" for name, result in results.items() for line in result.get("missed", [])]
    for line in missed:
        console.print(f"MISSED: {line}", style="bold red")
    figures = {"seconds": round(time.monotonic() - began, 1), "load": round(os.getloadavg()[0], 1)}
    print(json.dumps({"ok": bool(results) and not missed, "missed": missed} | results | figures, ensure_ascii=False))
    return 0 if results and not missed else 1


def raced() -> Result:
    """50 deliveries at once, killed and not, on both databases."""
    found: Result = {}
    with product() as stack:
        found["sqlite"] = _raced(stack, _sqlite_url(stack), killed=10, calm=5)
    try:
        with postgres_server() as server, empty_database(server) as url, product(gateway_database_url=url) as stack:
            found["postgresql"] = _raced(stack, url, killed=6, calm=5)
    except PostgresMissing as missing:
        found["postgresql"] = {"missed": [str(missing)]}
    return found | {"missed": [line for result in found.values() for line in result["missed"]]}


def _raced(stack: Stack, url: str, *, killed: int, calm: int, settle_seconds: float = 60.0) -> Result:
    async def run() -> Result:
        records = Records(url)
        try:
            tallies = [
                await once.rounds(
                    stack,
                    address_of(stack),
                    records,
                    kill=kill,
                    count=count,
                    seed=SEED,
                    settle_seconds=settle_seconds,
                )
                for kill, count in ((True, killed), (False, calm))
            ]
        finally:
            await records.close()
        wrong = [line for tally in tallies for line in tally.wrong]
        lost = sum(tally.not_answered_200 for tally in tallies)
        waiting = sum(tally.work_was_waiting for tally in tallies)
        return {
            "rounds": sum(tally.rounds for tally in tallies),
            "kills": sum(tally.kills for tally in tallies),
            "kills_with_work_waiting": waiting,
            "deliveries": sum(tally.deliveries for tally in tallies),
            "not_answered_200": lost,
            "rounds_without_exactly_one_turn_a_message": len(wrong),
            "missed": wrong
            + ([f"{lost} deliveries were never answered 200"] if lost else [])
            + (["no kill came between an acknowledgement and its turn"] if killed and not waiting else []),
        }

    return asyncio.run(run())


def controls() -> Result:
    """The same races against intakes that do what is often done instead: both must fail."""
    found: Result = {}
    for name, kills, calm in (("looks_then_writes", 0, 3), ("acknowledges_first", 4, 0)):
        changed = started_otherwise({"gateway": gateway_made_by(f"benchmarks.whatsapp.naive:{name}")})
        with changed, product() as stack:
            # what they break may never come to rest
            result = _raced(stack, _sqlite_url(stack), killed=kills, calm=calm, settle_seconds=8.0)
        found[name] = result["rounds_without_exactly_one_turn_a_message"]
    return found | {"missed": [f"{name} was not noticed" for name, noticed in found.items() if not noticed]}


def refused() -> Result:
    """500 malformed or unsigned payloads."""
    with product() as stack:

        async def run() -> Result:
            records = Records(_sqlite_url(stack))
            before = await records.counts()
            answers = await malformed.send(address_of(stack), SEED)
            added = (await records.settled(10)).since(before)
            await records.close()
            errors = sum(count for status, count in answers.items() if status >= 500)
            odd = {status: count for status, count in answers.items() if status not in PROCESSED_OF_MALFORMED}
            processed = added.lines + added.turns + added.conversations
            return {
                "sent": sum(answers.values()),
                "answers": {str(status): count for status, count in sorted(answers.items())},
                "processed": processed,
                "server_errors": errors,
                "missed": [f"{processed} processed, answers {odd}"] if processed or odd else [],
            }

        return asyncio.run(run())


def acknowledged() -> Result:
    """100 webhooks a second."""
    with product() as stack:
        times, not_200 = asyncio.run(acknowledgement.flood(address_of(stack)))
        figures = {name: round(getattr(times, name), 1) for name in ("p50", "p95", "p99")}
        missed = [f"p99 {times.p99:.1f} ms"] if times.p99 > P99_MS else []
        missed += [f"{not_200} not answered 200"] if not_200 else []
        rate = {"per_second": acknowledgement.PER_SECOND, "webhooks": times.count}
        return rate | figures | {"not_answered_200": not_200, "missed": missed}


def killed() -> Result:
    """Conversations while the gateway is killed."""
    with product() as stack:

        async def run() -> outages.Outages:
            records = Records(_sqlite_url(stack))
            try:
                return await outages.converse(stack, stack.urls.simulator, records, SEED)
            finally:
                await records.close()

        found = asyncio.run(run())
        wrong = {"not settled": found.not_settled, "lost": found.lost, "unsaid": found.lines_without_a_message}
        missed = [f"{name}: {value}" for name, value in wrong.items() if value]
        return asdict(found) | {"missed": missed}


def sent() -> Result:
    """Generated turns as messages to the simulator, and beside what pywa would send."""
    found = outbound.send_all()
    wrong = {"refused": found.refused, "unlike pywa": found.unlike_pywa}
    missed = [f"{len(value)} {name}: {value[0]}" for name, value in wrong.items() if value]
    missed += [f"{found.messages} messages"] if found.messages < outbound.MESSAGES else []
    figures = asdict(found) | {"refused": len(found.refused), "unlike_pywa": len(found.unlike_pywa)}
    return figures | {"missed": missed}


def by_flow() -> Result:
    """The password by a WhatsApp Flow."""
    with tempfile.TemporaryDirectory(prefix="areaclienti-flow-") as folder:
        pair, passphrase, file = flows.new_key(), "frase di prova", Path(folder) / "flow.pem"
        file.write_text(flows.as_pem(pair, passphrase), encoding="ascii")
        file.chmod(0o600)
        settings = {
            "whatsapp_flow_id": flows.FLOW_ID,
            "whatsapp_flow_private_key_file": str(file),
            "whatsapp_flow_passphrase": passphrase,
        }
        with product(**settings) as stack:
            keys = flows.Keys(pair, passphrase, stack.keys["whatsapp_app_secret"])
            right, slowest = asyncio.run(flows.walk(stack, keys))
    missed = [name for name, is_right in right.items() if not is_right]
    missed += [f"slowest answer {slowest:.1f} s"] if slowest >= FLOW_ANSWER_SECONDS else []
    return right | {"slowest_seconds": round(slowest, 2), "missed": missed}


def talked() -> Result:
    """Every scenario of `make scenarios`, both stories and section C among them, over this channel."""
    command = [sys.executable, "-m", "scripts.scenarios", "--channel", "whatsapp"]
    outside = {name: value for name, value in os.environ.items() if not name.startswith("AREACLIENTI_")}
    done = subprocess.run(command, cwd=ROOT, env=outside, stdout=subprocess.PIPE, text=True, check=False)
    found: Result = json.loads(done.stdout.splitlines()[-1])
    missed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    return found | {"missed": missed or ([] if done.returncode == 0 else [f"exit code {done.returncode}"])}


PARTS: dict[str, Callable[[], Result]] = {
    "raced": raced,
    "controls": controls,
    "malformed": refused,
    "acknowledged": acknowledged,
    "killed": killed,
    "sent": sent,
    "flow": by_flow,
    "conversations": talked,
}


@contextlib.contextmanager
def product(**settings: str) -> Iterator[Stack]:
    """A product of its own, with the simulator."""
    with (
        tempfile.TemporaryDirectory(prefix="areaclienti-whatsapp-") as folder,
        running_stack(Path(folder), **SETTINGS, **settings) as stack,
    ):
        yield stack


def address_of(stack: Stack) -> Address:
    """Where its webhooks go."""
    return Address(stack.urls.gateway, SIMULATED_PHONE_NUMBER_ID, stack.keys["whatsapp_app_secret"])


def _sqlite_url(stack: Stack) -> str:
    return f"sqlite+aiosqlite:///{stack.gateway_database}"


if __name__ == "__main__":
    sys.exit(main())
