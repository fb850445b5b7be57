"""A text with a button that opens a list of up to ten rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from areaclienti.gateway.channels.whatsapp.message_types.limits import OverLimit, within

# https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/interactive-list-messages
ROWS = 10  # in all sections together
BODY = 4096
BUTTON = 20
SECTION_TITLE = 24
ROW_ID = 200
ROW_TITLE = 24
ROW_DESCRIPTION = 72


@dataclass(frozen=True)
class Row:
    """One row; the description is what the title has no room for."""

    id: str
    title: str
    description: str | None = None

    def content(self) -> dict[str, str]:
        """The row of the message object. Raises OverLimit."""
        row = {"id": within("id", self.id, ROW_ID), "title": within("title", self.title, ROW_TITLE)}
        if self.description is not None:
            row["description"] = within("description", self.description, ROW_DESCRIPTION)
        return row


def list_message(body: str, button: str, section: str, rows: Sequence[Row]) -> dict[str, Any]:
    """The message object, of one section. Raises OverLimit, also when two ids are the same."""
    if not 1 <= len(rows) <= ROWS or len({row.id for row in rows}) < len(rows):
        raise OverLimit("rows are one to ten, each with its own id")
    contents = [row.content() for row in rows]
    interactive = {
        "type": "list",
        "body": {"text": within("body", body, BODY)},
        "action": {
            "button": within("button", button, BUTTON),
            "sections": [{"title": within("section", section, SECTION_TITLE), "rows": contents}],
        },
    }
    return {"type": "interactive", "interactive": interactive}
