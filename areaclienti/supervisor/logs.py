"""The log of one service: every line into a rotating file, the last ones kept at hand."""

from __future__ import annotations

import json
import logging
import re
from collections import deque
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path

FILE_BYTES = 10 * 1024 * 1024
OLD_FILES = 5
REMEMBERED_LINES = 40
_SERIOUS_WORD = re.compile(r"\b(WARNING|ERROR|CRITICAL|FATAL)\b|^Traceback |^[\w.]*(Error|Exception): ")
_SERIOUS_LEVELS = frozenset({"warning", "error", "critical", "exception", "fatal"})


class ServiceLog:
    """Writes what a service says to `path`. A disk that takes no more never stops the service; it is said once."""

    def __init__(self, path: Path, on_trouble: Callable[[OSError], None]) -> None:
        self.path = path
        self._handler = _Handler(path, on_trouble)
        self._last: deque[str] = deque(maxlen=REMEMBERED_LINES)

    def write(self, line: str) -> None:
        self._last.append(line)
        self._handler.emit(logging.makeLogRecord({"msg": line}))

    def last_lines(self, count: int) -> tuple[str, ...]:
        return tuple(self._last)[-count:]

    def close(self) -> None:
        self._handler.close()


class _Handler(RotatingFileHandler):
    def __init__(self, path: Path, on_trouble: Callable[[OSError], None]) -> None:
        super().__init__(path, maxBytes=FILE_BYTES, backupCount=OLD_FILES, encoding="utf-8")
        self._on_trouble = on_trouble
        self._said = False

    def handleError(self, record: logging.LogRecord) -> None:
        import sys

        error = sys.exc_info()[1]
        if isinstance(error, OSError) and not self._said:
            self._said = True
            self._on_trouble(error)


def is_serious(line: str) -> bool:
    """Tell whether a line is a warning or worse: by its `level` when it is JSON, by its words otherwise."""
    fields = _json_fields(line)
    if fields is not None:
        return str(fields.get("level", "")).lower() in _SERIOUS_LEVELS
    return _SERIOUS_WORD.search(line) is not None


def for_people(line: str) -> str:
    """Shorten a JSON line to its level, event and plain fields; leave any other line as it is."""
    fields = _json_fields(line)
    if fields is None:
        return line
    told = {
        name: value
        for name, value in fields.items()
        if isinstance(value, str | int | float) and name not in _SAID_BY_US
    }
    level, event = str(fields.get("level", "")), str(fields.get("event", ""))
    return " ".join([part for part in (level, event) if part] + [f"{name}={value}" for name, value in told.items()])


_SAID_BY_US = frozenset({"level", "event", "timestamp", "at", "service"})


def _json_fields(line: str) -> dict[str, object] | None:
    if not line.startswith("{"):
        return None
    try:
        fields = json.loads(line)
    except ValueError:
        return None
    return fields if isinstance(fields, dict) else None
