"""`make desk`: the desk raced, killed, cut off and measured; the last line is one JSON object."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console

from areaclienti.supervisor.free_ports import free_ports
from benchmarks.desk import claims, deaths, hand_backs, revocation, sightings, silence, tabs
from benchmarks.desk.chromium_tab import ChromiumMissing, chromium_page
from benchmarks.desk.gateways import THE_PRODUCT, running_gateways, scratch
from benchmarks.desk.judged import judged_by
from benchmarks.desk.world import running_product
from benchmarks.postgres import PostgresMissing, empty_database, own_server, postgres_server

P99_OF_CLAIM_MS = 100.0
AT_ONCE = 16  # claims under way: more than two processors work on at a time only wait for each other
KILLS = 200
SEED = 7
P99_OF_SIGHT_MS = 1_000.0
GATEWAYS = 2
DATABASES = ("sqlite", "postgresql")
AXE_FOLDERS = ("desk", "desk_door", "desk_insight")
Result = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """What was asked for. `part` of the whole size, to try things out; figures name the size that they are of."""

    part: float
    say: Callable[[str], None]

    def size(self, whole: int, least: int = 2) -> int:
        """So many of so many."""
        return max(least, round(whole * self.part))


def main() -> int:
    """Run the parts whose name has one of the words of `--only`; return 1 when a figure is missed."""
    parser = argparse.ArgumentParser(prog="make desk", description=__doc__)
    parser.add_argument("--only", default="", help="parts whose name has one of these words")
    parser.add_argument("--size", type=float, default=1.0, help="a part of all sizes, to try things out")
    asked = parser.parse_args()
    words = asked.only.split() or [""]
    console, began = Console(stderr=True), time.monotonic()
    results: Result = {}
    for name, part in PARTS.items():
        if not any(word in name for word in words):
            continue
        started = time.monotonic()
        results[name] = part(Run(asked.size, lambda line, name=name: console.print(f"{name}: {line}")))  # type: ignore[misc]
        results[name]["seconds"] = round(time.monotonic() - started, 1)
        console.print(f"{name} ({results[name]['seconds']:.0f} s): {results[name]}")
    missed = [f"{name}: {line}" for name, result in results.items() for line in result.get("missed", [])]
    for line in missed:
        console.print(f"MISSED: {line}", style="bold red")
    figures = {
        "size": asked.size,
        "seconds": round(time.monotonic() - began, 1),
        "cores": os.cpu_count(),
        "load": [round(value, 1) for value in os.getloadavg()],
    }
    print(json.dumps({"ok": bool(results) and not missed, "missed": missed} | results | figures, ensure_ascii=False))
    return 0 if results and not missed else 1


def claimed(run: Run) -> Result:
    """Claims raced on both databases, and the control on both."""
    found: Result = {"claimers": claims.CLAIMERS, "conversations": run.size(claims.CONVERSATIONS), "at_once": AT_ONCE}
    missed: list[str] = []
    for kind in DATABASES:
        try:
            race = _raced(kind, run.size(claims.CONVERSATIONS))
            control = _raced(kind, run.size(100, 20), "benchmarks.desk.naive:reads_then_writes")
        except PostgresMissing as missing:
            missed.append(str(missing))
            continue
        run.say(f"{kind} {race}")
        found[kind] = _rounded(asdict(race))
        several = sum(count for winners, count in control.winners.items() if winners > 1)
        found[f"{kind}_control_conversations_with_several_winners"] = several
        missed += [f"{kind}: {line}" for line in _faults(race)]
        missed += [] if several else [f"{kind}: the naive claim was not noticed"]
    return found | {"missed": missed}


def _raced(kind: str, conversations: int, factory: str = THE_PRODUCT) -> claims.Race:
    with scratch() as folder, database(kind, str(folder)) as url:

        async def go() -> claims.Race:
            async with running_gateways(url, folder, factory=factory) as gateways:
                return await claims.race(
                    gateways, folder, claimers=claims.CLAIMERS, conversations=conversations, at_once=AT_ONCE
                )

        return asyncio.run(go())


def _faults(race: claims.Race) -> list[str]:
    faults = {
        f"winners of a conversation: {race.winners}": set(race.winners) != {1},
        f"other answers: {race.odd}": bool(race.odd),
        f"{race.mistold} losers were told of another than the winner": bool(race.mistold),
        f"{race.others_in_database} conversations belong to another in the database": bool(race.others_in_database),
        f"{race.events} events for {sum(race.winners.values())} conversations": race.events
        != sum(race.winners.values()),
        "nobody met anybody": not race.met,
        f"p99 {race.times.p99:.1f} ms": race.times.p99 > P99_OF_CLAIM_MS,
        f"p99 of winners {race.times_of_winners.p99:.1f} ms": race.times_of_winners.p99 > P99_OF_CLAIM_MS,
    }
    return [line for line, is_one in faults.items() if is_one]


def silent(run: Run) -> Result:
    """What the assistant hears and says while people have the conversations, and a gateway that asks it anyway."""
    found = _silence(THE_PRODUCT, silence.CUSTOMERS, run.size(silence.MESSAGES, silence.CUSTOMERS))
    control = _silence("benchmarks.desk.naive:asks_anyway", 2, 40, settle_seconds=8.0, hands_back=False)
    heard = {
        name: value for name, value in asdict(found).items() if name not in ("customers", "messages", "taken") and value
    }
    missed = [f"{name}: {value}" for name, value in heard.items() if name != "heard_after_hand_back"]
    missed += [] if found.taken == found.messages else [f"{found.taken} of {found.messages} messages were taken"]
    if found.heard_after_hand_back < found.customers:
        missed.append("the recorder at the engine's door did not see what was handed back")
    noticed = {
        name: value for name, value in asdict(control).items() if name in ("bot_lines", "rows_changed_in_engine")
    }
    missed += [f"the control was not noticed by {name}" for name, value in noticed.items() if not value]
    return asdict(found) | {"control": asdict(control), "missed": missed}


def _silence(factory: str, customers: int, messages: int, **more: Any) -> silence.Silence:
    with scratch() as folder, running_product(folder, factory=factory) as world:

        async def go() -> silence.Silence:
            await world.second.wait_until_ready()
            return await silence.keep_silence(world, customers, messages, **more)

        return asyncio.run(go())


def handed_back(run: Run) -> Result:
    """From every step of every story, at that step and each before it."""
    with scratch() as folder, running_product(folder) as world:

        async def go() -> hand_backs.Returns:
            await world.second.wait_until_ready()
            return await hand_backs.hand_back_everywhere(world, run.part)

        found = asyncio.run(go())
    missed = [f"stood elsewhere: {line}" for line in found.elsewhere]
    missed += [f"not finished: {line}" for line in found.unfinished]
    missed += [] if found.finished == found.tried else [f"{found.finished} of {found.tried} were finished"]
    figures = asdict(found) | {"elsewhere": len(found.elsewhere), "unfinished": len(found.unfinished)}
    return figures | {"missed": missed}


def seen(run: Run) -> Result:
    """Escalations on 200 agents' screens, on SQLite and PostgreSQL; a customer's turn without and with that load."""
    found: Result = {}
    missed: list[str] = []
    for kind in DATABASES:
        try:
            measured = _sightings(kind, run)
        except PostgresMissing as missing:
            missed.append(str(missing))
            continue
        run.say(f"{kind} {measured}")
        found[kind] = _rounded(asdict(measured))
        late = {gateway: sight.p99 for gateway, sight in measured.from_accepted.items() if sight.p99 > P99_OF_SIGHT_MS}
        missed += [f"{kind}: p99 {p99:.0f} ms at {gateway}" for gateway, p99 in late.items()]
        missed += [f"{kind}: {measured.not_seen} were never seen"] if measured.not_seen else []
        missed += [f"{kind}: nobody watched at one of the gateways"] if len(measured.from_accepted) < GATEWAYS else []
    return found | {"missed": missed}


def _sightings(kind: str, run: Run) -> sightings.Sightings:
    sizes = run.size(sightings.AGENTS), run.size(sightings.CONVERSATIONS), run.size(sightings.ESCALATIONS)
    with scratch() as folder, database(kind, str(folder)) as url, running_product(folder, database_url=url) as world:

        async def go() -> sightings.Sightings:
            await world.second.wait_until_ready()
            return await sightings.look_out(world, *sizes)

        return asyncio.run(go())


def killed(run: Run) -> Result:
    """200 kills on both databases while everybody talks, and a gateway that acknowledges first."""
    found: Result = {}
    missed: list[str] = []
    for kind in DATABASES:
        try:
            came = _deaths(kind, run.size(KILLS // len(DATABASES), 6), THE_PRODUCT)
        except PostgresMissing as missing:
            missed.append(str(missing))
            continue
        run.say(f"{kind} {came}")
        found[kind] = asdict(came)
        wrong = ("lost", "twice", "gaps", "answers_lost_or_twice", "not_settled")
        missed += [f"{kind}: {name} {getattr(came, name)} {came.examples[:3]}" for name in wrong if getattr(came, name)]
        missed += [] if came.kills_amid_traffic else [f"{kind}: nobody talked while processes died"]
    control = _deaths("sqlite", 12, "benchmarks.desk.naive:acknowledges_first")
    missed += [] if control.lost else ["the gateway that acknowledges first was not noticed"]
    return found | {"control_lost": control.lost, "missed": missed}


def _deaths(kind: str, kills: int, factory: str) -> deaths.Deaths:
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(scratch())
        server = stack.enter_context(own_server()) if kind == "postgresql" else None
        url = server.url if server is not None else f"sqlite+aiosqlite:///{folder}/gateway.db"
        world = stack.enter_context(
            running_product(
                folder, database_url=url, factory=factory, desk_lease_seconds="60", start_timeout_seconds="300"
            )
        )

        async def go() -> deaths.Deaths:
            await world.second.wait_until_ready()
            return await deaths.die(world, kills, SEED, server)

        return asyncio.run(go())


def cut_off(run: Run) -> Result:
    """Tabs on bad lines: a page without a browser, then the real page in Chromium."""
    of_python, of_chromium = free_ports(run.size(tabs.TABS)), free_ports(1)
    origins = json.dumps([f"http://127.0.0.1:{port}" for port in (*of_python, *of_chromium)])
    with scratch() as folder, running_product(folder, allowed_origins=origins) as world:

        async def go() -> dict[str, tabs.Tabs]:
            await world.second.wait_until_ready()
            in_python, in_chromium = await asyncio.gather(
                tabs.on_bad_lines(world, of_python, run.size(tabs.ROUNDS, 1)),
                tabs.on_bad_lines(world, of_chromium, run.size(tabs.ROUNDS, 1), chromium_page),
            )
            return {"in_python": in_python, "in_chromium": in_chromium}

        try:
            found = asyncio.run(go())
        except ChromiumMissing as missing:
            return {"missed": [str(missing)]}
    missed = [f"{name}: {line}" for name, came in found.items() for line in came.never]
    missed += [
        f"{name}: {fault} {seconds} s"
        for name, came in found.items()
        for fault, seconds in came.slowest.items()
        if seconds > tabs.EQUAL_SECONDS
    ]
    return {name: asdict(came) for name, came in found.items()} | {"missed": missed}


def revoked(run: Run) -> Result:
    """The streams of somebody whom an operator revokes."""
    with scratch() as folder, database("sqlite", str(folder)) as url:

        async def go() -> revocation.Revocation:
            async with running_gateways(url, folder, desk_lease_seconds="60") as gateways:
                return await revocation.revoke(gateways)

        found = asyncio.run(go())
    late = [seconds for seconds in found.ended_after if seconds is None or seconds > revocation.WITHIN_SECONDS]
    missed = [f"{len(late)} of {found.streams} streams went on"] if late else []
    missed += [f"asked afterwards: {found.refused_afterwards}"] if set(found.refused_afterwards) != {401} else []
    missed += [f"{found.others_cut} streams of a colleague were cut"] if found.others_cut else []
    missed += [] if found.conversation_back_in_queue else ["what he had is not in the queue"]
    return asdict(found) | {"missed": missed}


def matrix(_: Run) -> Result:
    """Routes, roles and agencies, generated from the router by the unit tests; and what scope.py says, case by case."""
    return _judged("tests/unit/desk", "-k", "matrix or scope")


def accessible(_: Run) -> Result:
    """Every page and state of the desk in both colour schemes, by axe."""
    return _judged(*(f"tests/browser/{folder}" for folder in AXE_FOLDERS), "-k", "accessib")


def _judged(*selection: str) -> Result:
    found = judged_by(selection)
    missed = [f"failed: {name}" for name in found.failed] + [f"skipped: {name}" for name in found.skipped]
    missed += [] if found.passed else ["no test was run"]
    figures = asdict(found) | {"failed": len(found.failed), "skipped": len(found.skipped)}
    return figures | {"missed": missed}


PARTS: dict[str, Callable[[Run], Result]] = {
    "claimed": claimed,
    "silent": silent,
    "killed": killed,
    "tabs": cut_off,
    "handed_back": handed_back,
    "matrix": matrix,
    "revoked": revoked,
    "seen": seen,
    "accessible": accessible,
}


@contextlib.contextmanager
def database(kind: str, folder: str) -> Iterator[str]:
    """An empty database of a kind. Raises PostgresMissing."""
    if kind == "sqlite":
        yield f"sqlite+aiosqlite:///{folder}/gateway.db"
        return
    with postgres_server() as server, empty_database(server) as url:
        yield url


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 1)
    if isinstance(value, dict):
        return {str(key): _rounded(each) for key, each in value.items()}
    return value


if __name__ == "__main__":
    sys.exit(main())
