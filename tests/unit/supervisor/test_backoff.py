"""How long the supervisor waits before a new start."""

from __future__ import annotations

from areaclienti.supervisor.backoff import Backoff, BackoffPolicy


def test_the_wait_doubles_up_to_its_limit() -> None:
    backoff = Backoff(BackoffPolicy())
    assert [backoff.died(1) for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_a_process_that_lived_long_starts_with_a_clean_sheet() -> None:
    backoff = Backoff(BackoffPolicy())
    for _ in range(5):
        backoff.died(1)
    assert backoff.crash_looping
    assert backoff.died(3600) == 0.5
    assert not backoff.crash_looping
