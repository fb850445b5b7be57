"""The Italian words of what a person is handed: the page that explains an export, and the receipt of an erasure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from areaclienti.privacy.receipts import Receipt

_templates = Environment(
    loader=PackageLoader("areaclienti.privacy", "templates"),
    autoescape=lambda name: bool(name and name.endswith(".html")),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def index(contact: str, at: datetime, records: dict[str, list[dict[str, Any]]], times: Mapping[str, float]) -> str:
    """The page that lists and explains what is in an export, with the conversations to read.

    `times`: `unfinished_hours`, `conversation_days`, `messages_days`, as the settings have them.
    """
    known = _words()["kinds"]
    kinds = [
        {**known[name], "count": len(rows), "until": known[name]["until"].format(**times)}
        for name, rows in records.items()
    ]
    return _templates.get_template("leggimi.html").render(
        contact=contact, at=at, kinds=kinds, conversations=records["conversations"], authors=_words()["authors"]
    )


def receipt(done: Receipt) -> str:
    """The receipt of an erasure, to be handed to the person."""
    return _templates.get_template("ricevuta.txt").render(
        receipt=done,
        at=datetime.fromisoformat(done.finished_at),
        places=_words()["places"],
        kept=[_words()["kept"][code] for code in done.kept],
    )


def file_name(kind: str) -> str:
    """What the file of a kind of record is called in an export."""
    name: str = _words()["kinds"][kind]["file"]
    return name


@cache
def _words() -> dict[str, Any]:
    words: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "texts.yml").read_text(encoding="utf-8"))
    return words
