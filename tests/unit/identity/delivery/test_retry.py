"""When a message is tried again, and when a provider is left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from areaclienti.identity.delivery.circuit import Circuit
from areaclienti.identity.delivery.retry import backoff_seconds, next_try, retry_after_seconds

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@given(st.integers(1, 10_000))
def test_the_pause_doubles_up_to_a_minute_and_is_spread(tries: int) -> None:
    pause = backoff_seconds(tries)
    top = min(2.0 ** min(tries, 10), 60.0)
    assert top / 2 <= pause <= top


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 120 ", 120.0),
        ("Mon, 23 Nov 2026 09:01:30 GMT", 90.0),
        ("Monday, 23-Nov-26 09:01:30 GMT", 90.0),  # RFC 9110 §5.6.7: the obsolete forms must be read too
        ("Mon Nov 23 09:01:30 2026", 90.0),
        ("Mon, 23 Nov 2026 08:00:00 GMT", 0.0),
        ("", None),
        (None, None),
        ("soon", None),
        ("-5", None),
        ("٣", None),
    ],
)
def test_retry_after_is_read_as_seconds_and_as_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds


@given(
    tries=st.integers(1, 40),
    asked=st.none() | st.floats(0, 10_000),
    left=st.floats(-10, 10_000),
    needs=st.floats(0, 30),
)
def test_the_next_try_always_falls_into_the_life_of_the_message(
    tries: int, asked: float | None, left: float, needs: float
) -> None:
    expires_at = NOW + timedelta(seconds=left)
    at = next_try(NOW, tries, asked, expires_at, needs)
    if at is None:
        assert left <= max(asked or 0, 1) + needs + 0.001
        return
    assert at >= NOW + timedelta(seconds=max(asked or 0, 1) - 0.001)
    if asked is not None:
        assert at < expires_at - timedelta(seconds=needs)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_five_failures_in_a_row_open_the_circuit_and_one_success_closes_it() -> None:
    clock = Clock()
    circuit = Circuit(clock)
    assert [circuit.failed() for _ in range(4)] == [None] * 4
    assert circuit.slots(3, 0) == 3
    assert circuit.failed() == 1.0
    assert (circuit.slots(3, 0), circuit.seconds_to_wait()) == (0, 1.0)
    clock.now = 1.0
    assert (circuit.slots(3, 0), circuit.slots(3, 1)) == (1, 0)  # one at a time, to see whether it is back
    assert [circuit.failed() for _ in range(1)] == [2.0]
    clock.now = 3.0
    circuit.succeeded()
    assert circuit.slots(3, 0) == 3


def test_those_under_way_when_the_circuit_opens_do_not_make_the_pause_longer() -> None:
    circuit = Circuit(Clock())
    pauses = [circuit.failed() for _ in range(9)]
    assert pauses == [None] * 4 + [1.0] + [None] * 4


def test_a_provider_that_asks_to_wait_is_obeyed_at_once_but_not_for_ever() -> None:
    clock = Clock()
    circuit = Circuit(clock)
    assert circuit.failed(asked_seconds=20) == 20
    assert circuit.slots(3, 0) == 0
    clock.now = 20
    assert circuit.slots(3, 0) == 1
    assert circuit.failed(asked_seconds=86_400) == 300


def test_the_pause_grows_to_half_a_minute() -> None:
    clock = Clock()
    circuit = Circuit(clock)
    pauses = []
    for _ in range(12):
        pauses.append(circuit.failed())
        clock.now += circuit.seconds_to_wait()
    assert pauses[4:] == [1, 2, 4, 8, 16, 30, 30, 30]
