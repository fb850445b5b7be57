"""Tables as files for Italian spreadsheets: UTF-8 with a mark, semicolons, and no cell that is run as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

Cell = str | int | None

BYTE_ORDER_MARK: Final = "\ufeff"  # without it Excel takes UTF-8 for its own code page
# What spreadsheets run, OWASP "CSV Injection"; a blank in front is passed over by some.
_RUN: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def sheet(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """The table as a file (RFC 4180, with semicolons). Numbers stay numbers, nothing stays empty."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerow([_harmless(cell) for cell in header])
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return (BYTE_ORDER_MARK + out.getvalue()).encode()


def _harmless(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, int):
        return str(cell)
    runs = cell.lstrip(" ").startswith(_RUN) or cell.lstrip().startswith(_RUN)
    return f"'{cell}" if runs else cell
