"""The sign-in page's API: passes to identity, keeps the tokens in cookies that no script can read."""

from __future__ import annotations

import hmac
import secrets
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from areaclienti.gateway.errors import ApiError, identity_unavailable
from areaclienti.gateway.identity_client import IdentityRefused, IdentityUnavailable
from areaclienti.gateway.services import Services, client_address, services
from areaclienti.gateway.session import require_csrf, require_origin

SEED, PENDING, SIGNED_IN = "ac_signin_seed", "ac_signin_pending", "ac_customer"
PENDING_SECONDS = 30 * 60
# What the page is told of identity's answer; tokens and ids stay in the cookies.
TOLD = ("outcome", "challenge", "retry_after_seconds", "attempts_left")

Served = Annotated[Services, Depends(services)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Credentials(_Body):
    """What the customer signs in with (manual 8a)."""

    username: str = Field(min_length=1, max_length=320)
    password: SecretStr = Field(min_length=1, max_length=1_000)


class Code(_Body):
    """The code sent to the mobile number (manual 9a)."""

    code: SecretStr = Field(min_length=1, max_length=32)


def guarded(request: Request, served: Served, _origin: Annotated[None, Depends(require_origin)]) -> None:
    """Admit a request of our own page only: Origin, and the CSRF token that belongs to its seed cookie."""
    seed = served.cookies.read(request, SEED)
    if seed is None:
        raise ApiError(403, "bad_csrf", "GET /api/sign-in first")
    require_csrf(request, _csrf(seed))


router = APIRouter(prefix="/api")


@router.get("/sign-in")
async def state(request: Request, response: Response, served: Served) -> dict[str, str]:
    """The page's CSRF token, and how far the sign-in is: signed_out, code_required or signed_in."""
    seed = served.cookies.read(request, SEED)
    if seed is None:
        seed = secrets.token_urlsafe(32)
        served.cookies.write(response, SEED, seed)
    if served.cookies.read(request, SIGNED_IN):
        reached = "signed_in"
    else:
        reached = "code_required" if served.cookies.read(request, PENDING) else "signed_out"
    return {"csrf_token": _csrf(seed), "state": reached}


@router.post("/sign-in", dependencies=[Depends(guarded)])
async def sign_in(body: Credentials, request: Request, response: Response, served: Served) -> dict[str, Any]:
    """Sign in; at the first access a code is required as well."""
    address = client_address(request)
    served.limiter.sign_in.take(address)
    credentials = {
        "username": body.username, "password": body.password.get_secret_value(), "client_address": address,
    }  # fmt: skip
    answer = await _ask(served, "POST", "/v1/sign-in", json=credentials)
    return _keep_tokens(served, response, answer)


@router.post("/sign-in/verification", dependencies=[Depends(guarded)])
async def verify(body: Code, request: Request, response: Response, served: Served) -> dict[str, Any]:
    """Confirm with the code."""
    served.limiter.sign_in.take(client_address(request))
    path = f"/v1/sign-in/{_pending(request, served)}/verification"
    answer = await _ask(served, "POST", path, json={"code": body.code.get_secret_value()})
    return _keep_tokens(served, response, answer)


@router.post("/sign-in/code", dependencies=[Depends(guarded)])
async def new_code(request: Request, response: Response, served: Served) -> dict[str, Any]:
    """Ask for another code."""
    served.limiter.sign_in.take(client_address(request))
    answer = await _ask(served, "POST", f"/v1/sign-in/{_pending(request, served)}/code", json={})
    return _keep_tokens(served, response, answer)


@router.get("/me")
async def me(request: Request, served: Served) -> dict[str, Any]:
    """The customer's own data; 401 no_session when nobody is signed in."""
    token = served.cookies.read(request, SIGNED_IN)
    if token is None:
        raise _signed_out()
    return await _ask(served, "GET", "/v1/customers/me", session_token=token)


@router.delete("/sign-in", status_code=204, dependencies=[Depends(guarded)])
async def sign_out(request: Request, response: Response, served: Served) -> None:
    """End the customer's session, here and at identity."""
    token = served.cookies.read(request, SIGNED_IN)
    if token is not None:
        try:
            await _ask(served, "DELETE", "/v1/sessions/current", session_token=token)
        except ApiError as error:
            if error.status != 401:  # it had ended already
                raise
    for name in (SIGNED_IN, PENDING, SEED):
        served.cookies.drop(response, name)


async def _ask(served: Services, method: str, path: str, **options: Any) -> dict[str, Any]:
    try:
        return await served.identity.ask(method, path, **options)
    except IdentityUnavailable:
        raise identity_unavailable() from None
    except IdentityRefused as refused:
        if refused.status == 401 and "session_token" in options:
            raise _signed_out() from None
        if refused.status in {404, 409, 410}:
            raise ApiError(409, "sign_in_expired", "this sign-in is over: begin again") from None
        if refused.status == 422:
            raise ApiError(422, "invalid_input", "the body does not have the documented shape") from None
        raise identity_unavailable() from None


def _keep_tokens(served: Services, response: Response, answer: dict[str, Any]) -> dict[str, Any]:
    if token := answer.get("session_token"):
        served.cookies.write(response, SIGNED_IN, token, max_age=_seconds_until(answer.get("session_expires_at")))
        served.cookies.drop(response, PENDING)
    elif sign_in_id := answer.get("sign_in_id"):
        served.cookies.write(response, PENDING, sign_in_id, max_age=PENDING_SECONDS)
    return {name: answer.get(name) for name in TOLD}


def _pending(request: Request, served: Services) -> str:
    sign_in_id = served.cookies.read(request, PENDING)
    # it becomes part of a path: nothing but an identifier may
    if sign_in_id is None or not sign_in_id.replace("-", "").replace("_", "").isalnum():
        raise ApiError(409, "sign_in_expired", "no sign-in waits for a code: begin again")
    return sign_in_id


def _csrf(seed: str) -> str:
    return hmac.digest(seed.encode(), b"sign-in", "sha256").hex()


def _seconds_until(moment: object) -> int | None:
    if not isinstance(moment, str):
        return None
    try:
        until = datetime.fromisoformat(moment)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(int((until - datetime.now(UTC)).total_seconds()), 0)


def _signed_out() -> ApiError:
    return ApiError(401, "no_session", "nobody is signed in")
