"""What Meta delivers, as events: every entry, change, message and status of a payload, whatever its shape.

Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from areaclienti.gateway.channels.whatsapp.people import Sender

Kind = Literal[
    "text",  # {"text"}
    "choice",  # {"choice_id", "title"}: a button or a row of a list
    "media",  # {"media"}: what it is; it is never fetched
    "silent",  # {}: from a person, but nothing to answer
    "identity",  # {"present": Sender}: the sender is known by another id or number from now on
    "status",  # {"wamid", "status", "error_code", "callback_data"}: what became of a message of ours
    "failure",  # {"codes"}: Meta could not do something; told to operators
    "elsewhere",  # {}: for another number, or in a group
    "odd",  # {"raw"}: a shape that is not known
]
OF_PEOPLE = frozenset({"text", "choice", "media", "silent", "identity"})

# What a customer may send instead of words, as the dialogue calls it.
MEDIA = {
    **{sort: sort for sort in ("audio", "image", "video", "sticker", "document", "location", "contacts")},
    "edit": "edited",
    "order": "other",
    "unsupported": "other",
}
_SILENT = frozenset({"reaction", "revoke", "request_welcome"})
_SILENT_REPLIES = frozenset({"nfm_reply", "call_permission_reply"})  # a Flow's values came by its own endpoint
_CHANGED = frozenset({"user_changed_number", "customer_changed_number", "user_changed_user_id"})

# "Business-scoped user IDs": a country code, a point, up to 128 characters. Where there is none, the number.
_USER_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._:-]{0,139}")
_WA_ID = re.compile(r"[0-9]{5,20}")
_WAMID = re.compile(r"[\x21-\x7e]{1,256}")
_LATEST = datetime(9000, 1, 1, tzinfo=UTC)
_Object = dict[str, Any]


class NotJson(ValueError):
    """The body is no JSON."""


class _Odd(Exception):
    """A shape that is not known."""


@dataclass(frozen=True)
class Event:
    """One thing that happened. `id` is its own, however often and in whatever company it is delivered."""

    id: str
    kind: Kind
    sent_at: datetime
    content: _Object
    sender: Sender | None = None
    wamid: str | None = None


def events_in(body: bytes, phone_number_id: str, received_at: datetime) -> list[Event]:
    """The events of a payload that was delivered for our number, in its order. What is not known comes as `odd`.

    Raises NotJson.
    """
    try:
        payload = json.loads(body)
        return [_event(piece, phone_number_id, received_at) for piece in _pieces(payload)]
    except (ValueError, RecursionError):
        raise NotJson from None


@dataclass(frozen=True)
class _Piece:
    """A message, a status, an error or whatever else, with the change that it came in."""

    what: Literal["message", "status", "error", "user_id_update", "odd"]
    item: Any
    value: _Object


def _pieces(payload: Any) -> Iterator[_Piece]:
    for change in _changes(payload):
        value = change.get("value") if isinstance(change, dict) else None
        found = list(_pieces_of(change["field"], value)) if isinstance(value, dict) and "field" in change else []
        yield from found or [_Piece("odd", change, {})]


def _changes(payload: Any) -> Iterator[Any]:
    entries = payload.get("entry") if isinstance(payload, dict) else None
    if not isinstance(entries, list) or not entries or payload.get("object") != "whatsapp_business_account":
        yield payload
        return
    for entry in entries:
        changes = entry.get("changes") if isinstance(entry, dict) else None
        yield from changes if isinstance(changes, list) and changes else [entry]


def _pieces_of(field: Any, value: _Object) -> Iterator[_Piece]:
    names: dict[str, Literal["message", "status", "error", "user_id_update"]] = {}
    if field == "messages":
        names = {"messages": "message", "statuses": "status", "errors": "error"}
    elif field == "user_id_update":
        names = {"user_id_update": "user_id_update"}
    for name, what in names.items():
        items = value.get(name, [])
        for item in items if isinstance(items, list) else [items]:
            yield _Piece(what if isinstance(item, dict) else "odd", item, value)


def _event(piece: _Piece, phone_number_id: str, received_at: datetime) -> Event:
    try:
        if piece.what == "odd":
            raise _Odd
        if _text(_object(piece.value, "metadata"), "phone_number_id") != phone_number_id:
            return Event(_digest(piece.what, piece.item), "elsewhere", received_at, {})
        if piece.what == "message":
            return _message(piece.item, piece.value, received_at)
        if piece.what == "status":
            return _status(piece.item, received_at)
        if piece.what == "error":
            return Event(_digest("error", piece.item), "failure", received_at, {"codes": _codes([piece.item])})
        return _user_id_update(piece.item, received_at)
    except _Odd:
        return Event(_digest("odd", piece.item), "odd", received_at, {"raw": piece.item})


def _message(message: _Object, value: _Object, received_at: datetime) -> Event:
    wamid = _matching(_WAMID, message.get("id"))
    if wamid is None:
        raise _Odd
    event_id = hashlib.sha256(f"message:{wamid}".encode()).hexdigest()
    sent_at = _moment(message.get("timestamp"), received_at)
    if "group_id" in message:  # who registers does so alone
        return Event(event_id, "elsewhere", sent_at, {})
    sender = _sender(message, value)
    if sender.key is None:
        raise _Odd
    kind, content = _meaning(message)
    return Event(event_id, kind, sent_at, content, sender, wamid)


def _meaning(message: _Object) -> tuple[Kind, _Object]:
    sort = _text(message, "type")
    if sort == "text":
        return "text", {"text": _text(_object(message, "text"), "body")}
    if sort == "interactive":
        return _reply(_object(message, "interactive"))
    if sort == "button":  # of a template
        button = _object(message, "button")
        return "choice", {"choice_id": _text(button, "payload"), "title": _text(button, "text")}
    if sort == "unsupported" and _unsupported(message) == "edit":
        return "media", {"media": MEDIA["edit"]}
    if sort in MEDIA:
        return "media", {"media": MEDIA[sort]}
    if sort == "system":
        return _change_of_person(_object(message, "system"))
    if sort in _SILENT:
        return "silent", {}
    raise _Odd


def _reply(interactive: _Object) -> tuple[Kind, _Object]:
    sort = _text(interactive, "type")
    if sort in _SILENT_REPLIES:
        return "silent", {}
    if sort not in ("button_reply", "list_reply"):
        raise _Odd
    reply = _object(interactive, sort)
    return "choice", {"choice_id": _text(reply, "id"), "title": _text(reply, "title")}


def _unsupported(message: _Object) -> str | None:
    unsupported = message.get("unsupported")
    return unsupported.get("type") if isinstance(unsupported, dict) else None


def _change_of_person(system: _Object) -> tuple[Kind, _Object]:
    if system.get("type") not in _CHANGED:
        return "silent", {}
    wa_id = _matching(_WA_ID, system.get("wa_id")) or _matching(_WA_ID, system.get("new_wa_id"))
    return "identity", {"present": {"user_id": _matching(_USER_ID, system.get("user_id")), "wa_id": wa_id}}


def _user_id_update(update: _Object, received_at: datetime) -> Event:
    ids = _object(update, "user_id")
    former, present = _matching(_USER_ID, ids.get("previous")), _matching(_USER_ID, ids.get("current"))
    if former is None or present is None:
        raise _Odd
    wa_id = _matching(_WA_ID, update.get("wa_id"))
    content = {"present": {"user_id": present, "wa_id": wa_id}}
    sent_at = _moment(update.get("timestamp"), received_at)
    return Event(_digest("user_id_update", update), "identity", sent_at, content, Sender(former, None))


def _status(status: _Object, received_at: datetime) -> Event:
    wamid = _matching(_WAMID, status.get("id"))
    if wamid is None:
        raise _Odd
    codes = _codes(status.get("errors"))
    callback = status.get("biz_opaque_callback_data")
    content = {
        "wamid": wamid,
        "status": _text(status, "status"),
        "error_code": codes[0] if codes else None,
        "callback_data": callback if isinstance(callback, str) else None,
    }
    return Event(_digest("status", status), "status", _moment(status.get("timestamp"), received_at), content)


def _sender(message: _Object, value: _Object) -> Sender:
    """Who wrote: by what stands in the message, and by the contact beside it. Since 2026 the number may be missing."""
    origin = message.get("from")
    user_id = _matching(_USER_ID, message.get("from_user_id"))
    wa_id = _matching(_WA_ID, origin)
    if user_id is None and wa_id is None:
        user_id = _matching(_USER_ID, origin)
    contact = _contact(value, user_id, wa_id)
    return Sender(
        user_id or _matching(_USER_ID, contact.get("user_id")), wa_id or _matching(_WA_ID, contact.get("wa_id"))
    )


def _contact(value: _Object, user_id: str | None, wa_id: str | None) -> _Object:
    listed = value.get("contacts")
    contacts = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    for contact in contacts:
        if (user_id and contact.get("user_id") == user_id) or (wa_id and contact.get("wa_id") == wa_id):
            return contact
    # Alone it is the sender's, also where one country writes its numbers in two ways.
    return contacts[0] if len(contacts) == 1 else {}


def _codes(errors: Any) -> list[int]:
    listed = errors if isinstance(errors, list) else []
    codes = [error.get("code") for error in listed if isinstance(error, dict)]
    return [code for code in codes if isinstance(code, int) and 0 <= code < 10**9]


def _moment(timestamp: Any, otherwise: datetime) -> datetime:
    """Seconds since 1970, which Meta writes as a string."""
    if not isinstance(timestamp, str) or not re.fullmatch(r"[0-9]{1,12}", timestamp):
        return otherwise
    try:
        return min(datetime.fromtimestamp(int(timestamp), UTC), _LATEST)
    except (ValueError, OverflowError, OSError):
        return otherwise


def _object(holder: _Object, name: str) -> _Object:
    found = holder.get(name)
    if not isinstance(found, dict):
        raise _Odd
    return found


def _text(holder: _Object, name: str) -> str:
    found = holder.get(name)
    if not isinstance(found, str):
        raise _Odd
    return found


def _matching(pattern: re.Pattern[str], value: Any) -> str | None:
    return value if isinstance(value, str) and pattern.fullmatch(value) else None


def _digest(what: str, item: Any) -> str:
    """The same for the same item, in whatever order its fields come."""
    canonical = json.dumps(item, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{what}:{canonical}".encode()).hexdigest()
