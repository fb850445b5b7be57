"""The browser's session: its cookie, its CSRF token, the conversation behind it, and the token's rotation."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Annotated, Literal, get_args

from fastapi import Depends, Request, Response

from areaclienti.gateway.db.models import Conversation, now
from areaclienti.gateway.engine_client import Step
from areaclienti.gateway.errors import ApiError, no_session
from areaclienti.gateway.ledger import Intent, Ledger
from areaclienti.gateway.services import Services, services

IDLE_LIMIT = timedelta(hours=36)  # who was interrupted today finds the registration tomorrow, also a little later
COME_BACK_AFTER = timedelta(hours=1)
FORMER_TOKEN_LIFE = timedelta(seconds=60)
OPENING = Intent("open_chat", {})
COME_BACK = Intent("come_back", {})
UNDER_WAY = frozenset(get_args(Step)) - {"idle", "done", "handover"}


class Cookies:
    """Sets and reads cookies that scripts can't see. On HTTPS their names pin them to this host (`__Host-`)."""

    def __init__(self, secure: bool) -> None:
        self._secure = secure

    def name(self, name: str) -> str:
        """The cookie's full name."""
        return f"__Host-{name}" if self._secure else name

    def read(self, request: Request, name: str) -> str | None:
        """The cookie's value."""
        return request.cookies.get(self.name(name)) or None

    def write(
        self,
        response: Response,
        name: str,
        value: str,
        *,
        max_age: int | None = None,
        same_site: Literal["lax", "strict"] = "lax",
    ) -> None:
        """Set the cookie; without `max_age` (seconds) it ends with the browser."""
        response.set_cookie(
            self.name(name), value, max_age=max_age, path="/", secure=self._secure, httponly=True, samesite=same_site
        )

    def drop(self, response: Response, name: str) -> None:
        """Delete the cookie."""
        response.delete_cookie(self.name(name), path="/", secure=self._secure, httponly=True, samesite="lax")


COOKIE = "ac_session"


def token_hash(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def same_secret(given: str | None, expected: str) -> bool:
    """Whether a secret header is the right one, in constant time."""
    return hmac.compare_digest((given or "").encode(), expected.encode())


def require_csrf(request: Request, expected: str) -> None:
    """Raise 403 bad_csrf unless the request carries the session's CSRF token in its header."""
    if not same_secret(request.headers.get("X-CSRF-Token"), expected):
        raise ApiError(403, "bad_csrf", "X-CSRF-Token is missing or not this session's")


def require_origin(request: Request, served: Annotated[Services, Depends(services)]) -> None:
    """Raise 403 bad_origin unless the request comes from one of our own pages."""
    if request.headers.get("Origin") not in served.allowed_origins:
        raise ApiError(403, "bad_origin", "Origin is missing or not allowed")


async def resume(ledger: Ledger, token: str | None) -> Conversation | None:
    """The open conversation of a token, unless it has been idle for too long."""
    if token is None:
        return None
    hashed = token_hash(token)
    conversation = await ledger.find_by_token(hashed)
    if conversation is None or conversation.updated_at < now() - IDLE_LIMIT:
        return None
    if conversation.token_hash == hashed:
        if conversation.former_token_hash is not None:
            await ledger.forget_former_token(conversation.id)
        return conversation
    former_until = conversation.former_valid_until
    return conversation if former_until is not None and now() < former_until else None


async def open_conversation(request: Request, served: Annotated[Services, Depends(services)]) -> Conversation:
    """The conversation of the request's cookie. Raises 401 no_session."""
    conversation = await resume(served.ledger, served.cookies.read(request, COOKIE))
    if conversation is None:
        raise no_session()
    return conversation


async def writable_conversation(
    request: Request,
    response: Response,
    served: Annotated[Services, Depends(services)],
    conversation: Annotated[Conversation, Depends(open_conversation)],
    _origin: Annotated[None, Depends(require_origin)],
) -> Conversation:
    """The conversation of the cookie, for a request that changes something: CSRF token and Origin are right."""
    require_csrf(request, conversation.csrf)
    if is_former(conversation, served.cookies.read(request, COOKIE)):
        await rotate(served, conversation, request, response)
    return conversation


async def begin(served: Services, response: Response) -> Conversation:
    """A new conversation, its cookie set; the assistant speaks first."""
    token = secrets.token_urlsafe(32)
    conversation = await served.ledger.begin("web", token_hash(token), secrets.token_urlsafe(32), opening=OPENING)
    _write(served, response, token)
    served.runner.wake(conversation.id)
    return conversation


async def welcome_back(served: Services, conversation: Conversation) -> None:
    """Who left a registration an hour ago or more is greeted and asked the same question again, once."""
    if conversation.step not in UNDER_WAY:
        return
    if await served.ledger.speak_after(conversation.id, now() - COME_BACK_AFTER, COME_BACK):
        served.runner.wake(conversation.id)


async def rotate(served: Services, conversation: Conversation, request: Request, response: Response) -> None:
    """Give the browser another token, so that one planted or read earlier is worth nothing from here on.

    The next token follows from the present one and a key of the conversation that never leaves the database: a
    repeated request (its first answer was lost) gets the same. The present token stays good until the next one is
    seen, and for a minute at most.
    """
    token = served.cookies.read(request, COOKIE)
    assert token is not None, "a conversation was found by its cookie"
    following = _following_token(conversation, token)
    _write(served, response, following)
    if conversation.token_hash == token_hash(token):
        await served.ledger.change_token(
            conversation.id, token_hash(token), token_hash(following), now() + FORMER_TOKEN_LIFE
        )


def _write(served: Services, response: Response, token: str) -> None:
    """The cookie outlives the browser's window: phones close it behind the customer's back."""
    served.cookies.write(response, COOKIE, token, max_age=int(IDLE_LIMIT.total_seconds()))


def is_former(conversation: Conversation, token: str | None) -> bool:
    """Whether the conversation was found by a token that was replaced since."""
    return token is not None and conversation.token_hash != token_hash(token)


def _following_token(conversation: Conversation, token: str) -> str:
    key = bytes.fromhex(conversation.rotation_key)
    return hmac.digest(key, token.encode(), "sha256").hex()
