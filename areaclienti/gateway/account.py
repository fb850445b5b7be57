"""The customer area's API: sessions, and the secure operations behind a fresh code to the mobile (manual 9a)."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field, SecretStr

from areaclienti.gateway.customer import (
    PENDING_SECONDS,
    SEED,
    SIGNED_IN,
    STEP_UP,
    Asked,
    Code,
    Served,
    ask,
    guarded,
    keep_session,
    kept_id,
    session_token,
)

OVER = "step_up_expired"
TOLD = ("outcome", "challenge", "retry_after_seconds", "attempts_left", "valid_until")


class StepUp(Asked):
    """Which operation the code is for."""

    action: Literal["change_password", "end_other_sessions", "deactivate"]


class PasswordChange(Asked):
    """The present password and the new one."""

    present_password: SecretStr = Field(min_length=1, max_length=1_000)
    password: SecretStr = Field(max_length=1_000)


router = APIRouter(prefix="/api")


@router.get("/sessions")
async def sessions(request: Request, served: Served) -> dict[str, Any]:
    """Where the customer is signed in."""
    return await ask(served, "GET", "/v1/sessions", session_token=session_token(request, served))


@router.post("/step-up", dependencies=[Depends(guarded)])
async def step_up(body: StepUp, request: Request, response: Response, served: Served) -> dict[str, Any]:
    """Have the code for an operation sent."""
    token = session_token(request, served)
    answer = await ask(served, "POST", "/v1/step-ups", json={"action": body.action}, session_token=token)
    if step_up_id := answer.get("step_up_id"):
        served.cookies.write(response, STEP_UP, step_up_id, max_age=PENDING_SECONDS)
    return _told(answer)


@router.post("/step-up/verification", dependencies=[Depends(guarded)])
async def verify(body: Code, request: Request, response: Response, served: Served) -> dict[str, Any]:
    """Confirm with the code; the session goes on under another token."""
    token, step_up_id = session_token(request, served), kept_id(request, served, STEP_UP, OVER)
    asked = {"code": body.code.get_secret_value()}
    path = f"/v1/step-ups/{step_up_id}/verification"
    answer = await ask(served, "POST", path, json=asked, session_token=token, over=OVER)
    return _told(answer) | keep_session(served, response, answer)


@router.post("/step-up/code", dependencies=[Depends(guarded)])
async def new_code(request: Request, served: Served) -> dict[str, Any]:
    """Ask for another code."""
    token, step_up_id = session_token(request, served), kept_id(request, served, STEP_UP, OVER)
    return _told(await ask(served, "POST", f"/v1/step-ups/{step_up_id}/code", session_token=token, over=OVER))


@router.post("/account/password", dependencies=[Depends(guarded)])
async def change_password(body: PasswordChange, request: Request, response: Response, served: Served) -> dict[str, Any]:
    """Change the password; 422 secret_rejected with failed_rules."""
    token, step_up_id = session_token(request, served), kept_id(request, served, STEP_UP, OVER)
    asked = {
        "step_up_id": step_up_id,
        "present_password": body.present_password.get_secret_value(),
        "password": body.password.get_secret_value(),
    }
    answer = await ask(served, "PUT", "/v1/account/password", json=asked, session_token=token, over=OVER)
    if answer.get("outcome") == "changed":
        served.cookies.drop(response, STEP_UP)
    return _told(answer) | keep_session(served, response, answer)


@router.post("/account/end-other-sessions", status_code=204, dependencies=[Depends(guarded)])
async def end_other_sessions(request: Request, response: Response, served: Served) -> None:
    """Sign out everywhere else."""
    await _do(request, served, "/v1/sessions/end-others")
    served.cookies.drop(response, STEP_UP)


@router.post("/account/deactivation", status_code=204, dependencies=[Depends(guarded)])
async def deactivate(request: Request, response: Response, served: Served) -> None:
    """Give the account up."""
    await _do(request, served, "/v1/account/deactivation")
    for name in (SIGNED_IN, STEP_UP, SEED):
        served.cookies.drop(response, name)


async def _do(request: Request, served: Served, path: str) -> None:
    token, step_up_id = session_token(request, served), kept_id(request, served, STEP_UP, OVER)
    await ask(served, "POST", path, json={"step_up_id": step_up_id}, session_token=token, over=OVER)


def _told(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: answer.get(name) for name in TOLD}
