"""Who is signed in at the desk: the sign-in page, the sign-out, and the dependency that every other route asks."""

from __future__ import annotations

import re
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from areaclienti.desk.demo import DEMO_PASSWORD
from areaclienti.desk.sessions import SignedIn
from areaclienti.desk.sign_in import LIFE, MAX_EMAIL, Over, Refused, Wait
from areaclienti.desk.wiring import Access
from areaclienti.domain.passwords import MAX_LENGTH
from areaclienti.gateway.errors import ApiError
from areaclienti.gateway.services import Services, client_address, services, services_of
from areaclienti.gateway.session import require_origin
from areaclienti.web.pages import render

__all__ = ["SignedIn", "router", "signed_in", "still_signed_in"]

router = APIRouter(prefix="/desk", include_in_schema=False, default_response_class=HTMLResponse)

HOME: Final = "/desk"
DOOR: Final = "/desk/accesso"
API: Final = "/desk/api/"
COOKIE: Final = "ac_desk"
PENDING: Final = "ac_desk_sign_in"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_PAGE: Final = re.compile(r"/desk(?:/[A-Za-z0-9_-]+)*(?:\?[A-Za-z0-9_=&%.+-]*)?")

Served = Annotated[Services, Depends(services)]


class SignInFirst(ApiError):
    """Nobody is signed in, and a page was asked for: it leads to the sign-in, and from there back."""

    def __init__(self, request: Request) -> None:
        super().__init__(401, "session_invalid", "sign in first")
        self._request = request

    def response(self) -> Response:
        """To the sign-in page. From another site no strict cookie came, so the address is asked once more from here."""
        if self._request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
            return onward(self._request, _address_of(self._request))
        return RedirectResponse(f"{DOOR}?ritorno={quote(_address_of(self._request), safe='')}", status_code=303)


async def signed_in(request: Request) -> SignedIn:
    """Whoever is signed in. Raises 401 session_invalid, for a page a way to the sign-in; 403 bad_origin where a request
    that changes something does not come from a page of ours.
    """
    served = services_of(request)
    if request.method not in _SAFE:
        await require_origin(request, served)
    who = await access_of(served).sessions.find(served.cookies.read(request, COOKIE))
    if who is not None:
        return who
    if request.method in _SAFE and not request.url.path.startswith(API):
        raise SignInFirst(request)
    raise ApiError(401, "session_invalid", "sign in first")


async def still_signed_in(request: Request, who: SignedIn) -> bool:
    """Whether the session goes on. Streams ask at least every 10 s, and end when it does not."""
    return await access_of(services_of(request)).sessions.lives(who.session_id)


def access_of(served: Services) -> Access:
    """The desk's door."""
    assert served.desk is not None, "routes of the desk exist only where there is one"
    return served.desk.access


def onward(request: Request, address: str) -> HTMLResponse:
    """A page that goes on to an address of ours by itself: seen from there, the way leads from our own site."""
    return render(request, "desk/onward.html", address=address)


def own_page(address: str | None) -> str | None:
    """The address, where it is one of the desk's own pages; nobody is led elsewhere."""
    if address is None or len(address) > 512 or address.startswith((DOOR, "/desk/uscita", API)):
        return None
    return address if _OWN_PAGE.fullmatch(address) else None


def let_in(request: Request, served: Services, token: str, return_to: str | None) -> Response:
    """Give the browser its session, and the page that was asked for."""
    response = RedirectResponse(own_page(return_to) or HOME, status_code=303)
    _keep_session(served, response, token)
    return response


def let_in_from_elsewhere(request: Request, served: Services, token: str, return_to: str | None) -> Response:
    """As `let_in`, for a browser that another site has sent here."""
    response = onward(request, own_page(return_to) or HOME)
    _keep_session(served, response, token)
    return response


@router.get("/accesso")
async def show(request: Request, served: Served, ritorno: str | None = None) -> Response:
    """E-mail and password; whoever is signed in goes on to the desk."""
    if await access_of(served).sessions.find(served.cookies.read(request, COOKIE)) is not None:
        return RedirectResponse(own_page(ritorno) or HOME, status_code=303)
    return await door(request, served, ritorno)


