"""`make fuzz`: walks on all cores, mutants, generated requests; ends with one JSON object, exit code 1 on a finding."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from tests.fuzz import openapi
from tests.fuzz.mutants import MUTANTS
from tests.fuzz.walks import notice, piece

_SHARE = 2_500  # steps of one piece of work
_MUTANT_STEPS = 4_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--examples", type=int, default=60, help="requests a kind, endpoint and key")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the same seed walks the same ways")
    asked = parser.parse_args()
    began = time.monotonic()
    print(f"seed {asked.seed}", flush=True)
    figures: dict[str, Any] = {"seed": asked.seed}
    shares = range(-(-asked.steps // _SHARE))
    # Spawned, not forked: each has an event loop and a database of its own.
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        walks = [pool.submit(piece, asked.seed + share, min(_SHARE, asked.steps)) for share in shares]
        mutants = {name: pool.submit(notice, name, _MUTANT_STEPS) for name in MUTANTS}
        with tempfile.TemporaryDirectory(prefix="areaclienti-fuzz-") as folder:
            figures["openapi"] = openapi.run(Path(folder), asked.examples)
        print("openapi:", json.dumps(figures["openapi"]), flush=True)
        reached: Counter[str] = Counter()
        steps = requests = 0
        found = []
        for done in walks:
            result = done.result()
            steps, requests = steps + result["steps"], requests + result["requests"]
            reached.update(result["reached"])
            if result["found"]:
                found.append(result["found"])
                print(result["found"], flush=True)
        figures |= {"steps": steps, "requests": requests, "found": len(found)}
        figures["mutants_noticed_after_steps"] = {name: done.result() for name, done in mutants.items()}
    outcomes = {name: count for name, count in sorted(reached.items()) if ": " in name}
    figures["outcomes"] = outcomes
    figures |= {"seconds": round(time.monotonic() - began, 1), "cores": os.cpu_count()}
    missed = [name for name, after in figures["mutants_noticed_after_steps"].items() if after is None]
    figures["mutants_missed"] = missed
    print(json.dumps(figures))
    return 1 if found or missed or figures["openapi"]["failed"] or steps < asked.steps else 0


if __name__ == "__main__":
    sys.exit(main())
