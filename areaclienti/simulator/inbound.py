"""Makes the webhooks' messages of what a person does on the phone, as the pages of the webhook reference show them."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from areaclienti.simulator.phones import Phone, new_wamid

T = TypeVar("T")
Wamid = Annotated[str, Field(min_length=1, max_length=256)]
_LONGEST_TEXT: Final = 65_536  # what the apps let a person write
_MEDIA: Final[Mapping[str, str]] = {
    "audio": "audio/ogg; codecs=opus",
    "image": "image/jpeg",
    "video": "video/mp4",
    "document": "application/pdf",
    "sticker": "image/webp",
}


class Sending(BaseModel):
    """What the phone side asks for; which fields count depends on `type`."""

    model_config = ConfigDict(extra="forbid")

    type: Literal[
        "text", "button_reply", "list_reply", "nfm_reply", "audio", "image", "video", "document", "sticker",
        "location", "contacts", "reaction", "deleted", "edited", "unsupported",
    ]  # fmt: skip
    text: str | None = Field(default=None, min_length=1, max_length=_LONGEST_TEXT)
    id: str | None = Field(default=None, min_length=1, max_length=256)
    title: str | None = Field(default=None, min_length=1, max_length=256)
    description: str | None = Field(default=None, max_length=256)
    response: dict[str, Any] | None = None
    wamid: Wamid | None = None  # the message that a reaction, a deletion or a change is about
    context: Wamid | None = None  # the message that is answered or quoted
    emoji: str | None = Field(default=None, max_length=16)
    caption: str | None = Field(default=None, max_length=1024)


class Unfit(Exception):
    """A field that this type needs is missing; the text says which."""


def make_message(phone: Phone, wish: Sending, business_number: str) -> dict[str, Any]:
    """The webhook's message object. Raises `Unfit`."""
    content = _MAKERS.get(wish.type, _media)(wish)
    # business-scoped-user-ids: the number is left out where it isn't seen
    known = {"from": phone.wa_id} if phone.wa_id else {}
    message: dict[str, Any] = {
        **known,
        "from_user_id": phone.user_id,
        "id": new_wamid(),
        "timestamp": str(int(time.time())),
        **content,
    }
    answered = _answered(phone, wish)
    if answered:
        digits = "".join(digit for digit in business_number if digit.isdigit())
        message["context"] = {"from": digits, "id": answered}
    return message


def contact(phone: Phone) -> dict[str, Any]:
    """Who writes, as webhooks say it."""
    known = {"wa_id": phone.wa_id} if phone.wa_id else {}
    return {"profile": {"name": phone.name}, **known, "user_id": phone.user_id}


def _answered(phone: Phone, wish: Sending) -> str | None:
    if wish.context or wish.type not in ("button_reply", "list_reply", "nfm_reply"):
        return wish.context
    # The service always says which message a choice answers: the last one that offers it.
    newest = reversed(phone.entries.values())
    return next((entry.wamid for entry in newest if entry.side == "business" and _offers(entry.payload, wish)), None)


def _offers(payload: Mapping[str, Any], wish: Sending) -> bool:
    interactive = payload.get("interactive", {})
    action = interactive.get("action", {})
    if wish.type == "nfm_reply":
        return bool(interactive.get("type") == "flow")
    rows = [row for section in action.get("sections", []) for row in section["rows"]]
    replies = [button["reply"] for button in action.get("buttons", [])]
    return any(choice["id"] == wish.id for choice in rows + replies)


def _text(wish: Sending) -> dict[str, Any]:
    return {"type": "text", "text": {"body": _needed(wish.text, "text")}}


def _reply(wish: Sending) -> dict[str, Any]:
    reply = {"id": _needed(wish.id, "id"), "title": _needed(wish.title, "title")}
    if wish.type == "list_reply" and wish.description:
        reply["description"] = wish.description
    return {"type": "interactive", "interactive": {"type": wish.type, wish.type: reply}}


def _flow_reply(wish: Sending) -> dict[str, Any]:
    reply = {"name": "flow", "body": "Sent", "response_json": json.dumps(_needed(wish.response, "response"))}
    return {"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": reply}}


def _media(wish: Sending) -> dict[str, Any]:
    media: dict[str, Any] = {
        "mime_type": _MEDIA[wish.type],
        "sha256": secrets.token_urlsafe(32),
        "id": str(secrets.randbelow(10**15)),
    }
    if wish.type == "audio":
        media["voice"] = True
    elif wish.type == "sticker":
        media["animated"] = False
    elif wish.type == "document":
        media["filename"] = "documento.pdf"
    if wish.caption and wish.type in ("image", "video", "document"):
        media["caption"] = wish.caption
    return {"type": wish.type, wish.type: media}


def _location(_: Sending) -> dict[str, Any]:
    return {"type": "location", "location": {"latitude": 45.4642, "longitude": 9.19}}


def _contacts(_: Sending) -> dict[str, Any]:
    name = {"formatted_name": "Anna Prova", "first_name": "Anna", "last_name": "Prova"}
    phones = [{"phone": "+39 055 000 0000", "type": "WORK"}]
    return {"type": "contacts", "contacts": [{"name": name, "phones": phones}]}


def _reaction(wish: Sending) -> dict[str, Any]:
    reaction = {"message_id": _needed(wish.wamid, "wamid")}
    # A reaction that is taken back comes without its emoji.
    return {"type": "reaction", "reaction": reaction | ({"emoji": wish.emoji} if wish.emoji else {})}


def _deleted(wish: Sending) -> dict[str, Any]:
    return {"type": "revoke", "revoke": {"original_message_id": _needed(wish.wamid, "wamid")}}


def _edited(wish: Sending) -> dict[str, Any]:
    message = {"type": "text", "text": {"body": _needed(wish.text, "text")}}
    return {"type": "edit", "edit": {"original_message_id": _needed(wish.wamid, "wamid"), "message": message}}


def _unsupported(_: Sending) -> dict[str, Any]:
    details = {"details": "Message type is currently not supported."}
    error = {"code": 131051, "title": "Message type unknown", "message": "Message type unknown", "error_data": details}
    return {"type": "unsupported", "errors": [error], "unsupported": {"type": "poll"}}


def _needed(value: T | None, name: str) -> T:
    if value is None:
        raise Unfit(f"{name} is needed")
    return value


_MAKERS: Final[Mapping[str, Callable[[Sending], dict[str, Any]]]] = {
    "text": _text,
    "button_reply": _reply,
    "list_reply": _reply,
    "nfm_reply": _flow_reply,
    "location": _location,
    "contacts": _contacts,
    "reaction": _reaction,
    "deleted": _deleted,
    "edited": _edited,
    "unsupported": _unsupported,
}
