"""Says in a plain text what a message says that Meta would not take in its own shape."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from areaclienti.gateway.channels.whatsapp.characters import clip
from areaclienti.gateway.channels.whatsapp.formatting import plain
from areaclienti.gateway.channels.whatsapp.message_types import text


def plainer(content: dict[str, Any]) -> dict[str, Any] | None:
    """The text with titles or address below it; None for what is plain already. A title's number is an answer, too."""
    interactive = content.get("interactive")
    if interactive is None:
        return None
    action = interactive["action"]
    match interactive["type"]:
        case "button":
            below = _numbered(button["reply"]["title"] for button in action["buttons"])
        case "list":
            below = _numbered(row["title"] for section in action["sections"] for row in section["rows"])
        case _:
            below = [action["parameters"]["url"]]
    said = "\n".join(below)
    return text.text(f"{clip(interactive['body']['text'], text.BODY - len(said) * 2 - 2)}\n\n{said}")


def _numbered(titles: Iterable[str]) -> list[str]:
    return [f"{number}. {plain(title)}" for number, title in enumerate(titles, start=1)]
