"""Parses texts (JSON lines on stdin) with a trained model as the engine does; writes results and times."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
import warnings
from typing import Any, TextIO


def main() -> int:
    """`python -m benchmarks.nlu.parse MODEL`, with the engine's environment."""
    warnings.filterwarnings("ignore")
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    # The engine's libraries print on stdout when they are loaded; only the results may go there.
    results = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    if os.environ.get("AREACLIENTI_STOCK_RASA") is None:
        from engine import absent

        absent.install()
    asyncio.run(_parse_all(sys.argv[1], [json.loads(line) for line in sys.stdin], results))
    return 0


async def _parse_all(model: str, texts: list[str], results: TextIO) -> None:
    from rasa.core.agent import Agent

    agent = Agent.load(model)
    for text in texts[:20]:
        await agent.parse_message(text)  # warm up: what is loaded lazily is no part of a parse
    for text in texts:
        began = time.perf_counter()
        parsed: dict[str, Any] = await agent.parse_message(text)
        milliseconds = (time.perf_counter() - began) * 1000
        kept = ("intent", "intent_ranking", "entities", "asked")
        found = {key: parsed[key] for key in kept} | {"ms": milliseconds}
        results.write(json.dumps(found, ensure_ascii=False) + "\n")
    rss_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    results.write(json.dumps({"rss_mib": round(rss_mib)}) + "\n")
    results.flush()


if __name__ == "__main__":
    sys.exit(main())
