"""The page of an invitation (`/desk/invito/…`): a password, a QR to scan, one code; then the desk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import segno
from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from areaclienti.desk import totp
from areaclienti.desk.administration import INVITATION_PATH, Gone, Invited, NotGood
from areaclienti.desk.web.access import Served, access_of, let_in
from areaclienti.gateway.errors import ApiError
from areaclienti.gateway.services import Services, client_address
from areaclienti.gateway.session import require_origin
from areaclienti.web.pages import render

MAX_CHARACTERS = 1_000


async def _with_passwords(served: Served) -> None:
    if not access_of(served).has_passwords:
        raise HTTPException(404)


router = APIRouter(
    include_in_schema=False, default_response_class=HTMLResponse, dependencies=[Depends(_with_passwords)]
)


@router.get(f"{INVITATION_PATH}/{{token}}")
async def show(token: str, request: Request, served: Served) -> Response:
    """What an invited agent has to do; the same page for every link that is not good."""
    try:
        served.limiter.address.take(client_address(request))
        invited = await access_of(served).invitations.find(token)
    except (Gone, ApiError):
        return _gone(request)
    return _page(request, served, invited)


@router.post(f"{INVITATION_PATH}/{{token}}", dependencies=[Depends(require_origin)])
async def use(
    token: str,
    request: Request,
    served: Served,
    password: Annotated[str, Form(alias="new-password", max_length=MAX_CHARACTERS)] = "",
    codice: Annotated[str, Form(max_length=32)] = "",
) -> Response:
    """Take both factors, and sign in with them."""
    invitations = access_of(served).invitations
    try:
        invited = await invitations.find(token)
        served.limiter.sign_in.take(client_address(request))
        session = await invitations.use(token, password, codice)
    except Gone:
        return _gone(request)
    except ApiError:
        return _page(request, served, invited, trouble="wait", status_code=429)
    except NotGood as not_good:
        trouble = "code" if not_good.is_code_wrong else "password"
        return _page(request, served, invited, trouble=trouble, failed_rules=not_good.rules, status_code=422)
    return let_in(request, served, session, None)


def _page(
    request: Request,
    served: Services,
    invited: Invited,
    *,
    trouble: str | None = None,
    failed_rules: Sequence[str] = (),
    status_code: int = 200,
) -> Response:
    drawn = segno.make(totp.address_of(invited.secret, invited.email), error="m")
    qr = drawn.svg_inline(scale=5, border=4, light="#fff", omitsize=True, svgclass=None, lineclass=None)
    return render(
        request,
        "desk/invitation.html",
        status_code,
        invited=invited,
        qr=Markup(qr),  # drawn here, of nothing but squares
        secret=" ".join(invited.secret[place : place + 4] for place in range(0, len(invited.secret), 4)),
        trouble=trouble,
        failed=served.texts.faults(failed_rules),
    )


def _gone(request: Request) -> Response:
    return render(request, "desk/invitation_gone.html", 404)
