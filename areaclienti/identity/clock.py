"""The time, as something that a test can set."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Gives the present time, aware, in UTC."""


def system_clock() -> datetime:
    return datetime.now(UTC)
