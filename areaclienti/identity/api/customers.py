"""What a signed-in customer sees, and signing out."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Response

from areaclienti.identity import sessions
from areaclienti.identity.api.auth import ServicesHere, for_gateway
from areaclienti.identity.api.errors import documented
from areaclienti.identity.api.schemas import ConsultantBody, CustomerBody, PolicyBody
from areaclienti.identity.challenges import mask_value
from areaclienti.identity.db.models import Account
from areaclienti.identity.errors import Refused
from areaclienti.identity.work import Work

router = APIRouter(prefix="/v1", tags=["customer"], dependencies=[for_gateway])

SessionToken = Annotated[str | None, Header(max_length=200)]


@router.get("/customers/me", response_model=CustomerBody, responses=documented(401, 403, 503))
async def read_me(services: ServicesHere, x_session_token: SessionToken = None) -> Any:
    """Name, policies and consultant of the session's customer (manual 8a). 401 `session_invalid`."""

    async def act(work: Work) -> CustomerBody:
        return await _customer_body(work, await sessions.use(work, x_session_token))

    return await services.do(act)


@router.delete("/sessions/current", status_code=204, response_class=Response, responses=documented(401, 403))
async def sign_out(services: ServicesHere, x_session_token: SessionToken = None) -> None:
    """Ends the session; one that is over already is no error."""
    if x_session_token is not None:
        async with services.work() as work:
            await sessions.close(work, x_session_token)


async def _customer_body(work: Work, account: Account) -> CustomerBody:
    profile = await work.ports.registry.profile(work, account.customer.code)
    if profile is None:
        raise Refused(401, "session_invalid", "The session's customer is not on file any more.")
    return CustomerBody(
        display_name=profile.customer.display_name,
        customer_type=profile.customer.type,
        username_masked=mask_value(account.username_kind, account.username),
        policies=[PolicyBody.model_validate(policy) for policy in profile.policies],
        consultant=ConsultantBody.model_validate(profile.consultant) if profile.consultant else None,
    )
