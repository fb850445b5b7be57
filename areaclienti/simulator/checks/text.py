"""A text message."""

from __future__ import annotations

from areaclienti.simulator.checks.reading import Node


def check_text(text: Node) -> None:
    """The body, and whether links are shown with a picture. Raises `Refusal`."""
    text.text("body", "text.body")
    text.flag("preview_url")
    text.end()
