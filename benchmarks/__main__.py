"""Runs all measurements and prints a table, and as the last line the same figures as one JSON object."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks import engine_turns, gateway_turns
from benchmarks.engine_turns import EngineTurns
from benchmarks.memory import memory_mib
from benchmarks.product import ROOT, Product, running_product

# What docs call good (2 cores, nothing else running): name of the figure, bound, whether more is better.
GOALS = {
    "engine_turn_p50_ms": (10.0, False),
    "gateway_turn_p50_ms": (25.0, False),
    "engine_growth_ratio": (1.15, False),
    "engine_turns_per_second": (100.0, True),
    "ready_seconds_engine": (8.0, False),
    "ready_seconds_all": (12.0, False),
    "memory_mib_all": (600.0, False),
}


def main() -> int:
    """Measure and print; return 0 when every measurement was made, whatever it says."""
    console = Console()
    subprocess.run([sys.executable, "-m", "areaclienti", "train"], cwd=ROOT, check=True)
    with (
        tempfile.TemporaryDirectory(prefix="areaclienti-bench-") as folder,
        Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=console) as progress,
    ):
        figures = measure(Path(folder) / "var", progress)
    console.print(table(figures))
    if figures["load_before"] > 0.5 * figures["cores"]:
        console.print(
            "The machine was busy with other work (load_before): take the times as upper bounds.", style="yellow"
        )
    print(json.dumps(figures))
    return 0


def measure(var: Path, progress: Progress) -> dict[str, Any]:
    """Start a product and return all figures by name."""
    step = progress.add_task("starting the product", total=None)
    load_before = os.getloadavg()[0]
    with running_product(var) as product:
        figures: dict[str, Any] = {f"ready_seconds_{name}": s for name, s in product.ready_seconds.items()}
        figures |= {f"memory_mib_{name}": mib for name, mib in memory_mib(product.supervisor_pid).items()}
        figures |= asyncio.run(_turns(product, progress, step))
        figures |= {f"memory_mib_after_{name}": mib for name, mib in memory_mib(product.supervisor_pid).items()}
    figures |= {"cores": os.cpu_count(), "load_before": load_before, "measured_at": int(time.time())}
    return {name: round(value, 2) if isinstance(value, float) else value for name, value in figures.items()}


async def _turns(product: Product, progress: Progress, step: Any) -> dict[str, Any]:
    async with httpx.AsyncClient(timeout=60) as client:
        engine = EngineTurns(product, client)
        progress.update(step, description="turns straight to the engine")
        straight = await engine.one_by_one()
        progress.update(step, description=f"a conversation of {engine_turns.LONG_TURNS} turns")
        growth = await engine.growth()
        progress.update(step, description=f"{engine_turns.AT_ONCE} conversations at once, straight to the engine")
        engine_rate = await engine.rate()
    progress.update(step, description="turns through the gateway")
    through = await gateway_turns.one_by_one(product)
    progress.update(step, description=f"{gateway_turns.AT_ONCE} conversations at once through the gateway")
    gateway_rate, crowded = await gateway_turns.rate(product)
    return {
        "engine_turns": straight.count,
        "engine_turn_p50_ms": straight.p50,
        "engine_turn_p95_ms": straight.p95,
        "engine_growth_ratio": growth,
        "engine_turns_per_second": engine_rate,
        "gateway_turns": through.count,
        "gateway_turn_p50_ms": through.p50,
        "gateway_turn_p95_ms": through.p95,
        "gateway_turns_per_second": gateway_rate,
        "gateway_crowded_turn_p50_ms": crowded.p50,
        "gateway_crowded_turn_p95_ms": crowded.p95,
    }


def table(figures: dict[str, Any]) -> Table:
    """Return the figures as a table, with the goal beside those that have one."""
    shown = Table("figure", "measured", "goal", box=None, pad_edge=False)
    shown.columns[1].justify = shown.columns[2].justify = "right"
    for name, value in figures.items():
        goal, more = GOALS.get(name, (None, False))
        met = goal is None or (value >= goal if more else value <= goal)
        sign = "" if goal is None else f"{'≥' if more else '≤'} {goal:g}"
        shown.add_row(name.replace("_", " "), f"{value}", sign, style=None if met else "yellow")
    return shown


if __name__ == "__main__":
    sys.exit(main())
