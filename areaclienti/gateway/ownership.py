"""Who has a conversation, and into whose hands it may pass from there. Pure: the database's part is the desk's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Owner = Literal["bot", "queued", "offered", "human", "wrap_up", "callback", "closed"]

# Every transition raises the conversation's epoch: what was begun under an older one belongs to nobody any more.
NEXT: Final[Mapping[Owner, frozenset[Owner]]] = {
    "bot": frozenset({"queued", "callback"}),
    "queued": frozenset({"offered", "human", "bot", "callback", "closed"}),
    "offered": frozenset({"queued", "offered", "human", "bot", "callback", "closed"}),
    # to another person, back into the queue, to the agent's last notes, back to the assistant
    "human": frozenset({"human", "offered", "queued", "wrap_up", "bot", "closed"}),
    "wrap_up": frozenset({"bot", "closed"}),
    "callback": frozenset({"human", "queued", "bot", "closed"}),
    "closed": frozenset(),
}


class NotAllowed(Exception):
    """There is no such transition."""


def check(present: Owner, following: Owner) -> None:
    """Raise NotAllowed unless a conversation may pass from the one owner to the other."""
    if following not in NEXT[present]:
        raise NotAllowed(f"{present} → {following}")


def engine_is_asked(owner: str) -> bool:
    """Whether what the customer writes goes to the engine. While a person has the conversation, or is to have it, the
    engine hears nothing, not even what a text could mean.
    """
    return owner == "bot"
