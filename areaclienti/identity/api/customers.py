"""What a signed-in customer sees, and signing out."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Response

from areaclienti.identity import sessions
from areaclienti.identity.api.auth import ServicesHere, for_gateway
from areaclienti.identity.api.errors import documented
from areaclienti.identity.api.schemas import ConsultantBody, CustomerBody, PolicyBody
from areaclienti.identity.challenges import mask_value
from areaclienti.identity.db.models import Account, Consultant
from areaclienti.identity.errors import Refused
from areaclienti.identity.registrations import display_name

router = APIRouter(prefix="/v1", tags=["customer"], dependencies=[for_gateway])

SessionToken = Annotated[str | None, Header(max_length=200)]


@router.get("/customers/me", response_model=CustomerBody, responses=documented(401, 403))
async def read_me(services: ServicesHere, x_session_token: SessionToken = None) -> Any:
    """Name, policies and consultant of the session's customer (manual 8a). 401 `session_invalid`."""
    if x_session_token is None:
        raise Refused(401, "session_invalid", "The session is unknown or over.")
    async with services.work() as work:
        return _as_body(await sessions.use(work, x_session_token))


@router.delete("/sessions/current", status_code=204, response_class=Response, responses=documented(401, 403))
async def sign_out(services: ServicesHere, x_session_token: SessionToken = None) -> None:
    """Ends the session; one that is over already is no error."""
    if x_session_token is not None:
        async with services.work() as work:
            await sessions.close(work, x_session_token)


def _as_body(account: Account) -> CustomerBody:
    customer = account.customer
    return CustomerBody.model_validate(
        {
            "display_name": display_name(customer),
            "customer_type": customer.type,
            "username_masked": mask_value(account.username_kind, account.username),
            "policies": [PolicyBody.model_validate(policy) for policy in customer.policies],
            "consultant": _consultant(customer.consultant),
        }
    )


def _consultant(consultant: Consultant | None) -> ConsultantBody | None:
    if consultant is None:
        return None
    return ConsultantBody(
        name=consultant.name,
        agency=consultant.agency.name,
        phone=consultant.phone or consultant.agency.phone,
        email=consultant.email or consultant.agency.email,
    )
