"""The sign-in page's API: passes to identity, keeps the tokens in cookies that no script can read."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field, SecretStr

from areaclienti.gateway.customer import (
    PENDING,
    PENDING_SECONDS,
    RESET,
    SEED,
    SIGNED_IN,
    STEP_UP,
    Asked,
    Code,
    Served,
    ask,
    csrf_of,
    guarded,
    keep_session,
    kept_id,
    new_seed,
    session_token,
)
from areaclienti.gateway.devices import device_of
from areaclienti.gateway.errors import ApiError
from areaclienti.gateway.services import Services, client_address

# What the page is told of identity's answer; tokens and ids stay in the cookies.
TOLD = ("outcome", "challenge", "retry_after_seconds", "attempts_left")


class Credentials(Asked):
    """What the customer signs in with (manual 8a)."""

    username: str = Field(min_length=1, max_length=320)
    password: SecretStr = Field(min_length=1, max_length=1_000)


router = APIRouter(prefix="/api")


@router.get("/sign-in")
async def state(request: Request, response: Response, served: Served) -> dict[str, str]:
    """The page's CSRF token, and how far the sign-in is: signed_out, code_required or signed_in."""
    seed = served.cookies.read(request, SEED) or new_seed(served, response)
    if served.cookies.read(request, SIGNED_IN):
        reached = "signed_in"
    else:
        reached = "code_required" if served.cookies.read(request, PENDING) else "signed_out"
    return {"csrf_token": csrf_of(seed), "state": reached}


@router.post("/sign-in", dependencies=[Depends(guarded)])
async def sign_in(body: Credentials, request: Request, response: Response, served: Served) -> dict[str, Any]:
    """Sign in; at the first access a code is required as well."""
    credentials = {
        "username": body.username, "password": body.password.get_secret_value(),
        "client_address": client_address(request), "device": device_of(request),
    }  # fmt: skip
    answer = await ask(served, "POST", "/v1/sign-in", json=credentials)
    return await _keep_tokens(served, request, response, answer)


@router.post("/sign-in/verification", dependencies=[Depends(guarded)])
async def verify(body: Code, request: Request, response: Response, served: Served) -> dict[str, Any]:
    """Confirm with the code."""
    path = f"/v1/sign-in/{_pending(request, served)}/verification"
    asked = {"code": body.code.get_secret_value(), "device": device_of(request)}
    answer = await ask(served, "POST", path, json=asked)
    return await _keep_tokens(served, request, response, answer)


@router.post("/sign-in/code", dependencies=[Depends(guarded)])
async def new_code(request: Request, response: Response, served: Served) -> dict[str, Any]:
    """Ask for another code."""
    answer = await ask(served, "POST", f"/v1/sign-in/{_pending(request, served)}/code", json={})
    return await _keep_tokens(served, request, response, answer)


@router.get("/me")
async def me(request: Request, served: Served) -> dict[str, Any]:
    """The customer's own data; 401 no_session when nobody is signed in."""
    return await ask(served, "GET", "/v1/customers/me", session_token=session_token(request, served))


@router.delete("/sign-in", status_code=204, dependencies=[Depends(guarded)])
async def sign_out(request: Request, response: Response, served: Served) -> None:
    """End the customer's session, here and at identity."""
    await _end_session(request, served)
    for name in (SIGNED_IN, PENDING, SEED, STEP_UP, RESET):
        served.cookies.drop(response, name)


async def _end_session(request: Request, served: Services) -> None:
    token = served.cookies.read(request, SIGNED_IN)
    if token is not None:
        try:
            await ask(served, "DELETE", "/v1/sessions/current", session_token=token)
        except ApiError as error:
            if error.status != 401:  # it had ended already
                raise


async def _keep_tokens(
    served: Services, request: Request, response: Response, answer: dict[str, Any]
) -> dict[str, Any]:
    if answer.get("session_token"):
        with suppress(ApiError):  # the session that this browser had is replaced; else it ends by itself
            await _end_session(request, served)
        served.cookies.drop(response, PENDING)
    elif sign_in_id := answer.get("sign_in_id"):
        served.cookies.write(response, PENDING, sign_in_id, max_age=PENDING_SECONDS)
    return {name: answer.get(name) for name in TOLD} | keep_session(served, response, answer)


def _pending(request: Request, served: Services) -> str:
    return kept_id(request, served, PENDING, "sign_in_expired")
