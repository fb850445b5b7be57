"""Percentiles and rates from measured times."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of one kind of call."""

    count: int
    p50: float
    p95: float
    p99: float


def times(seconds: Sequence[float]) -> Times:
    """Return the figures of at least two measured times."""
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return Times(len(seconds), statistics.median(seconds) * 1000, cuts[94] * 1000, cuts[98] * 1000)
