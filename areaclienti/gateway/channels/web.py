"""The web chat's API: session, messages, secrets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

from areaclienti.gateway.channels.views import state_view
from areaclienti.gateway.cleaning import TextBlank, TextTooLong, clean_text
from areaclienti.gateway.db.models import Conversation
from areaclienti.gateway.errors import ApiError, identity_unavailable, no_secret_due, no_session, too_long
from areaclienti.gateway.identity_client import IdentityUnavailable, SecretRejected
from areaclienti.gateway.ledger import ChoiceExpired, ConversationClosed
from areaclienti.gateway.limits import MAX_MESSAGE_CHARACTERS
from areaclienti.gateway.ownership import engine_is_asked
from areaclienti.gateway.secrets import give_secret, receive_text
from areaclienti.gateway.services import Services, client_address, services
from areaclienti.gateway.session import (
    COOKIE,
    begin,
    hand_over,
    holder,
    repeatable_conversation,
    repeated,
    replaced_just_now,
    require_origin,
    resume,
    welcome_back,
    writable_conversation,
)
from areaclienti.gateway.texts import Purpose

router = APIRouter(prefix="/api")

Served = Annotated[Services, Depends(services)]
Writable = Annotated[Conversation, Depends(writable_conversation)]
Repeatable = Annotated[Conversation, Depends(repeatable_conversation)]
ClientId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{8,64}$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class PostedMessage(_Body):
    """A text, or a choice among those of the newest bot turn."""

    client_id: ClientId
    text: str | None = None
    choice_id: str | None = Field(default=None, max_length=64)

    @model_validator(mode="after")
    def _one_of_two(self) -> PostedMessage:
        if (self.text is None) == (self.choice_id is None):
            raise ValueError("either text or choice_id")
        return self


class PostedSecret(_Body):
    """A value for the vault."""

    client_id: ClientId
    purpose: Purpose
    value: SecretStr = Field(min_length=1, max_length=1_000)


@router.post("/session", dependencies=[Depends(require_origin)])
async def open_session(request: Request, response: Response, served: Served) -> dict[str, Any]:
    """Resume the cookie's conversation, or begin one; 409 session_moved while the next cookie is on its way."""
    token = served.cookies.read(request, COOKIE)
    conversation = await resume(served.ledger, token)
    if conversation is None:
        if await replaced_just_now(served.ledger, token) is not None:
            raise ApiError(409, "session_moved", "the cookie was replaced: come back with the next one")
        served.limiter.new_session.take(client_address(request))
        conversation = await begin(served, response)
    with _told():
        await welcome_back(served, conversation)
    return {
        "csrf_token": conversation.csrf,
        "last_seq": conversation.last_seq,
        "state": state_view(conversation, served.texts.progress, await served.ledger.answering(conversation)),
    }


@router.delete("/session", status_code=204)
async def close_session(conversation: Writable, response: Response, served: Served) -> None:
    """End the conversation: its streams close, its cookie goes."""
    with _told():
        await served.ledger.close(conversation.id)
    served.hub.close(conversation.id)
    served.cookies.drop(response, COOKIE)


@router.post("/messages", status_code=202)
async def post_message(
    body: PostedMessage, request: Request, response: Response, conversation: Repeatable, served: Served
) -> dict[str, int]:
    """Take a message in: it is in the ledger when this answers, and the assistant's answer follows by the stream."""
    _slow_down(request, conversation, served)
    with _told():
        async with served.locks.of(conversation.id):
            seq = await repeated(served, conversation, body.client_id, request, response)
            if seq is not None:
                return {"seq": seq}
            if body.choice_id is not None:
                under = holder(served, conversation, request)
                seq = await served.ledger.choose(conversation.id, body.client_id, body.choice_id, under)
            else:
                text, address = _clean(body.text or ""), client_address(request)
                under = holder(served, conversation, request, rotating=True)
                seq, deposited = await receive_text(served, conversation, body.client_id, address, text, under)
                if deposited == "verification_code":
                    await hand_over(served, conversation.id, body.client_id, request, response)
    _announce(served, conversation.id)
    return {"seq": seq}


@router.post("/secrets", status_code=202)
async def post_secret(
    body: PostedSecret, request: Request, response: Response, conversation: Repeatable, served: Served
) -> dict[str, int]:
    """Take a secret in: the vault keeps it, the ledger notes it, the engine gets the reference."""
    _slow_down(request, conversation, served)
    with _told():
        async with served.locks.of(conversation.id):
            seq = await repeated(served, conversation, body.client_id, request, response)
            if seq is not None:
                return {"seq": seq}
            if not engine_is_asked(conversation.owner):
                raise no_secret_due()
            value, address = body.value.get_secret_value(), client_address(request)
            under = holder(served, conversation, request, rotating=body.purpose == "verification_code")
            seq = await give_secret(served, conversation.id, body.client_id, address, body.purpose, value, under)
    if body.purpose == "verification_code":
        await hand_over(served, conversation.id, body.client_id, request, response)
    _announce(served, conversation.id)
    return {"seq": seq}


@router.post("/secrets/link")
async def make_secret_link(request: Request, conversation: Writable, served: Served) -> dict[str, str]:
    """A page of its own for the secret that is due: password managers see its fields, and other devices open it."""
    _slow_down(request, conversation, served)
    link = await served.one_time.link_for(conversation)
    if link is None:
        raise no_secret_due()
    return {"url": link.url, "expires_at": link.expires_at.isoformat(timespec="seconds")}


@contextmanager
def _told() -> Iterator[None]:
    """Refusals of the parts below, in the words of the API."""
    try:
        yield
    except ChoiceExpired:
        raise ApiError(409, "choice_expired", "the choice is not among those of the newest bot turn") from None
    except ConversationClosed:
        raise no_session() from None
    except SecretRejected as rejected:
        told = "the value breaks the rules named"
        raise ApiError(422, "secret_rejected", told, failed_rules=rejected.failed_rules) from None
    except IdentityUnavailable:
        raise identity_unavailable() from None


def _slow_down(request: Request, conversation: Conversation, served: Services) -> None:
    served.limiter.address.take(client_address(request))
    served.limiter.session.take(conversation.id)


def _announce(served: Services, conversation_id: str) -> None:
    served.hub.ledger_grew(conversation_id)
    served.runner.wake(conversation_id)


def _clean(text: str) -> str:
    try:
        return clean_text(text)
    except TextTooLong:
        raise too_long(f"at most {MAX_MESSAGE_CHARACTERS} characters a message") from None
    except TextBlank:
        raise ApiError(422, "invalid_input", "the message is empty") from None
