"""What the channel answers by itself to a message that the dialogue can't read, and what stands for it in the chat."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from areaclienti.gateway.channels.whatsapp.texts import Section, section

Note = Literal[
    "audio", "image", "video", "sticker", "document", "location", "contacts", "edited", "other", "too_long", "blank",
]  # fmt: skip


class Notices(Section):
    """The answers."""

    choice_expired: str
    too_long: str
    blank: str
    unavailable: str


class InboundTexts(Section):
    """The section `inbound`."""

    notices: Notices
    notes: dict[Note, str]


@lru_cache(maxsize=1)
def inbound_texts() -> InboundTexts:
    """The texts, checked once."""
    return section("inbound", InboundTexts)
