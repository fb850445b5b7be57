"""The one-time page (`/riservato/…`): a plain form, also without scripts, whose value goes to the vault alone."""

from __future__ import annotations

import hmac
import math
import secrets
from collections.abc import Sequence
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException

from areaclienti.gateway.db.models import now
from areaclienti.gateway.errors import ApiError
from areaclienti.gateway.identity_client import IdentityUnavailable, SecretRejected
from areaclienti.gateway.ledger import ConversationClosed, Holder
from areaclienti.gateway.one_time import PATH, Due
from areaclienti.gateway.secrets import LinkGone, give_by_link
from areaclienti.gateway.services import Services, client_address, services
from areaclienti.gateway.session import COOKIE, hand_over, holder, resume, same_secret, token_hash
from areaclienti.gateway.texts import Purpose
from areaclienti.web.pages import render

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

SEED = "ac_secret_page"
DONE = "fatto"
# The field's name tells a password manager and a phone's keyboard what it is.
FIELDS: dict[Purpose, str] = {
    "password": "new-password",
    "verification_code": "one-time-code",
    "tax_code": "tax-code",
}
MAX_VALUE_CHARACTERS = 1_000

Served = Annotated[Services, Depends(services)]


@router.get(f"{PATH}/{DONE}")
async def done(request: Request) -> Response:
    """Where the form leads: the address holds no token any more, and loading it again sends nothing."""
    return render(request, "secret_done.html")


@router.get(f"{PATH}/{{token}}")
async def show(token: str, request: Request, served: Served) -> Response:
    """The form of a link that is good; the same page for all others."""
    try:
        served.limiter.address.take(client_address(request))
    except ApiError as slow:
        return _too_fast(request, slow)
    due = await served.one_time.find(token)
    return _form(request, served, token, due) if due else _gone(request)


@router.post(f"{PATH}/{{token}}")
async def give(token: str, request: Request, served: Served) -> Response:
    """Take the value: the vault keeps it, and the chat goes on as if it had been given there."""
    try:
        served.limiter.address.take(client_address(request))
        due = await served.one_time.find(token)
        if due is None:
            return _gone(request)
        served.limiter.session.take(due.conversation_id)
    except ApiError as slow:
        return _too_fast(request, slow)
    csrf, value = await _posted(request, FIELDS[due.purpose])
    if not _is_ours(request, served) or not same_secret(csrf, _csrf(served.cookies.read(request, SEED), token)):
        return _form(request, served, token, due, trouble="again", status_code=403)
    if not value or len(value) > MAX_VALUE_CHARACTERS:
        return _form(request, served, token, due, trouble="too_long" if value else "empty", status_code=422)
    return await _take(request, served, token, due, value)


async def _take(request: Request, served: Services, token: str, due: Due, value: str) -> Response:
    address = client_address(request)
    try:
        under = await give_by_link(served, token, due, address, value, partial(_holder, request, served, due))
    except SecretRejected as rejected:
        return _form(request, served, token, due, failed_rules=rejected.failed_rules, status_code=422)
    except IdentityUnavailable:
        return _form(request, served, token, due, trouble="unavailable", status_code=503)
    except (LinkGone, ConversationClosed):
        return _gone(request)
    response = RedirectResponse(f"{PATH}/{DONE}", status_code=303)
    served.cookies.drop(response, SEED)
    if under is not None:
        await hand_over(served, due.conversation_id, due.client_id, request, response)
    served.hub.ledger_grew(due.conversation_id)
    served.runner.wake(due.conversation_id)
    return response


async def _holder(request: Request, served: Services, due: Due) -> Holder | None:
    """The chat's session, where this browser is the one that chats: a code replaces its token, as in the chat."""
    conversation = await resume(served.ledger, served.cookies.read(request, COOKIE))
    if conversation is None or conversation.id != due.conversation_id:
        return None
    return holder(served, conversation, request, rotating=due.purpose == "verification_code")


def _form(
    request: Request,
    served: Services,
    token: str,
    due: Due,
    *,
    trouble: str | None = None,
    failed_rules: Sequence[str] = (),
    status_code: int = 200,
) -> Response:
    seed = served.cookies.read(request, SEED) or secrets.token_urlsafe(32)
    left = (due.expires_at - now()).total_seconds()
    response = render(
        request,
        "secret_form.html",
        status_code,
        purpose=due.purpose,
        field=FIELDS[due.purpose],
        minutes=max(math.ceil(left / 60), 1),
        csrf=_csrf(seed, token),
        trouble=trouble,
        faults=served.texts.secret_faults,
        failed=served.texts.faults(failed_rules),
    )
    served.cookies.write(response, SEED, seed, max_age=max(math.ceil(left), 1), same_site="strict")
    return response


def _gone(request: Request) -> Response:
    """One page for unknown, used, replaced and old links: it tells nobody which."""
    return render(request, "secret_gone.html", 404)


def _too_fast(request: Request, slow: ApiError) -> Response:
    response = render(request, "secret_wait.html", slow.status, seconds=slow.fields["retry_after_seconds"])
    response.headers.update(slow.headers)
    return response


def _is_ours(request: Request, served: Services) -> bool:
    """Whether a page of ours sends the form.

    Under `Referrer-Policy: no-referrer` browsers send `Origin: null` with a form (Fetch, "append a request Origin
    header"). Then `Sec-Fetch-Site` says whose page it was; browsers that don't know it are left to cookie and token.
    """
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site", "same-origin")
    return origin in served.allowed_origins or (origin == "null" and site == "same-origin")


def _csrf(seed: str | None, token: str) -> str:
    """The form's token, of this cookie and this link; nothing that can be sent where there is no cookie."""
    return hmac.digest(seed.encode(), token_hash(token).encode(), "sha256").hex() if seed else secrets.token_hex(32)


async def _posted(request: Request, field: str) -> tuple[str | None, str | None]:
    """CSRF token and value of the form, None for what isn't there or isn't a text."""
    try:
        form = await request.form(max_files=0, max_fields=4)
    except HTTPException:
        return None, None
    csrf, value = form.get("csrf"), form.get(field)
    return csrf if isinstance(csrf, str) else None, value if isinstance(value, str) else None
