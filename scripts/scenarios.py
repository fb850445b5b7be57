"""Plays every scenario on a product of its own and tells the figures (`make scenarios`)."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from tests.scenarios.generate import generated_scenarios
from tests.scenarios.model import CHANNELS, ChannelName, written_scenarios
from tests.scenarios.product import SETTINGS
from tests.scenarios.theatre import Theatre
from tests.stack import running_stack


def main() -> int:
    """Play those whose id holds one of the words given as arguments, or all. Return the exit code.

    The last line is one JSON object: `{"channel", "scenarios": N, "passed": N, "failed": N}`, and with another channel
    than the web chat `"web_only": N`, the scenarios that have no equal there.
    """
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--channel", choices=CHANNELS, default="web")
    parser.add_argument("words", nargs="*")
    arguments = parser.parse_args()
    channel: ChannelName = arguments.channel
    every = [*written_scenarios(), *generated_scenarios()]
    meant = [one for one in every if not arguments.words or any(word in one.id for word in arguments.words)]
    chosen = [scenario for scenario in meant if scenario.is_for(channel)]
    with tempfile.TemporaryDirectory(prefix="scenarios-") as folder, running_stack(Path(folder), **SETTINGS) as stack:
        theatre = Theatre(stack, channel=channel)
        theatre.announce(chosen)
        failed = 0
        for scenario in chosen:
            if failure := theatre.outcome(scenario):
                failed += 1
                told = failure if isinstance(failure, AssertionError) else f"{scenario.id}: {failure!r}"
                print(f"FAILED {told}\n")
        leaks = theatre.leaks()
        theatre.close()
    for leak in leaks:
        print(f"FAILED secrets found: {leak}")
    figures: dict[str, object] = {"channel": channel, "scenarios": len(chosen)}
    if channel != "web":
        figures["web_only"] = sum(one.only is not None and one.only.channel == "web" for one in meant)
    print(json.dumps(figures | {"passed": len(chosen) - failed, "failed": failed}))
    return 1 if failed or leaks or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
