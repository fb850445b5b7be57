"""Turns refusals and failures into `{"code", "message"}`; no answer repeats what was sent."""

from __future__ import annotations

from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from areaclienti.identity.api.schemas import ErrorBody
from areaclienti.identity.errors import Refused, SecretRejected
from areaclienti.logging import get_logger

log = get_logger()

_HTTP_CODES = {
    404: ("not_found", "There is nothing here."),
    405: ("method_not_allowed", "Not with this method."),
    413: ("too_long", "The body is longer than 64 KiB."),
}
_MEANINGS = {
    400: "The body could not be read.",
    401: "The key is missing or unknown, or the session is over.",
    403: "The key is good, but not for this endpoint.",
    404: "Unknown, or not this caller's.",
    409: "Refused in the present state; the code says why.",
    413: "The body is longer than 64 KiB.",
    422: "The input does not have the form that it should.",
    500: "The service failed; nothing was done.",
    503: "A system of the insurer does not answer; nothing was done.",
}
_ANYWHERE = (400, 413, 422, 500)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of an endpoint, for its OpenAPI description."""
    return {
        status: {"model": ErrorBody, "description": _MEANINGS[status]} for status in sorted({*statuses, *_ANYWHERE})
    }


def install(app: FastAPI) -> None:
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _failed)


def error(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"code": code, "message": message}, status)


async def _refused(_: Request, raised: Exception) -> JSONResponse:
    refusal = cast(Refused, raised)
    answer: dict[str, Any] = {"code": refusal.code, "message": refusal.message}
    if isinstance(refusal, SecretRejected):
        answer["failed_rules"] = refusal.failed_rules
    headers = {"WWW-Authenticate": "Bearer"} if refusal.code == "unauthorised" else None
    return JSONResponse(answer, refusal.status, headers)


async def _invalid(_: Request, raised: Exception) -> JSONResponse:
    # FastAPI's own answer repeats the input, which may be a password.
    return error(422, "invalid_input", "The request does not have the form that the contract describes.")


async def _http(_: Request, raised: Exception) -> JSONResponse:
    refusal = cast(HTTPException, raised)
    code, message = _HTTP_CODES.get(refusal.status_code, ("bad_request", "The request could not be read."))
    return JSONResponse({"code": code, "message": message}, refusal.status_code, refusal.headers)


async def _failed(request: Request, raised: Exception) -> JSONResponse:
    log.error("request_failed", method=request.method, route=route_of(request), exc_info=raised)
    return error(500, "internal_error", "The service failed; nothing was done.")


def route_of(request: Request) -> str:
    """The route's template, never the path itself."""
    return str(getattr(request.scope.get("route"), "path", "unknown"))
