"""Measures how fast the matcher finds one of a million customers on PostgreSQL (`make matching`); JSON comes last."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from areaclienti.identity.db.migrate import upgrade
from areaclienti.identity.registry_import import Records, store
from benchmarks.figures import Times, times
from benchmarks.matching import million, questions
from benchmarks.matching.asking import Asking
from benchmarks.matching.identity_services import identity_services
from benchmarks.matching.population import persons
from benchmarks.matching.registry_rows import add
from benchmarks.matching.rows import Company, Person
from benchmarks.postgres import empty_database, postgres_server

SEED = 7_001
RUNS = 3
AT_ONCE = 4
GOAL_P99_MS = 5.0
SQLITE_CUSTOMERS = 10_000
_WARM_UP = 500


def main() -> int:
    """Print a table and one line of JSON; 1 when a plan reads a whole table of the registry."""
    arguments = _arguments()
    console = Console()
    figures: dict[str, Any] = {"cores": os.cpu_count(), "load_before": round(os.getloadavg()[0], 2)}
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        with postgres_server() as server, empty_database(server) as url:
            figures["postgresql"] = asyncio.run(_on_postgresql(url, arguments, progress))
        with tempfile.TemporaryDirectory(prefix="areaclienti-matching-") as folder:
            url = f"sqlite+aiosqlite:///{Path(folder) / 'identity.db'}"
            figures["sqlite"] = asyncio.run(_on_sqlite(url, arguments, progress))
    for name in ("postgresql", "sqlite"):
        console.print(_table(name, figures[name]))
    figures["load_after"] = round(os.getloadavg()[0], 2)
    print(json.dumps({"matching_speed": figures}))
    return 1 if figures["postgresql"]["whole_tables_read"] else 0


async def _on_postgresql(url: str, arguments: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    task = progress.add_task(f"PostgreSQL: loading {arguments.customers:,} customers", total=arguments.customers)
    began = time.monotonic()
    upgrade(url)
    kept = await million.fill(url, arguments.customers, SEED, lambda count: progress.advance(task, count))
    loaded = round(time.monotonic() - began, 1)
    figures = {"customers": arguments.customers, "load_seconds": loaded}
    return figures | await _asked(url, kept, arguments, progress)


async def _on_sqlite(url: str, arguments: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    rows: list[Person | Company] = list(persons(SQLITE_CUSTOMERS, SEED))
    records = Records()
    for number, row in enumerate(rows):
        add(records, row, f"S{number}")
    async with identity_services(url) as services, services.database.write() as session:
        await store(session, records)
    return {"customers": len(rows)} | await _asked(url, rows, arguments, progress)


async def _asked(
    url: str, rows: list[Person | Company], arguments: argparse.Namespace, progress: Progress
) -> dict[str, Any]:
    """Each run asks the same number of new questions, first one after the other, then several at once."""
    runs: dict[str, list[Times]] = {}
    kinds: Counter[str] = Counter()
    count = arguments.queries // RUNS
    task = progress.add_task("asking", total=RUNS * count * 4 + 2 * _WARM_UP)
    async with identity_services(url) as services:
        asking = Asking(services, lambda: progress.advance(task))
        for run in range(RUNS):
            matches, codes = questions.by_contact(rows, count, run), questions.by_tax_code(rows, count, run)
            kinds.update([kind for kind, *_ in matches])
            kinds.update([f"by tax code: {kind}" for kind, *_ in codes])
            if run == 0:
                await asking.warm_up(matches[:_WARM_UP], codes[:_WARM_UP])
            for name, at_once in (("", 1), (f"_{AT_ONCE}_at_once", AT_ONCE)):
                runs.setdefault(f"match{name}", []).append(times(await asking.match(matches, at_once)))
                runs.setdefault(f"identify{name}", []).append(times(await asking.identify(codes, at_once)))
                runs.setdefault(f"select_1{name}", []).append(times(asking.take_baseline()))
        plans = await asking.plans(matches[0][1], codes[0][1], codes[0][2])
    figures: dict[str, Any] = {name: _summary(of) for name, of in runs.items()}
    figures["ratio_to_select_1"] = _ratios(runs)
    verdicts = dict(sorted(asking.verdicts.items()))
    return figures | {"asked": dict(sorted(kinds.items())), "verdicts": verdicts, **plans}


def _summary(runs: list[Times]) -> dict[str, Any]:
    """Milliseconds: the median of the runs, and the worst of them."""
    medians = {name: round(statistics.median(getattr(run, name) for run in runs), 2) for name in ("p50", "p95", "p99")}
    return {"queries": sum(run.count for run in runs), **medians, "p99_worst": round(max(run.p99 for run in runs), 2)}


def _ratios(runs: dict[str, list[Times]]) -> dict[str, float]:
    """How many times as long as one `SELECT 1` that was asked in between: what noise can't change."""
    ratios = {}
    for name, of in runs.items():
        if not name.startswith("select_1"):
            baseline = runs["select_1" + name.removeprefix("match").removeprefix("identify")]
            for cut in ("p50", "p99"):
                ratio = statistics.median(getattr(a, cut) / getattr(b, cut) for a, b in zip(of, baseline, strict=True))
                ratios[f"{name}_{cut}"] = round(ratio, 2)
    return ratios


def _table(name: str, figures: dict[str, Any]) -> Table:
    title = f"{name}, {figures['customers']:,} customers, milliseconds (goal: match p99 < {GOAL_P99_MS:g})"
    table = Table("call", "queries", "p50", "p95", "p99", "p99 of the worst run", title=title, box=None)
    for call, of in figures.items():
        if isinstance(of, dict) and "p99" in of:
            table.add_row(call, *(str(of[column]) for column in ("queries", "p50", "p95", "p99", "p99_worst")))
    return table


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.matching.speed", description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000, help="how many are loaded into PostgreSQL")
    parser.add_argument("--queries", type=int, default=21_000, help=f"of each sort, in {RUNS} runs")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
