"""Sign-in with username and password, and the code of the first access."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path

from areaclienti.domain.codes import looks_like_code
from areaclienti.identity import sign_in
from areaclienti.identity.api.auth import ServicesHere, for_gateway
from areaclienti.identity.api.errors import documented
from areaclienti.identity.api.schemas import FirstAccessAsked, FirstAccessBody, NewCodeBody, SignInAsked, SignInBody
from areaclienti.identity.errors import Refused
from areaclienti.identity.sessions import Device

router = APIRouter(prefix="/v1/sign-in", tags=["sign-in"], dependencies=[for_gateway])


def six_digits(typed: str) -> str:
    """The code however it was typed. Raises `Refused` (422 `invalid_input`)."""
    code = looks_like_code(typed)
    if code is None:
        raise Refused(422, "invalid_input", "A code has six digits.")
    return code


SignInId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,40}$")]


@router.post("", response_model=SignInBody, responses=documented(401, 403, 503))
async def sign_in_with_password(asked: SignInAsked, services: ServicesHere) -> Any:
    """`rejected` never says whether the username or the password was wrong; `wait` comes before either is looked at."""
    return await sign_in.sign_in(
        services.do,
        services.ports.accounts,
        asked.username,
        asked.password,
        asked.client_address,
        Device(asked.device.browser, asked.device.system),
    )


@router.post(
    "/{sign_in_id}/verification", response_model=FirstAccessBody, responses=documented(401, 403, 404, 409, 503)
)
async def verify_first_access(sign_in_id: SignInId, asked: FirstAccessAsked, services: ServicesHere) -> Any:
    """Checks the code of the first access (manual 9a). 404 `sign_in_unknown`, 409 `no_challenge`."""
    device = Device(asked.device.browser, asked.device.system)
    code = six_digits(asked.code)
    answer = await services.do(lambda work: sign_in.verify(work, sign_in_id, code, device))
    return FirstAccessBody(
        outcome=answer.outcome,
        session_token=answer.session_token,
        session_expires_at=answer.session_expires_at,
        sign_in_id=None if answer.session_token else sign_in_id,
        challenge=None,
        retry_after_seconds=None,
        attempts_left=answer.attempts_left,
    )


@router.post("/{sign_in_id}/code", response_model=NewCodeBody, responses=documented(401, 403, 404, 503))
async def send_new_first_access_code(sign_in_id: SignInId, services: ServicesHere) -> Any:
    """Sends a new code in place of the old one. 404 `sign_in_unknown`."""
    return await services.do(lambda work: sign_in.send_new_code(work, sign_in_id))
