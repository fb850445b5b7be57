"""Every field for a password on every page masks it, and leaves pasting and password managers alone."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

WEB = Path(__file__).parents[3] / "areaclienti" / "web"
PAGES = sorted((WEB / "templates").glob("*.html"))
SCRIPTS = sorted((WEB / "static").rglob("*.js"))


class Fields(HTMLParser):
    """The attributes of the inputs of a page that are about a password."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "input" and any("password" in (told.get(name) or "") for name in ("id", "name", "type")):
            self.found.append(told)


FIELDS = [(page.name, field) for page in PAGES for field in Fields(page).found]


def test_there_are_fields_to_look_at() -> None:
    assert len(FIELDS) >= 3


@pytest.mark.parametrize(("page", "field"), FIELDS)
def test_a_password_is_masked_and_managers_know_what_it_is(page: str, field: dict[str, str | None]) -> None:  # 6.2.6/7
    assert field["type"] == "password"
    assert field["autocomplete"] in ("current-password", "new-password")
    assert {"onpaste", "oncopy", "readonly"} & set(field) == set()
    assert int(field.get("maxlength") or 1000) > 128  # what is too long is refused, never cut


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_hinders_pasting(script: Path) -> None:
    assert re.search(r"onpaste|['\"]paste['\"]|['\"]beforeinput['\"]", script.read_text(encoding="utf-8")) is None
