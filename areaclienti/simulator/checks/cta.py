"""The button of an interactive message that opens a page."""

from __future__ import annotations

from urllib.parse import urlsplit

from areaclienti.simulator.checks.reading import Node
from areaclienti.simulator.errors import Refusal


def check_cta(action: Node) -> None:
    """The label and the absolute address. Raises `Refusal`."""
    action.one_of("name", "cta_url")
    parameters = action.object("parameters")
    parameters.text("display_text", "cta.display_text")
    url = urlsplit(parameters.text("url"))
    if url.scheme not in ("http", "https") or not url.hostname:
        raise Refusal(131009, "Param url must be an absolute address of the web.")
    parameters.end()
    action.end()
