"""`make delivery`: kills, faults and outages on SQLite and PostgreSQL; the last line is one JSON object."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.delivery import phases, steps
from benchmarks.delivery.nursery import Nursery, nursery
from benchmarks.postgres import PostgresMissing, empty_database, postgres_server

SEED = 4
# What must be 0 in every phase.
NEVER = (
    "steps_missed",
    "lost",
    "never_stored",
    "ghosts",
    "expired_delivered",
    "arrived_in_the_outage",
    "duplicates_without_a_lost_answer",
    "duplicates_at_a_provider_that_knows_its_ids",
    "still_open",
    "not_erased",
    "not_known_as_delivered",
    "codes_in_files",
)
_EVERY_STEP = (*steps.IN_PROCESS, *steps.AT_PROVIDER)
_AFTER_THE_REQUEST = ("sms accepted, not answered", "answered, not recorded", "recorded, not committed")

Phase = Callable[[Nursery, Path, str], Coroutine[Any, Any, Any]]
PHASES: dict[str, Phase] = {
    # Twilio takes no idempotency key: whatever can be doubled is.
    "killed at every step": lambda nursery, folder, url: phases.killed_at_every_step(
        nursery, folder, url, "twilio", _EVERY_STEP
    ),
    "killed after the request, keys": lambda nursery, folder, url: phases.killed_at_every_step(
        nursery, folder, url, "webhook", _AFTER_THE_REQUEST
    ),
    "killed after the request, asked": lambda nursery, folder, url: phases.killed_at_every_step(
        nursery, folder, url, "skebby", _AFTER_THE_REQUEST
    ),
    "storm": lambda nursery, folder, url: phases.storm(nursery, folder, url, "twilio", 20, SEED),
    "outage": phases.outage,
}


def main() -> int:
    """Run everything; return 1 when something happened that never may, or a control did not fail."""
    console, began = Console(), time.monotonic()
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="areaclienti-delivery-") as name, nursery() as born:
        folder = Path(name)
        results["sqlite"] = {
            title: run(born, console, "SQLite", title, phase, folder / f"sqlite-{number}", None)
            for number, (title, phase) in enumerate(PHASES.items())
        }
        try:
            with postgres_server() as server:
                results["postgresql"] = {
                    title: run(born, console, "PostgreSQL", title, phase, folder / f"postgresql-{number}", server)
                    for number, (title, phase) in enumerate(PHASES.items())
                }
        except PostgresMissing as missing:
            console.print(f"PostgreSQL was not measured: {missing}", style="yellow")
            results["postgresql"] = None
        results["control"] = {
            "lost_when_marked_before_sending": run(
                born,
                console,
                "control",
                "marked before sending",
                phases.control_marks_before_sending,
                folder / "c1",
                None,
            ),
            "duplicates_when_marked_after_sending": run(
                born,
                console,
                "control",
                "marked after sending",
                phases.control_marks_after_sending,
                folder / "c2",
                None,
            ),
        }
    results |= verdict(results) | {"seconds": round(time.monotonic() - began, 1), "load": os.getloadavg()[0]}
    console.print(table(results))
    print(json.dumps(results))
    return 0 if results["ok"] else 1


def run(
    nursery: Nursery, console: Console, where: str, title: str, phase: Phase, folder: Path, server: str | None
) -> Any:
    """Run one phase on an empty database of its own."""
    began = time.monotonic()
    if server is None:
        result = asyncio.run(phase(nursery, folder, f"sqlite+aiosqlite:///{folder}/identity.db"))
    else:
        with empty_database(server) as url:
            result = asyncio.run(phase(nursery, folder, url))
    console.print(f"{where}: {title} ({time.monotonic() - began:.0f} s)")
    return result


def verdict(results: dict[str, Any]) -> dict[str, Any]:
    """Sum up: what never may happen, over all phases of both databases, and whether the controls failed."""
    measured = [phase for name in ("sqlite", "postgresql") for phase in (results[name] or {}).values()]
    never = {name: sum(_size(phase.get(name, 0)) for phase in measured) for name in NEVER}
    totals = {
        name: sum(phase.get(name, 0) for phase in measured)
        for name in ("promised", "arrived", "duplicates", "expired_dropped", "kills", "codes_searched")
    }
    controls_fail = all(count > 0 for count in results["control"].values())
    searched = all(phase["ids_in_files"] > 0 for phase in measured)
    return {
        "never": never,
        "totals": totals,
        "controls_fail": controls_fail,
        "ok": not any(never.values()) and controls_fail and searched,
    }


def _size(value: Any) -> int:
    return len(value) if isinstance(value, list) else int(value)


def table(results: dict[str, Any]) -> Table:
    """A line for each phase; `never` is the sum of what must not happen."""
    figures = ("promised", "arrived", "kills", "duplicates", "sms_duplicates", "expired_dropped")
    shown = Table("phase", *(figure.replace("_", " ") for figure in figures), "never", box=None, pad_edge=False)
    for name in ("sqlite", "postgresql"):
        for title, phase in (results[name] or {}).items():
            never = sum(_size(phase.get(figure, 0)) for figure in NEVER)
            counted = [str(phase[figure]) for figure in figures]
            shown.add_row(f"{name}: {title}", *counted, str(never), style="bold red" if never else None)
    for title, count in results["control"].items():
        shown.add_row(f"control: {title.replace('_', ' ')}", str(count), style=None if count else "bold red")
    return shown


if __name__ == "__main__":
    sys.exit(main())
