"""The API of the page for a forgotten password: passes to identity, keeps what waits in a cookie."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field, SecretStr

from areaclienti.gateway.customer import (
    PENDING_SECONDS,
    RESET,
    SIGNED_IN,
    Asked,
    Code,
    Served,
    ask,
    guarded,
    kept_id,
)
from areaclienti.gateway.services import client_address

OVER = "reset_expired"
TOLD = ("outcome", "life_minutes", "resend_after_seconds", "retry_after_seconds", "attempts_left")


class Forgotten(Asked):
    """Whose password is forgotten."""

    username: str = Field(min_length=1, max_length=320)


class NewPassword(Asked):
    """The password to have from now on."""

    password: SecretStr = Field(max_length=1_000)


router = APIRouter(prefix="/api/password-reset")


@router.post("", dependencies=[Depends(guarded)])
async def begin(body: Forgotten, request: Request, response: Response, served: Served) -> dict[str, Any]:
    """Have a code sent to the mobile on file; the answer is the same if there is none."""
    asked = {"username": body.username, "client_address": client_address(request)}
    answer = await ask(served, "POST", "/v1/password-resets", json=asked)
    if reset_id := answer.get("reset_id"):
        served.cookies.write(response, RESET, reset_id, max_age=PENDING_SECONDS)
    return _told(answer)


@router.post("/verification", dependencies=[Depends(guarded)])
async def verify(body: Code, request: Request, served: Served) -> dict[str, Any]:
    """Confirm with the code."""
    path = f"/v1/password-resets/{kept_id(request, served, RESET, OVER)}/verification"
    return _told(await ask(served, "POST", path, json={"code": body.code.get_secret_value()}, over=OVER))


@router.post("/code", dependencies=[Depends(guarded)])
async def new_code(request: Request, served: Served) -> dict[str, Any]:
    """Ask for another code."""
    path = f"/v1/password-resets/{kept_id(request, served, RESET, OVER)}/code"
    return _told(await ask(served, "POST", path, over=OVER))


@router.post("/password", status_code=204, dependencies=[Depends(guarded)])
async def set_password(body: NewPassword, request: Request, response: Response, served: Served) -> None:
    """Choose the new password; 422 secret_rejected with failed_rules. All sessions end, this browser's as well."""
    path = f"/v1/password-resets/{kept_id(request, served, RESET, OVER)}/password"
    asked = {"password": body.password.get_secret_value(), "client_address": client_address(request)}
    await ask(served, "PUT", path, json=asked, over=OVER)
    for name in (RESET, SIGNED_IN):
        served.cookies.drop(response, name)


def _told(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: answer.get(name) for name in TOLD}
