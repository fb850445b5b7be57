"""What the APIs of sign-in, password reset and the customer area share: cookies, guards, asking identity."""

from __future__ import annotations

import hmac
import secrets
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from areaclienti.gateway.errors import ApiError, identity_unavailable
from areaclienti.gateway.identity_client import IdentityRefused, IdentityUnavailable, SecretRejected
from areaclienti.gateway.services import Services, client_address, services
from areaclienti.gateway.session import require_csrf, require_origin

SEED, PENDING, SIGNED_IN = "ac_signin_seed", "ac_signin_pending", "ac_customer"
STEP_UP, RESET = "ac_step_up", "ac_reset"
PENDING_SECONDS = 30 * 60

Served = Annotated[Services, Depends(services)]


class Asked(BaseModel):
    """A body that may hold secrets."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Code(Asked):
    """The code sent to the mobile number (manual 9a)."""

    code: SecretStr = Field(min_length=1, max_length=32)


async def guarded(request: Request, served: Served, _origin: Annotated[None, Depends(require_origin)]) -> None:
    """Admit a request of our own page only: Origin, the CSRF token of its seed cookie, and not too fast."""
    seed = served.cookies.read(request, SEED)
    if seed is None:
        raise ApiError(403, "bad_csrf", "GET /api/sign-in first")
    require_csrf(request, csrf_of(seed))
    if request.method != "DELETE":
        served.limiter.sign_in.take(client_address(request))


def csrf_of(seed: str) -> str:
    """The CSRF token that belongs to a seed cookie."""
    return hmac.digest(seed.encode(), b"sign-in", "sha256").hex()


def new_seed(served: Services, response: Response) -> str:
    """Another seed, so that a CSRF token read before a change of privilege is worth nothing after it."""
    seed = secrets.token_urlsafe(32)
    served.cookies.write(response, SEED, seed)
    return seed


async def ask(
    served: Services, method: str, path: str, *, over: str = "sign_in_expired", **options: Any
) -> dict[str, Any]:
    """Identity's answer. Raises ApiError: 401 no_session, 409 `over` when what the cookie names has ended, 422, 503."""
    try:
        return await served.identity.ask(method, path, **options)
    except IdentityUnavailable:
        raise identity_unavailable() from None
    except SecretRejected as rejected:
        told = "the password keeps not all rules"
        raise ApiError(422, "secret_rejected", told, failed_rules=rejected.failed_rules) from None
    except IdentityRefused as refused:
        if refused.status == 401 and "session_token" in options:
            raise signed_out() from None
        if refused.status in {404, 409, 410}:
            raise ApiError(409, over, "this is over: begin again") from None
        if refused.status == 422:
            raise ApiError(422, "invalid_input", "the body does not have the documented shape") from None
        raise identity_unavailable() from None


def session_token(request: Request, served: Services) -> str:
    """Raises 401 no_session."""
    token = served.cookies.read(request, SIGNED_IN)
    if token is None:
        raise signed_out()
    return token


def kept_id(request: Request, served: Services, cookie: str, over: str) -> str:
    """The id that a cookie keeps for identity. Raises 409 `over`."""
    found = served.cookies.read(request, cookie)
    # it becomes part of a path: nothing but an identifier may
    if found is None or not found.replace("-", "").replace("_", "").isalnum() or not found.isascii():
        raise ApiError(409, over, "nothing waits for this: begin again")
    return found


def keep_session(served: Services, response: Response, answer: dict[str, Any]) -> dict[str, str]:
    """Put the session token of identity's answer, if it has one, into its cookie; the CSRF token changes with it.

    Gives `{"csrf_token": …}` for the page then, else nothing.
    """
    token = answer.get("session_token")
    if not token:
        return {}
    served.cookies.write(response, SIGNED_IN, token, max_age=_seconds_until(answer.get("session_expires_at")))
    return {"csrf_token": csrf_of(new_seed(served, response))}


def signed_out() -> ApiError:
    """Nobody is signed in."""
    return ApiError(401, "no_session", "nobody is signed in")


def _seconds_until(moment: object) -> int | None:
    if not isinstance(moment, str):
        return None
    try:
        until = datetime.fromisoformat(moment)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(int((until - datetime.now(UTC)).total_seconds()), 0)
