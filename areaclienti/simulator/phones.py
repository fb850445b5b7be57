"""The phones that write to the business: who they are, what stands in their chats, and who watches. Memory only."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from areaclienti.simulator.errors import beyond
from areaclienti.simulator.limits import LIMITS

Side = Literal["business", "person"]
Status = Literal["waiting", "sent", "delivered", "read", "failed"]

ENTRIES_A_PHONE: Final = 300
ENTRIES_IN_ALL: Final = 4_000  # some 10 MB; the phone unused for longest is forgotten first
_RANK: Final = {"waiting": 0, "sent": 1, "delivered": 2, "read": 3}


@dataclass(slots=True)
class Entry:
    """One thing in a chat. `payload` is Graph's message object, as it was sent or as the webhook brought it.

    `version` is the phone's when the entry last changed. `at` is in seconds since 1970.
    """

    n: int
    wamid: str
    side: Side
    at: float
    payload: dict[str, Any]
    status: Status
    version: int = 0
    reactions: dict[Side, str] = field(default_factory=dict)
    deleted: bool = False
    edited: bool = False
    callback_data: str | None = None

    def react(self, side: Side, emoji: str | None) -> None:
        """Put a side's one reaction on it, or take it back."""
        if emoji:
            self.reactions[side] = emoji
        else:
            self.reactions.pop(side, None)

    def facts(self) -> dict[str, Any]:
        """The entry as the page gets it."""
        return {
            "n": self.n,
            "wamid": self.wamid,
            "side": self.side,
            "at": self.at,
            "payload": self.payload,
            "status": self.status,
            "version": self.version,
            "reactions": self.reactions,
            "deleted": self.deleted,
            "edited": self.edited,
            "callback_data": self.callback_data,
        }


@dataclass(slots=True)
class Phone:
    """A person who writes. `wa_id` (digits) and `mobile` (E.164) are None for a user whose number isn't seen."""

    user_id: str
    mobile: str | None
    name: str
    entries: OrderedDict[int, Entry] = field(default_factory=OrderedDict)
    last_n: int = 0
    version: int = 0
    last_inbound_at: float | None = None
    typing_until: float = 0.0
    pages: int = 0  # how many pages show it now
    watchers: set[asyncio.Event] = field(default_factory=set)

    @property
    def wa_id(self) -> str | None:
        return self.mobile.removeprefix("+") if self.mobile else None

    def add(self, side: Side, wamid: str, payload: dict[str, Any], callback_data: str | None = None) -> Entry:
        """Put a new entry at the end of the chat."""
        self.last_n += 1
        entry = Entry(self.last_n, wamid, side, time.time(), payload, "waiting", callback_data=callback_data)
        self.entries[entry.n] = entry
        if len(self.entries) > ENTRIES_A_PHONE:
            self.entries.popitem(last=False)
        if side == "person":
            self.last_inbound_at = entry.at
        else:
            self.typing_until = 0.0
        self.changed(entry)
        return entry

    def changed(self, entry: Entry | None = None) -> None:
        """Wake whoever watches; `entry` is what changed."""
        self.version += 1
        if entry is not None:
            entry.version = self.version
        for watcher in self.watchers:
            watcher.set()

    def find(self, wamid: str) -> Entry | None:
        """The entry of a message id."""
        return next((entry for entry in reversed(self.entries.values()) if entry.wamid == wamid), None)

    def move_forward(self, entry: Entry, status: Status) -> bool:
        """Give an entry a status; False when it has that one or a later one already."""
        if entry.status == "failed" or (status != "failed" and _RANK[status] <= _RANK[entry.status]):
            return False
        entry.status = status
        self.changed(entry)
        return True

    def mark_read(self, message_id: str) -> None:
        """Give what the person wrote, up to this message, its blue ticks."""
        last = self.find(message_id)
        for entry in self.entries.values():
            if last is not None and entry.side == "person" and entry.n <= last.n:
                self.move_forward(entry, "read")

    def show_typing(self) -> None:
        """The business is about to answer; ends with its next message, or by itself."""
        self.typing_until = time.time() + LIMITS["typing.shown"].value
        self.changed()

    @property
    def is_typing(self) -> bool:
        return self.typing_until > time.time()

    def check_window(self) -> None:
        """Raises `Refusal` 131047 when the person's last message is older than the window."""
        hours = LIMITS["window.length"].value
        if self.last_inbound_at is None or time.time() - self.last_inbound_at > hours * 3600:
            raise beyond(
                "window.length", "Message failed to send because more than 24 hours have passed since the customer "
                "last replied to this number."
            )  # fmt: skip

    def let_pass(self, hours: float) -> None:
        """Let all that happened be older by so many hours; webhooks keep their true times."""
        seconds = hours * 3600
        if self.last_inbound_at is not None:
            self.last_inbound_at -= seconds
        for entry in self.entries.values():
            entry.at -= seconds
            self.changed(entry)

    @contextmanager
    def watched(self) -> Iterator[asyncio.Event]:
        """An event that is set when something changes."""
        event = asyncio.Event()
        self.watchers.add(event)
        try:
            yield event
        finally:
            self.watchers.discard(event)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """While a page shows it, only what the page says it showed is read."""
        self.pages += 1
        try:
            yield
        finally:
            self.pages -= 1


