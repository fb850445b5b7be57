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
from areaclienti.gateway.ledger import Holder, Intent, Ledger
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


async def require_origin(request: Request, served: Annotated[Services, Depends(services)]) -> None:
    """Raise 403 bad_origin unless the request comes from one of our own pages."""
    if request.headers.get("Origin") not in served.allowed_origins:
        raise ApiError(403, "bad_origin", "Origin is missing or not allowed")


async def resume(ledger: Ledger, token: str | None) -> Conversation | None:
    """The open conversation of a token, unless it has been idle for too long or another token replaced this one."""
    conversation = await _find(ledger, token)
    if conversation is None or _is_former(conversation, token):
        return None
    if conversation.former_token_hash is not None:  # its answer has arrived
        await ledger.forget_former_token(conversation.id)
    return conversation


async def replaced_just_now(ledger: Ledger, token: str | None) -> Conversation | None:
    """The open conversation of a token that was replaced, as long as the answer with the next one may be on its way."""
    conversation = await _find(ledger, token)
    if conversation is None or not _is_former(conversation, token):
        return None
    until = conversation.former_valid_until
    return conversation if until is not None and now() < until else None


async def _find(ledger: Ledger, token: str | None) -> Conversation | None:
    conversation = await ledger.find_by_token(token_hash(token)) if token is not None else None
    return None if conversation is None or conversation.updated_at < now() - IDLE_LIMIT else conversation


async def open_conversation(request: Request, served: Annotated[Services, Depends(services)]) -> Conversation:
    """The conversation of the request's cookie. Raises 401 no_session."""
    conversation = await resume(served.ledger, served.cookies.read(request, COOKIE))
    if conversation is None:
        raise no_session()
    return conversation


async def writable_conversation(
    request: Request,
    served: Annotated[Services, Depends(services)],
    conversation: Annotated[Conversation, Depends(open_conversation)],
    _origin: Annotated[None, Depends(require_origin)],
) -> Conversation:
    """The conversation of the cookie, for a request that changes something: CSRF token and Origin are right."""
    require_csrf(request, conversation.csrf)
    return conversation


async def repeatable_conversation(
    request: Request,
    served: Annotated[Services, Depends(services)],
    _origin: Annotated[None, Depends(require_origin)],
) -> Conversation:
    """As `writable_conversation`, or that of a token that was replaced just now: `repeated` says for what."""
    token = served.cookies.read(request, COOKIE)
    conversation = await resume(served.ledger, token) or await replaced_just_now(served.ledger, token)
    if conversation is None:
        raise no_session()
    require_csrf(request, conversation.csrf)
    return conversation


async def repeated(
    served: Services, conversation: Conversation, client_id: str, request: Request, response: Response
) -> int | None:
    """The seq of the message that replaced the request's token, with the next token for the browser, when this is that
    message once more because its answer was lost. None while the token is in force; 401 no_session for anything else.

    The caller holds the conversation's lock.
    """
    if await resume(served.ledger, served.cookies.read(request, COOKIE)) is not None:
        return None
    seq = await hand_over(served, conversation.id, client_id, request, response)
    if seq is None:
        raise no_session()
    return seq


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


def holder(served: Services, conversation: Conversation, request: Request, *, rotating: bool = False) -> Holder:
    """The request's token, for a write under it; `rotating`: with which the next token takes its place.

    So a token planted or read earlier is worth nothing from then on.
    """
    token = _token(served, request)
    if not rotating:
        return Holder(token_hash(token))
    return Holder(token_hash(token), token_hash(_following_token(conversation, token)), now() + FORMER_TOKEN_LIFE)


async def hand_over(
    served: Services, conversation_id: str, client_id: str, request: Request, response: Response
) -> int | None:
    """Give the browser the token that has just replaced the request's with the message of that client id, and return
    the message's seq; None where this message replaced none.

    Who knows the old token, planted or read earlier, doesn't know that client id: the streams of the old token ended
    before the message. The next token follows from the old one and a key of the conversation that never leaves the
    database: a repeated request (its first answer was lost) gets the same.
    """
    token = _token(served, request)
    replaced = await replaced_just_now(served.ledger, token)
    if replaced is None or replaced.id != conversation_id or replaced.former_valid_until is None:
        return None
    since = replaced.former_valid_until - FORMER_TOKEN_LIFE
    seq = await served.ledger.seq_of(conversation_id, client_id, since=since)
    if seq is not None:
        _write(served, response, _following_token(replaced, token))
    return seq


def _token(served: Services, request: Request) -> str:
    token = served.cookies.read(request, COOKIE)
    assert token is not None, "a conversation was found by its cookie"
    return token


def _write(served: Services, response: Response, token: str) -> None:
    """The cookie outlives the browser's window: phones close it behind the customer's back."""
    served.cookies.write(response, COOKIE, token, max_age=int(IDLE_LIMIT.total_seconds()))


def _is_former(conversation: Conversation, token: str | None) -> bool:
    """Whether the conversation was found by a token that was replaced since."""
    return token is not None and conversation.token_hash != token_hash(token)


def _following_token(conversation: Conversation, token: str) -> str:
    key = bytes.fromhex(conversation.rotation_key)
    return hmac.digest(key, token.encode(), "sha256").hex()
