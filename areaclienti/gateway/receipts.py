"""Where SMS providers report what became of a message: handed to identity as it comes, never interpreted here."""

from __future__ import annotations

import base64
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from areaclienti.gateway.errors import ApiError, identity_unavailable
from areaclienti.gateway.identity_client import IdentityRefused, IdentityUnavailable
from areaclienti.gateway.services import Services, client_address, services

router = APIRouter()

_MOST_HEADERS = 40
_LONGEST_HEADER = 1024

Served = Annotated[Services, Depends(services)]
Provider = Annotated[str, Path(pattern=r"^[a-z]{1,16}$")]
Token = Annotated[str, Path(max_length=256)]


# Some providers call by GET, with everything in the query.
@router.api_route("/receipts/sms/{provider}", methods=["GET", "POST"])
async def signed_receipt(request: Request, served: Served, provider: Provider) -> Response:
    """204 once identity has it; 503 while identity is away, so that the provider calls again."""
    return await _relay(request, served, provider, None)


@router.api_route("/receipts/sms/{provider}/{token}", methods=["GET", "POST"])
async def receipt_with_token(request: Request, served: Served, provider: Provider, token: Token) -> Response:
    """The same for a provider that signs nothing and proves itself by the path."""
    return await _relay(request, served, provider, token)


async def _relay(request: Request, served: Services, provider: str, token: str | None) -> Response:
    served.limiter.receipts.take(client_address(request))
    relayed = {
        "path_token": token,
        "query": request.url.query,
        "headers": _headers_to_relay(request),
        "body": base64.b64encode(await request.body()).decode(),
    }
    try:
        await served.identity.ask("POST", f"/v1/receipts/sms/{provider}", json=relayed)
    except IdentityRefused as refused:
        raise _refusal(refused.status) from None
    except IdentityUnavailable:
        raise identity_unavailable() from None
    return Response(status_code=204)


def _headers_to_relay(request: Request) -> dict[str, str]:
    """What a signature may stand in, and how to read the body; cookies and keys stay here."""
    relayed = {
        name: value
        for name, value in request.headers.items()
        if (name == "content-type" or name.startswith("x-")) and len(value) <= _LONGEST_HEADER
    }
    return dict(list(relayed.items())[:_MOST_HEADERS])


def _refusal(status: int) -> ApiError:
    if status == 403:
        return ApiError(403, "not_the_provider", "the signature or the token is missing or wrong")
    if status == 404:
        return ApiError(404, "not_found", "no such provider is set")
    return ApiError(400, "bad_receipt", "the call can't be read")
