"""The rows of an interactive list."""

from __future__ import annotations

from areaclienti.simulator.checks.reading import Node
from areaclienti.simulator.errors import Refusal


def check_list(action: Node) -> None:
    """The button that opens it, and up to ten rows in all sections together. Raises `Refusal`."""
    action.text("button", "list.button")
    sections = action.objects("sections", "list.sections")
    ids: set[str] = set()
    rows = 0
    for section in sections:
        title = section.optional_text("title", "list.section_title")
        if title is None and len(sections) > 1:
            raise Refusal(131009, "Each of several sections needs a title.")
        for row in section.objects("rows"):
            rows += 1
            row_id = row.text("id", "list.row_id")
            if row_id in ids:
                raise Refusal(131009, "Two rows have the same id.")
            ids.add(row_id)
            row.text("title", "list.row_title")
            row.optional_text("description", "list.row_description")
            row.end()
        section.end()
    action.within("list.rows", rows, "rows")
    action.end()
