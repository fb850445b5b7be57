"""What the Graph API says when it refuses: the codes of errors.yml in the shape of its error bodies."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from areaclienti.simulator.limits import DOCUMENTS, LIMITS, Limit

ERROR_CODES: Final = DOCUMENTS + "support/error-codes"


@dataclass(frozen=True, slots=True)
class KnownError:
    """A code of the error page: its title and the HTTP status of an answer with it."""

    code: int
    title: str
    status: int


def _load() -> Mapping[int, KnownError]:
    path = Path(__file__).with_name("errors.yml")
    return {
        code: KnownError(code, entry["title"], entry["status"])
        for code, entry in yaml.safe_load(path.read_text(encoding="utf-8")).items()
    }


ERRORS: Final = _load()


class Refusal(Exception):
    """A request that Graph would not take. `limit` is the one that it broke, None for another fault."""

    def __init__(self, code: int, details: str, limit: Limit | None = None) -> None:
        super().__init__(details)
        self.error = ERRORS[code]
        self.details = details
        self.limit = limit
        self.trace_id = secrets.token_urlsafe(8)

    @property
    def document(self) -> str:
        """Where the broken rule stands."""
        return self.limit.document if self.limit else ERROR_CODES

    def body(self) -> dict[str, Any]:
        """The JSON of Graph's answer."""
        return {
            "error": {
                "message": f"(#{self.error.code}) {self.error.title}",
                "type": "OAuthException",
                "code": self.error.code,
                "error_data": {"messaging_product": "whatsapp", "details": self.details},
                "fbtrace_id": self.trace_id,
            }
        }

    def status_error(self) -> dict[str, Any]:
        """The same as an entry of a failed status's `errors`."""
        return {
            "code": self.error.code,
            "title": self.error.title,
            "message": self.error.title,
            "error_data": {"details": self.details},
            "href": ERROR_CODES,
        }


def beyond(name: str, details: str) -> Refusal:
    """The refusal of what goes beyond the limit of that name."""
    limit = LIMITS[name]
    assert limit.code is not None, name
    return Refusal(limit.code, details, limit)
