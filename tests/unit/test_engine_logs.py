"""The engine's log lines say what our own modules say, and of all others only where it was said."""

from __future__ import annotations

import json
import logging

import pytest

from engine.logs import _JsonLine


@pytest.mark.parametrize(
    ("name", "is_told"), [("engine", True), ("engine.store", True), ("engineio.server", False), ("rasa.core", False)]
)
def test_only_our_own_words_are_told(name: str, is_told: bool) -> None:
    record = logging.LogRecord(name, logging.DEBUG, "there.py", 7, "received %s", ("what a customer wrote",), None)
    line = _JsonLine().format(record)
    assert ("what a customer wrote" in line) is is_told
    assert is_told or json.loads(line)["event"] == "there.None:7"
