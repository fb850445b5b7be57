"""Logging of the engine: one JSON line an event, and never what a customer wrote, at any level."""

from __future__ import annotations

import json
import logging
import sys
import time

# Rasa's own loggers write texts, slots and whole trackers, some of them at WARNING and ERROR.
_OURS = "engine"


class _JsonLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage() if _is_ours(record) else _without_arguments(record),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
        return json.dumps(line, ensure_ascii=False)


def _is_ours(record: logging.LogRecord) -> bool:
    """By the whole first part of its name: `engineio` is a library."""
    return record.name.partition(".")[0] == _OURS


def _without_arguments(record: logging.LogRecord) -> str:
    """Where it was logged instead of what: the text of a foreign logger may carry a customer's words."""
    return f"{record.module}.{record.funcName}:{record.lineno}"


def configure(level: str) -> None:
    """Sends everything to standard error as JSON lines; foreign loggers keep only the place they logged from."""
    import structlog

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLine())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in list(logging.Logger.manager.loggerDict):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, structlog.processors.KeyValueRenderer(key_order=["event"])],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
