"""While Meta takes nothing of ours all wait, one tries now and then, and operators hear of it once."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from areaclienti.gateway.channels.whatsapp.gate import Gate
from areaclienti.gateway.channels.whatsapp.pace import Pace
from areaclienti.gateway.channels.whatsapp.verdicts import Verdict


class Clock:
    """Stands until it is moved."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(clock: Clock) -> Gate:
    return Gate(clock)


def test_open_lets_all_pass(gate: Gate) -> None:
    assert [gate.enter() for _ in range(3)] == [0.0] * 3 and gate.detail() is None


def test_closed_lets_none_pass_and_then_one(gate: Gate, clock: Clock) -> None:
    assert gate.close(Verdict.TOKEN, 190) == 60.0
    assert gate.enter() == 60.0
    clock.at += 61
    assert [gate.enter(), gate.enter()] == [0.0, 1.0]
    assert gate.passed() and gate.enter() == 0.0 and gate.detail() is None


def test_who_has_nothing_to_try_makes_room(gate: Gate, clock: Clock) -> None:
    gate.close(Verdict.TOKEN, 190)
    clock.at += 61
    gate.enter()
    gate.leave()
    assert gate.enter() == 0.0


def test_operators_hear_of_a_block_once_and_of_its_end(gate: Gate, clock: Clock) -> None:
    with capture_logs() as logs:
        for _ in range(5):
            gate.close(Verdict.ACCOUNT, 368)
            clock.at += 301
        gate.passed()
        gate.passed()
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [
        ("whatsapp_paused", "error"),
        ("whatsapp_resumed", "info"),
    ]


def test_the_crowd_backs_off_further_each_time_and_is_no_alarm(gate: Gate, clock: Clock) -> None:
    with capture_logs() as logs:
        waits = []
        for _ in range(9):
            waits.append(gate.close(Verdict.NUMBER, 130429))
            clock.at += 100
    tops = [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0, 60.0]
    assert all(top / 2 <= wait <= top for wait, top in zip(waits, tops, strict=True))
    assert [entry["log_level"] for entry in logs] == ["warning"] and gate.detail() is None


def test_a_wait_that_meta_asks_for_is_kept(gate: Gate) -> None:
    assert gate.close(Verdict.NUMBER, 4, asked_seconds=17) == 17


def test_the_crowd_does_not_open_what_a_block_closed(gate: Gate) -> None:
    gate.close(Verdict.SPAM, 131048)
    assert gate.close(Verdict.NUMBER, 130429) == 900.0
    assert gate.detail() == {"sending": "paused", "reason": "spam_limit", "code": 131048}


def test_one_person_gets_bursts_and_then_one_message_in_six_seconds() -> None:
    pace = Pace()
    waits = [pace.wait_for("IT.1") for _ in range(46)]
    assert waits[:40] == [0.0] * 40 and 0 < waits[45] <= 6
