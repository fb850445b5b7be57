"""The pages that people see in a browser: the host page of the chat, sign-in, the customer area, the demo mailbox."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

STATIC_DIR = Path(__file__).parent / "static"
_templates = Jinja2Templates(directory=Path(__file__).parent / "templates")

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


def render(request: Request, template: str, status_code: int = 200, **values: Any) -> HTMLResponse:
    """The page of a template, with what it shows."""
    # The mailbox belongs to the embedded default; an application that delivers for real sets this to False.
    has_mailbox = getattr(request.app.state, "has_mailbox", True)
    # So does the simulator of WhatsApp: an application that has one says where.
    simulator_url = getattr(request.app.state, "simulator_url", None)
    shown = {"has_mailbox": has_mailbox, "simulator_url": simulator_url}
    return _templates.TemplateResponse(request, template, values | shown, status_code=status_code)


@router.get("/")
async def home(request: Request) -> HTMLResponse:
    """The host page: what to have at hand, and the chat."""
    return render(request, "home.html")


@router.get("/accedi")
async def sign_in(request: Request) -> HTMLResponse:
    """Username and password, then the code at first access (manual 8a, 9a)."""
    return render(request, "sign_in.html")


@router.get("/password-dimenticata")
async def password_reset(request: Request) -> HTMLResponse:
    """Username, the code sent to the mobile on file, the new password."""
    return render(request, "password_reset.html")


@router.get("/area-clienti")
async def customer_area(request: Request) -> HTMLResponse:
    """The customer's policies and consultant; the page's script sends to sign-in whoever has no session."""
    return render(request, "customer_area.html")


@router.get("/informativa-privacy")
async def privacy_notice(request: Request) -> HTMLResponse:
    """The privacy notice in force."""
    return render(request, "privacy_notice.html")


@router.get("/mailbox")
async def mailbox(request: Request) -> HTMLResponse:
    """The e-mails and SMS that the embedded default would have sent."""
    return render(request, "mailbox.html")


def error_page(request: Request, status_code: int) -> HTMLResponse:
    """The page for an unknown address (404) or for a fault of ours (anything else), with that status."""
    return render(request, "not_found.html" if status_code == 404 else "failure.html", status_code)
