"""The limits of the Cloud API, read from limits.yml, each with the document that it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

DOCUMENTS: Final = "https://developers.facebook.com/documentation/business-messaging/whatsapp/"


@dataclass(frozen=True, slots=True)
class Limit:
    """`code` is the Graph error of what goes beyond it; None where nothing is refused. `document` is an address."""

    name: str
    value: int
    unit: str
    document: str
    code: int | None = None

    def facts(self) -> dict[str, Any]:
        """The limit as JSON, for the page and for whoever asks what was refused."""
        return {"name": self.name, "value": self.value, "unit": self.unit, "document": self.document}


def load_limits() -> Mapping[str, Limit]:
    """Every limit by its name. Raises KeyError when one lacks its value, unit or document."""
    path = Path(__file__).with_name("limits.yml")
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {
        name: Limit(name, entry["value"], entry["unit"], DOCUMENTS + entry["document"], entry.get("code"))
        for name, entry in entries.items()
    }


LIMITS: Final = load_limits()
