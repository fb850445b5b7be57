"""Reads the tables of our own documents, so that tests can hold them against the code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
_CELL_END = re.compile(r"(?<!\\)\|")


def rows(document: str, heading: str) -> list[list[str]]:
    """The body rows of all tables below a heading ("## Limits"), up to the next one of its rank; cells without blanks
    at their ends, `\\|` read as a bar. Raises AssertionError where there is no such heading or no table.
    """
    found = list(_table_rows(section(document, heading)))
    assert found, f"{document}: no table under {heading!r}"
    return found


def section(document: str, heading: str) -> str:
    """The text below a heading, up to the next heading of the same rank or a higher one."""
    lines = (ROOT / document).read_text(encoding="utf-8").splitlines()
    assert lines.count(heading) == 1, f"{document}: {heading!r} stands there {lines.count(heading)} times"
    rank = len(heading) - len(heading.lstrip("#"))
    kept: list[str] = []
    for line in lines[lines.index(heading) + 1 :]:
        if re.match(rf"#{{1,{rank}}} ", line):
            break
        kept.append(line)
    return "\n".join(kept)


def _table_rows(text: str) -> Iterator[list[str]]:
    in_body = False
    for line in text.splitlines():
        if not line.startswith("|"):
            in_body = False
        elif re.fullmatch(r"[|:\- ]+", line):
            in_body = True
        elif in_body:
            yield [cell.strip().replace("\\|", "|") for cell in _CELL_END.split(line)[1:-1]]
