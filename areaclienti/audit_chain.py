"""A record in which each row's hash covers the row before it: how rows are chained, and how a chain is followed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

GENESIS = "0" * 64
ROWS_AT_ONCE = 2_000


@dataclass(frozen=True)
class Anchor:
    """Where the record ended when it was last found whole: how many rows, the last one's id (0: none) and its hash."""

    rows: int
    last_id: int
    sha256: str


EMPTY = Anchor(0, 0, GENESIS)


@dataclass(frozen=True)
class Finding:
    """`whole`; or `broken`: the row `broken_id` does not follow from the one before it; or `cut_off`: the record is
    whole in itself, but does not go on from the anchor. `end` is where the whole part ends.
    """

    state: Literal["whole", "broken", "cut_off"]
    end: Anchor
    broken_id: int | None = None


@dataclass(frozen=True)
class Link:
    """A row as it stands in the record."""

    id: int
    at: datetime
    fields: Sequence[str | None]
    previous_sha256: str
    sha256: str


def digest(previous: str, at: datetime, fields: Sequence[str | None]) -> str:
    """The hash of a row behind the row of hash `previous`."""
    line = [previous, at.astimezone(UTC).isoformat(), *fields]
    return hashlib.sha256(json.dumps(line, separators=(",", ":")).encode()).hexdigest()


class Follower:
    """Goes along a chain from its beginning. With an anchor of an earlier time it must also pass through that place:
    whoever cuts the end off, or writes the whole record anew, leaves a chain that is whole but another.
    """

    def __init__(self, anchor: Anchor | None = None) -> None:
        self.end = EMPTY
        self._anchor = anchor
        self._passed = anchor is None or anchor == EMPTY
        self._broken_id: int | None = None

    def follow(self, links: Sequence[Link]) -> bool:
        """Go on over the next rows; False when one of them breaks the chain."""
        for link in links:
            if link.previous_sha256 != self.end.sha256 or link.sha256 != digest(self.end.sha256, link.at, link.fields):
                self._broken_id = link.id
                return False
            self.end = Anchor(self.end.rows + 1, link.id, link.sha256)
            self._passed = self._passed or self.end == self._anchor
        return True

    def finding(self) -> Finding:
        """What was found up to here."""
        if self._broken_id is not None:
            return Finding("broken", self.end, self._broken_id)
        return Finding("whole" if self._passed else "cut_off", self.end)