@router.post("/accesso", dependencies=[Depends(require_origin)])
async def give_password(
    request: Request,
    served: Served,
    email: Annotated[str, Form(max_length=MAX_EMAIL)] = "",
    password: Annotated[str, Form(max_length=4 * MAX_LENGTH)] = "",
    ritorno: Annotated[str | None, Form(max_length=512)] = None,
) -> Response:
    """The first factor."""
    if not access_of(served).has_passwords:
        raise HTTPException(404)
    if not email.strip() or not password:
        return await door(request, served, ritorno, email=email, trouble="empty", status_code=422)
    try:
        served.limiter.sign_in.take(client_address(request))
        token = await access_of(served).sign_in.password(email, password, client_address(request), own_page(ritorno))
    except (Wait, ApiError) as slow:
        return await door(
            request, served, ritorno, email=email, trouble="wait", seconds=_seconds(slow), status_code=429
        )
    except Refused:
        return await door(request, served, ritorno, email=email, trouble="refused", status_code=401)
    response = RedirectResponse(f"{DOOR}/codice", status_code=303)
    served.cookies.write(response, PENDING, token, max_age=int(LIFE.total_seconds()), same_site="strict")
    return response


@router.get("/accesso/codice")
async def show_code(request: Request, served: Served) -> Response:
    """The code, where the password was right."""
    agent_id = await access_of(served).sign_in.waits_for_code(served.cookies.read(request, PENDING))
    if agent_id is None:
        return RedirectResponse(DOOR, status_code=303)
    return await _code_page(request, served, agent_id)


@router.post("/accesso/codice", dependencies=[Depends(require_origin)])
async def give_code(
    request: Request, served: Served, codice: Annotated[str, Form(max_length=32)] = ""
) -> Response:  # fmt: skip
    """The second factor, and with it the session."""
    token = served.cookies.read(request, PENDING)
    access = access_of(served)
    agent_id = await access.sign_in.waits_for_code(token)
    if agent_id is None:
        return await _over(request, served)
    try:
        served.limiter.sign_in.take(client_address(request))
        opened = await access.sign_in.code(token, codice, client_address(request))
    except ApiError as slow:
        return await _code_page(request, served, agent_id, trouble="wait", seconds=_seconds(slow), status_code=429)
    except Refused:
        return await _code_page(request, served, agent_id, trouble="refused", status_code=401)
    except Over:
        return await _over(request, served)
    response = let_in(request, served, opened.token, opened.return_to)
    served.cookies.drop(response, PENDING)
    return response


@router.post("/uscita", dependencies=[Depends(require_origin)])
async def leave(request: Request, served: Served) -> Response:
    """End the session; without one it is the same."""
    access = access_of(served)
    who = await access.sessions.find(served.cookies.read(request, COOKIE))
    if who is not None:
        await access.sessions.end(who.session_id)
    response = RedirectResponse(f"{DOOR}?uscita=1", status_code=303)
    served.cookies.drop(response, COOKIE)
    return response


async def door(
    request: Request,
    served: Services,
    return_to: str | None,
    *,
    email: str = "",
    trouble: str | None = None,
    seconds: int = 0,
    status_code: int = 200,
) -> Response:
    """The sign-in page, with what went wrong."""
    access = access_of(served)
    return render(
        request,
        "desk/sign_in.html",
        status_code,
        return_to=own_page(return_to) or "",
        email=email,
        trouble=trouble,
        seconds=seconds,
        has_left=trouble is None and "uscita" in request.query_params,
        has_passwords=access.has_passwords,
        has_oidc=access.oidc is not None,
        demo_people=await access.demo.people() if access.demo else (),
        demo_password=DEMO_PASSWORD,
    )


async def _code_page(
    request: Request,
    served: Services,
    agent_id: str,
    *,
    trouble: str | None = None,
    seconds: int = 0,
    status_code: int = 200,
) -> Response:
    demo = access_of(served).demo
    shown = await demo.code_of(agent_id) if demo else None
    return render(request, "desk/sign_in_code.html", status_code, trouble=trouble, seconds=seconds, demo=shown)


async def _over(request: Request, served: Services) -> Response:
    response = await door(request, served, None, trouble="over", status_code=401)
    served.cookies.drop(response, PENDING)
    return response


def _keep_session(served: Services, response: Response, token: str) -> None:
    life = int(access_of(served).sessions.life.total_seconds())
    served.cookies.write(response, COOKIE, token, max_age=life, same_site="strict")


def _seconds(slow: Wait | ApiError) -> int:
    return slow.seconds if isinstance(slow, Wait) else int(slow.fields["retry_after_seconds"])


def _address_of(request: Request) -> str:
    query = request.url.query
    return own_page(request.url.path + (f"?{query}" if query else "")) or HOME
