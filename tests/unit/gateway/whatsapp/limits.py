"""An independent reader of Meta's documents: holds a message object to every limit, counted in three ways."""

from __future__ import annotations

import unicodedata
from typing import Any

# The numbers stand here a second time on purpose: nothing of the sender is imported.
# https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/…
TEXT_BODY, BUTTONS_BODY, CTA_BODY, LIST_BODY, FLOW_BODY = 4096, 1024, 1024, 4096, 1024
BUTTON_TITLE, ROW_TITLE, ROW_DESCRIPTION, SECTION_TITLE = 20, 24, 72, 24
BUTTON_ID, ROW_ID = 256, 200


def sizes(text: str) -> tuple[int, int, int]:
    """Code points, UTF-16 units, and code points as they are after composition."""
    return len(text), len(text.encode("utf-16-le")) // 2, len(unicodedata.normalize("NFC", text))


def held(text: Any, most: int) -> str:
    """The text, which is one, not blank, and not too long however characters are counted."""
    assert isinstance(text, str) and text.strip(), "empty"
    assert max(sizes(text)) <= most, f"{max(sizes(text))} > {most}"
    return text


def check(message: dict[str, Any]) -> None:
    """Fail where Meta's documents would refuse the message."""
    kind = message["type"]
    assert set(message) == {"type", kind}
    if kind == "text":
        assert set(message["text"]) == {"preview_url", "body"}
        held(message["text"]["body"], TEXT_BODY)
        return
    assert kind == "interactive"
    interactive = message["interactive"]
    assert set(interactive) == {"type", "body", "action"} and set(interactive["body"]) == {"text"}
    {"button": _buttons, "list": _list, "cta_url": _cta, "flow": _flow}[interactive["type"]](interactive)


def body_of(message: dict[str, Any]) -> str:
    """What is read above the buttons."""
    text: str = message["text"]["body"] if message["type"] == "text" else message["interactive"]["body"]["text"]
    return text


def shown_titles(message: dict[str, Any]) -> list[str]:
    """What is read on buttons or rows."""
    action = message["interactive"]["action"]
    if message["interactive"]["type"] == "button":
        return [button["reply"]["title"] for button in action["buttons"]]
    return [row["title"] for section in action["sections"] for row in section["rows"]]


def _buttons(interactive: dict[str, Any]) -> None:
    held(interactive["body"]["text"], BUTTONS_BODY)
    buttons = interactive["action"]["buttons"]
    assert 1 <= len(buttons) <= 3
    for button in buttons:
        assert (
            set(button) == {"type", "reply"} and button["type"] == "reply" and set(button["reply"]) == {"id", "title"}
        )
        held(button["reply"]["title"], BUTTON_TITLE)
        held(button["reply"]["id"], BUTTON_ID)
    assert len({button["reply"]["title"] for button in buttons}) == len(buttons), "titles must be unique"
    assert len({button["reply"]["id"] for button in buttons}) == len(buttons), "ids must be unique"


def _list(interactive: dict[str, Any]) -> None:
    held(interactive["body"]["text"], LIST_BODY)
    action = interactive["action"]
    held(action["button"], BUTTON_TITLE)
    rows = [row for section in action["sections"] for row in section["rows"]]
    assert 1 <= len(rows) <= 10 and 1 <= len(action["sections"]) <= 10
    for section in action["sections"]:
        held(section["title"], SECTION_TITLE)
    for row in rows:
        assert {"id", "title"} <= set(row) <= {"id", "title", "description"}
        held(row["title"], ROW_TITLE)
        held(row["id"], ROW_ID)
        if "description" in row:
            held(row["description"], ROW_DESCRIPTION)
    assert len({row["id"] for row in rows}) == len(rows)


def _cta(interactive: dict[str, Any]) -> None:
    held(interactive["body"]["text"], CTA_BODY)
    action = interactive["action"]
    assert action["name"] == "cta_url" and set(action["parameters"]) == {"display_text", "url"}
    held(action["parameters"]["display_text"], BUTTON_TITLE)
    assert action["parameters"]["url"].startswith(("https://", "http://"))


def _flow(interactive: dict[str, Any]) -> None:
    """https://developers.facebook.com/docs/whatsapp/flows/guides/sendingaflow"""
    held(interactive["body"]["text"], FLOW_BODY)
    action = interactive["action"]
    parameters = action["parameters"]
    assert action["name"] == "flow" and parameters["flow_message_version"] == "3"
    assert parameters["mode"] in ("draft", "published") and parameters["flow_action"] in ("navigate", "data_exchange")
    assert parameters["flow_action"] == "navigate" or "flow_action_payload" not in parameters
    assert parameters["flow_id"].isdigit() and held(parameters["flow_token"], 200)
    held(parameters["flow_cta"], BUTTON_TITLE)
