"""Plays every scenario on a product of its own and tells the figures (`make scenarios`)."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from tests.scenarios.generate import generated_scenarios
from tests.scenarios.model import written_scenarios
from tests.scenarios.product import SETTINGS
from tests.scenarios.theatre import Theatre
from tests.stack import running_stack


def main() -> int:
    """Play those whose id holds one of the words given as arguments, or all. Return the exit code.

    The last line is one JSON object: `{"scenarios": N, "passed": N, "failed": N}`.
    """
    words = sys.argv[1:]
    every = [*written_scenarios(), *generated_scenarios()]
    chosen = [scenario for scenario in every if not words or any(word in scenario.id for word in words)]
    with tempfile.TemporaryDirectory(prefix="scenarios-") as folder, running_stack(Path(folder), **SETTINGS) as stack:
        theatre = Theatre(stack)
        theatre.announce(chosen)
        failed = 0
        for scenario in chosen:
            if failure := theatre.outcome(scenario):
                failed += 1
                print(f"FAILED {failure}\n")
        leaks = theatre.leaks()
        theatre.close()
    for leak in leaks:
        print(f"FAILED secrets found: {leak}")
    print(json.dumps({"scenarios": len(chosen), "passed": len(chosen) - failed, "failed": failed}))
    return 1 if failed or leaks or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
