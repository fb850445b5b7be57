"""Who is signed in at the desk. Nobody can be yet: every page leads to the sign-in, every request is refused."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import HTTPException, Request

from areaclienti.gateway.errors import ApiError

SIGN_IN = "/desk/accesso"


@dataclass(frozen=True)
class SignedIn:
    """Somebody whose session is good."""

    agent_id: str
    name: str
    roles: frozenset[str]
    agency_code: str | None
    consultant_code: str | None
    session_id: str


async def signed_in(request: Request) -> SignedIn:
    """Who asks. Raises 401 session_invalid for the API, and leads pages to the sign-in."""
    if request.url.path.startswith("/desk/api/"):
        raise ApiError(401, "session_invalid", "sign in first")
    raise HTTPException(303, headers={"Location": SIGN_IN})


async def still_signed_in(request: Request, who: SignedIn) -> bool:
    """Whether the session is good still."""
    return False
