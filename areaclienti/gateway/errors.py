"""Errors of the public API and how they are written out: a code, a message, never an input value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from areaclienti.logging import get_logger

log = get_logger()


class ApiError(Exception):
    """A refusal that the caller is told: status, snake_case code, English message, and optional further fields."""

    def __init__(
        self, status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None, **fields: Any
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})
        self.fields = fields

    def response(self) -> Response:
        """The answer to send."""
        body = {"code": self.code, "message": self.message, **self.fields}
        return JSONResponse(body, status_code=self.status, headers=self.headers)


def too_long(message: str) -> ApiError:
    """The body or the message is over its limit."""
    return ApiError(413, "too_long", message)


def slow_down(retry_after_seconds: int) -> ApiError:
    """Too many requests from this session or address."""
    return ApiError(
        429,
        "slow_down",
        "too many requests",
        headers={"Retry-After": str(retry_after_seconds)},
        retry_after_seconds=retry_after_seconds,
    )


def no_secret_due() -> ApiError:
    """409: the conversation waits for no secret."""
    return ApiError(409, "no_secret_due", "the conversation waits for no secret")


def no_session() -> ApiError:
    """No cookie, or one of a conversation that is closed or unknown."""
    return ApiError(401, "no_session", "no open session: POST /api/session first")


def identity_unavailable() -> ApiError:
    """Identity is down or answers nonsense: the caller may try again, nothing was done."""
    return ApiError(503, "identity_unavailable", "identity does not answer", headers={"Retry-After": "5"})


ErrorPage = Callable[[Request, int], Response]


def install(app: FastAPI, error_page: ErrorPage) -> None:
    """Write every error of `app` in the same shape: JSON to programs, `error_page` to people who open an address."""

    async def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if _is_page(request):
            return error_page(request, error.status_code)
        phrase = HTTPStatus(error.status_code).phrase
        code = phrase.lower().replace(" ", "_").replace("-", "_")
        return ApiError(error.status_code, code, phrase, headers=error.headers).response()

    async def unexpected(request: Request, error: Exception) -> Response:
        # the route's template: a path can hold a secret
        route = str(getattr(request.scope.get("route"), "path", "unknown"))
        log.error("request_failed", route=route, exc_info=error)
        if _is_page(request):
            return error_page(request, 500)
        return ApiError(500, "internal", "unexpected error").response()

    app.add_exception_handler(ApiError, _api_error)
    app.add_exception_handler(RequestValidationError, _invalid_input)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(Exception, unexpected)


def _is_page(request: Request) -> bool:
    return not request.url.path.startswith(("/api/", "/desk/api/", "/health/", "/receipts/", "/static/", "/webhooks/"))


async def _api_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return error.response()


async def _invalid_input(_request: Request, _error: Exception) -> Response:
    # the framework's own answer would repeat what was sent, a password included
    return ApiError(422, "invalid_input", "the body does not have the documented shape").response()
