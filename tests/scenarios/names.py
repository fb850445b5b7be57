"""What a channel calls things: titles that are shorter there, questions asked in another way, the gateway's notices."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from areaclienti.gateway.channels.whatsapp.inbound_texts import inbound_texts
from areaclienti.gateway.texts import load_texts
from tests.scenarios.model import FOLDER, ChannelName


@dataclass(frozen=True)
class Names:
    """`titles`: how a choice is called here. `instead`: the utterances that may be said in place of another."""

    channel: ChannelName
    titles: dict[str, str]
    instead: dict[str, list[str]]

    def title(self, title: str) -> str:
        """The choice's title on this channel."""
        return self.titles.get(title, title)

    def in_order(self, wanted: list[str], said: list[str]) -> bool:
        """Whether all of `wanted` were said, in that order, each by one of its names; others may stand between."""
        rest = iter(said)
        return all(any(name in {one, *self.instead.get(one, ())} for name in rest) for one in wanted)

    def notice(self, name: str) -> str:
        """The text of the gateway's own answer. Raises KeyError."""
        texts: dict[Any, str] = dict(load_texts().notices)
        if self.channel == "whatsapp":
            texts |= load_texts().notices_without_forms | inbound_texts().notices.model_dump()
        return texts[name]


@cache
def names_on(channel: ChannelName) -> Names:
    """From channels.yml."""
    data: dict[str, Any] = yaml.safe_load((FOLDER / "channels.yml").read_text(encoding="utf-8"))
    return Names(channel, **data.get(channel, {"titles": {}, "instead": {}}))