class Phones:
    """All phones, by user id and by number."""

    def __init__(self) -> None:
        self._by_id: OrderedDict[str, Phone] = OrderedDict()
        self._by_number: dict[str, Phone] = {}
        self._writer_of: OrderedDict[str, str] = OrderedDict()  # the user id behind a message id

    def open(self, mobile: str | None, name: str, user_id: str | None = None) -> Phone:
        """The phone with this number, or, without one, with this id; a new one when there is none."""
        user_id = user_id_of(mobile) if mobile else user_id or hidden_user_id()
        phone = self.get(user_id)
        if phone is None:
            phone = Phone(user_id, mobile, name)
            self._by_id[user_id] = phone
            if phone.wa_id:
                self._by_number[phone.wa_id] = phone
            self._forget()
        phone.name = name
        return phone

    def get(self, user_id: str) -> Phone | None:
        """The phone of a user id."""
        phone = self._by_id.get(user_id)
        if phone is not None:
            self._by_id.move_to_end(user_id)
        return phone

    def addressed(self, to: str) -> Phone:
        """The phone that a message goes to. Raises `Refusal` 131047 for one that never wrote since the start."""
        phone = self._by_number.get(to) or self._by_id.get(to)
        if phone is None:
            raise beyond("window.length", "Nobody wrote from this number or user since the simulator's start.")
        return phone

    def wrote(self, phone: Phone, wamid: str) -> None:
        """Remember who wrote a message, whatever becomes of it in the chat."""
        self._writer_of[wamid] = phone.user_id
        if len(self._writer_of) > ENTRIES_IN_ALL:
            self._writer_of.popitem(last=False)

    def writer_of(self, wamid: str) -> Phone | None:
        """Who wrote a message."""
        return self._by_id.get(self._writer_of.get(wamid, ""))

    def _forget(self) -> None:
        total = sum(len(phone.entries) for phone in self._by_id.values())
        for phone in list(self._by_id.values())[:-1]:
            if total <= ENTRIES_IN_ALL and len(self._by_id) <= ENTRIES_IN_ALL:
                return
            if not phone.watchers:
                total -= len(phone.entries)
                del self._by_id[phone.user_id]
                if phone.wa_id:
                    self._by_number.pop(phone.wa_id, None)


def user_id_of(mobile: str) -> str:
    """A number's business-scoped user id: always the same one, so that a restart changes nobody's."""
    digest = hashlib.sha256(f"simulator:{mobile}".encode()).digest()
    return f"IT.{int.from_bytes(digest[:8]) % 10**19:019d}"


def hidden_user_id() -> str:
    """The id of a user whose number isn't seen."""
    return f"IT.{secrets.randbelow(10**19):019d}"


def new_wamid() -> str:
    """A message id that nobody had before, in the form of the service's own."""
    return f"wamid.HBgM{secrets.token_urlsafe(30).replace('-', 'A').replace('_', 'B')}AA="
