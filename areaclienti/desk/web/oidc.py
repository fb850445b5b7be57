"""The insurer's own sign-in, in the browser: the way to the provider and the way back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from areaclienti.desk.oidc import ProviderUnavailable, TokenRefused
from areaclienti.desk.oidc_sign_in import LIFE, OidcSignIn
from areaclienti.desk.web.access import Served, access_of, door, let_in_from_elsewhere, own_page
from areaclienti.desk.wiring import OIDC_RETURN
from areaclienti.gateway.errors import ApiError
from areaclienti.gateway.services import Services, client_address

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

BROWSER = "ac_desk_oidc"


@router.get("/desk/accesso/oidc")
async def there(request: Request, served: Served, ritorno: str | None = None) -> Response:
    """To the provider."""
    oidc = _oidc(served)
    try:
        served.limiter.sign_in.take(client_address(request))
        start = await oidc.begin(own_page(ritorno))
    except ProviderUnavailable:
        return await door(request, served, ritorno, trouble="oidc_away", status_code=503)
    except ApiError as slow:
        seconds = int(slow.fields["retry_after_seconds"])
        return await door(request, served, ritorno, trouble="wait", seconds=seconds, status_code=429)
    response = RedirectResponse(start.address, status_code=303)
    # lax: it must come along when the provider sends the browser back
    served.cookies.write(response, BROWSER, start.browser, max_age=int(LIFE.total_seconds()))
    return response


@router.get(OIDC_RETURN)
async def back(
    request: Request,
    served: Served,
    state: Annotated[str, Query(max_length=256)] = "",
    code: Annotated[str | None, Query(max_length=4096)] = None,
    iss: Annotated[str | None, Query(max_length=1024)] = None,
) -> Response:
    """From the provider."""
    try:
        opened = await _oidc(served).finish(state, code, served.cookies.read(request, BROWSER), iss)
    except ProviderUnavailable:
        return await door(request, served, None, trouble="oidc_away", status_code=503)
    except TokenRefused:
        return await door(request, served, None, trouble="oidc", status_code=401)
    response = let_in_from_elsewhere(request, served, opened.token, opened.return_to)
    served.cookies.drop(response, BROWSER)
    return response


def _oidc(served: Services) -> OidcSignIn:
    found = access_of(served).oidc
    if found is None:
        raise HTTPException(404)
    return found
