"""Logs: everything in the file, only what is serious on the terminal, and a full disk stops nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from areaclienti.supervisor import logs
from areaclienti.supervisor.logs import ServiceLog, for_people, is_serious


@pytest.mark.parametrize(
    "line",
    [
        '{"event": "delivery failed", "level": "warning"}',
        '{"event": "turn failed", "level": "ERROR"}',
        "2026-11-23 10:00:00 ERROR    rasa.core - boom",
        "Traceback (most recent call last):",
        "sqlite3.OperationalError: disk I/O error",
    ],
)
def test_warnings_and_worse_are_serious(line: str) -> None:
    assert is_serious(line)


@pytest.mark.parametrize(
    "line", ['{"event": "an ERROR in a text", "level": "info"}', "INFO:     Started server", "", "{not json"]
)
def test_the_rest_is_not(line: str) -> None:
    assert not is_serious(line)


def test_a_json_line_is_shortened_for_people() -> None:
    line = '{"level": "warning", "event": "slow turn", "seconds": 2.5, "timestamp": "2026-11-23", "nested": {"a": 1}}'
    assert for_people(line) == "warning slow turn seconds=2.5"
    assert for_people("plain words") == "plain words"


def test_the_file_is_rotated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "FILE_BYTES", 200)
    log = ServiceLog(tmp_path / "x.log", lambda error: None)
    for number in range(1000):
        log.write(f"line {number}")
    log.close()
    old = {f"x.log.{number}" for number in range(1, logs.OLD_FILES + 1)}
    assert {path.name for path in tmp_path.iterdir()} == {"x.log"} | old
    assert log.last_lines(2) == ("line 998", "line 999")


def test_a_disk_that_takes_no_more_is_said_once_and_stops_nothing() -> None:
    troubles: list[OSError] = []
    log = ServiceLog(Path("/dev/full"), troubles.append)
    for number in range(3):
        log.write(f"line {number}")
    assert [error.strerror for error in troubles] == ["No space left on device"]
    assert log.last_lines(3) == ("line 0", "line 1", "line 2")
