"""What a run found, for people as a table of ways and sinks, for machines as one JSON object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from rich.table import Table

from benchmarks.canary.encodings import KINDS
from benchmarks.canary.rules import CONTACTS, SECRETS
from benchmarks.canary.search import SINKS, Findings, Leak

NOT_IN_THE_PRODUCT = ("broker",)  # nothing to look into
# The embedded default, which runs, has neither of the first two: both carry ids, or what the desk may show. What an
# agent's browser keeps of a draft is looked at by tests/browser/desk/test_conversation.py.
NOT_SEARCHED = (
    "NOTIFY between gateways (PostgreSQL alone)",
    "Chatwoot (HANDOVER=chatwoot alone)",
    "agents' own browsers",
)


def table(ways: Iterable[str], findings: Findings) -> Table:
    """A line for each way, a column for each sink: how many canaries of that way are where they may not be."""
    shown = Table("way", *SINKS, box=None, pad_edge=False)
    by_cell = Counter[tuple[str, str]]()
    for leak, count in findings.leaks.items():
        by_cell[leak.way, leak.sink] += count
    for way in ways:
        counts = [by_cell[way, sink] for sink in SINKS]
        shown.add_row(way, *map(str, counts), style="bold red" if any(counts) else None)
    shown.add_row("KB searched", *(f"{findings.bytes[sink] // 1024:,}" for sink in SINKS), style="dim")
    return shown


def told(leak: Leak, count: int) -> str:
    """A leak as a line, without the value."""
    said = f" ({leak.said})" if leak.said else ""
    return f"{count} × {leak.kind} of “{leak.way}”{said} in {leak.place}, {leak.encoding}"


def figures(findings: Findings) -> dict[str, Any]:
    """Leaks by kind and place, what was searched, and where the canaries were found that belong there."""
    by_kind = Counter[str]()
    for leak, count in findings.leaks.items():
        by_kind[leak.kind] += count
    at_home: dict[str, dict[str, int]] = {}
    for (kind, place), count in sorted(findings.at_home.items()):
        at_home.setdefault(kind, {})[place] = count
    return {
        "leaks": {kind: by_kind[kind] for kind in KINDS},
        "secrets_leaked": sum(by_kind[kind] for kind in SECRETS),
        "contacts_leaked": sum(by_kind[kind] for kind in CONTACTS),
        "where": [told(leak, count) for leak, count in sorted(findings.leaks.items(), key=lambda found: str(found))],
        "bytes_searched": {sink: findings.bytes[sink] for sink in SINKS},
        "found_where_they_belong": at_home,
    }


def kinds_found(findings: Findings) -> set[str]:
    """The kinds that were found anywhere: a search that finds none of a kind has not shown that there is none."""
    return {kind for kind, _ in findings.at_home} | {leak.kind for leak in findings.leaks}
