"""The envelope of everything that is posted to /messages: who it goes to, and which type it is of."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from areaclienti.simulator.checks.interactive import check_interactive
from areaclienti.simulator.checks.reading import Node
from areaclienti.simulator.checks.template import check_template
from areaclienti.simulator.checks.text import check_text
from areaclienti.simulator.errors import Refusal

_TYPES: Final[Mapping[str, Callable[[Node], None]]] = {
    "text": check_text,
    "interactive": check_interactive,
    "template": check_template,
}
_NUMBER = re.compile(r"\+?[1-9][0-9]{6,14}")
_USER_ID = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}")


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a good message says of itself. `to` is a number's digits, or the id of a user whose number isn't seen."""

    to: str
    given_to: str
    type: str
    callback_data: str | None
    replies_to: str | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The wish to mark a message as read, and to show that an answer is on its way."""

    message_id: str
    typing: bool


def check_message(body: object) -> Accepted:
    """The message, when Graph would take its shape. Raises `Refusal` with the limit that it breaks."""
    message = Node(body)
    message.one_of("messaging_product", "whatsapp")
    if message.has("recipient_type"):
        message.one_of("recipient_type", "individual")
    given_to, to = _recipient(message)
    # Graph takes a message without a type for a text.
    kind = message.one_of("type", *_TYPES) if message.has("type") else "text"
    _TYPES[kind](message.object(kind))
    replies_to = None
    if message.has("context"):
        context = message.object("context")
        replies_to = context.text("message_id")
        context.end()
    callback_data = message.optional_text("biz_opaque_callback_data", "message.callback_data")
    message.end()
    return Accepted(to, given_to, kind, callback_data, replies_to)


def is_receipt(body: object) -> bool:
    """Whether the body is about a message that came in, not one that goes out."""
    return isinstance(body, Mapping) and "status" in body


def check_receipt(body: object) -> Receipt:
    """The receipt, when its shape is right. Raises `Refusal`."""
    receipt = Node(body)
    receipt.one_of("messaging_product", "whatsapp")
    receipt.one_of("status", "read")
    message_id = receipt.text("message_id")
    typing = receipt.has("typing_indicator")
    if typing:
        indicator = receipt.object("typing_indicator")
        indicator.one_of("type", "text")
        indicator.end()
    receipt.end()
    return Receipt(message_id, typing)


def _recipient(message: Node) -> tuple[str, str]:
    """As given, and as it is known here: where both are given, the number counts (business-scoped-user-ids)."""
    user_id = message.optional_text("recipient")
    number = message.optional_text("to")
    if number is not None:
        if not _NUMBER.fullmatch(number):
            raise Refusal(131009, "Param to is not a phone number.")
        return number, number.lstrip("+")
    if user_id is None:
        raise Refusal(131008, "Parameter to is required.")
    if not _USER_ID.fullmatch(user_id):
        raise Refusal(131009, "Param recipient is not a business-scoped user id.")
    return user_id, user_id


def shown(body: Mapping[str, Any]) -> dict[str, Any]:
    """The message as the person's phone gets it: without what only the business and Graph talk about."""
    hidden = {"messaging_product", "recipient_type", "biz_opaque_callback_data", "to", "recipient"}
    return {key: value for key, value in body.items() if key not in hidden}
