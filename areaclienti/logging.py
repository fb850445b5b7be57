"""JSON logs of every service: only fields on the allow-list leave the process, never free text or values."""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any, TextIO, cast

import structlog

# A field that is not here is dropped. Everything listed is an id, a code, a count or a time; never what a person typed.
ALLOWED_FIELDS = frozenset(
    {
        "event", "level", "timestamp", "service", "logger",
        "conversation_id", "message_id", "registration_id", "sign_in_id", "challenge_id", "outbox_id", "seq", "epoch",
        "channel", "purpose", "step", "expects", "intent", "outcome", "reason", "code", "template", "utterance",
        "method", "route", "status", "duration_ms", "attempt", "tries", "count", "retry_in_seconds", "provider",
        "process", "pid", "port", "exit_code", "revision", "version", "ready", "not_ready",
        "error_type", "error_at", "dropped_fields",
    }
)  # fmt: skip

# Libraries whose message templates (never their arguments) say something an operator needs.
_QUOTED_LIBRARIES = ("uvicorn", "alembic", "sanic", "rasa_sdk")

_EVENT = re.compile(r"[a-z0-9_.]{1,80}")
_Exception = tuple[type[BaseException], BaseException, TracebackType | None]


def configure(service: str, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Sends the logs of this process, those of the standard library included, to `stream` as JSON lines.

    `service` is put on every line. `stream` is the standard error by default. May be called again.
    """
    # uvicorn's own handlers would print whole tracebacks, with values, beside these lines.
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "sqlalchemy", "alembic"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    for name in ("uvicorn.access", "httpx", "httpcore", "alembic"):  # a line for each request says nothing new
        logging.getLogger(name).setLevel(logging.WARNING)

    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _Stamp(service),
        describe_exception,
        keep_allowed_fields,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_quote_library, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            keep_exc_info=False,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


def get_logger() -> structlog.typing.FilteringBoundLogger:
    """A logger; call it with a snake_case event name and allowed fields: `log.info("code_sent", channel="sms")`."""
    return cast(structlog.typing.FilteringBoundLogger, structlog.get_logger())


def keep_allowed_fields(_: Any, __: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drops every field that is not on the allow-list and counts them, so that a mistake is seen and leaks nothing."""
    kept = {name: value for name, value in fields.items() if name in ALLOWED_FIELDS or name.startswith("_")}
    dropped = len(fields) - len(kept)
    if dropped:
        kept["dropped_fields"] = dropped
    if "_quoted" not in kept and not _EVENT.fullmatch(str(kept.get("event", ""))):
        kept["event"] = "unnamed_event"
    kept.pop("_quoted", None)
    return kept


def describe_exception(_: Any, __: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replaces an exception by its type and where it was raised: its message and its locals may hold values."""
    info = fields.pop("exc_info", None)
    exception = _exception_of(info)
    if exception is not None:
        fields["error_type"] = type(exception).__name__
        frames = traceback.extract_tb(exception.__traceback__)[-6:]
        fields["error_at"] = [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]
    return fields


def _exception_of(info: Any) -> BaseException | None:
    if isinstance(info, BaseException):
        return info
    if isinstance(info, tuple):
        return cast(_Exception, info)[1]
    return sys.exc_info()[1] if info else None


def _short(filename: str) -> str:
    return "/".join(filename.replace("\\", "/").split("/")[-2:])


class _Stamp:
    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(self, _: Any, __: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        fields["service"] = self._service
        return fields


def _quote_library(_: Any, __: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A library's record keeps its template if we know the library; its arguments never."""
    record = cast(logging.LogRecord, fields["_record"])
    fields["logger"] = record.name
    fields["exc_info"] = record.exc_info
    if record.name.split(".")[0] in _QUOTED_LIBRARIES and isinstance(record.msg, str) and record.args:
        fields["event"] = record.msg
        fields["_quoted"] = True
    elif record.name.split(".")[0] == "uvicorn" and not record.exc_info:
        fields["event"] = str(record.msg)  # "Application startup complete.": uvicorn's fixed words
        fields["_quoted"] = True
    else:
        fields["event"] = "library_message"
    return fields
