"""What all interactive messages share: header, body, footer; the action is checked by the message's own module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from areaclienti.simulator.checks.buttons import check_buttons
from areaclienti.simulator.checks.cta import check_cta
from areaclienti.simulator.checks.flow import check_flow
from areaclienti.simulator.checks.lists import check_list
from areaclienti.simulator.checks.reading import Node

# By the interactive type: the prefix of its limits' names, and the check of its action.
_ACTIONS: Final[Mapping[str, tuple[str, Callable[[Node], None]]]] = {
    "button": ("buttons", check_buttons),
    "list": ("list", check_list),
    "cta_url": ("cta", check_cta),
    "flow": ("flow", check_flow),
}


def check_interactive(interactive: Node) -> None:
    """Any of the interactive messages that the product sends. Raises `Refusal`."""
    limits, check_action = _ACTIONS[interactive.one_of("type", *_ACTIONS)]
    if interactive.has("header"):
        header = interactive.object("header")
        header.one_of("type", "text")
        header.text("text", f"{limits}.header")
        header.end()
    _worded(interactive, "body", f"{limits}.body")
    if interactive.has("footer"):
        _worded(interactive, "footer", f"{limits}.footer")
    check_action(interactive.object("action"))
    interactive.end()


def _worded(interactive: Node, part: str, limit: str) -> None:
    node = interactive.object(part)
    node.text("text", limit)
    node.end()
