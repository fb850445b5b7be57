"""The reply buttons of an interactive message."""

from __future__ import annotations

from areaclienti.simulator.checks.reading import Node
from areaclienti.simulator.errors import Refusal


def check_buttons(action: Node) -> None:
    """One to three buttons with different titles and ids. Raises `Refusal`."""
    seen: dict[str, set[str]] = {"id": set(), "title": set()}
    for button in action.objects("buttons", "buttons.count"):
        button.one_of("type", "reply")
        reply = button.object("reply")
        for field, values in seen.items():
            value = reply.text(field, f"buttons.{field}")
            if value in values:
                raise Refusal(131009, f"Two buttons have the same {field}.")
            values.add(value)
        reply.end()
        button.end()
    action.end()
