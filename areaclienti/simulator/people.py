"""The demo customers whose phone one can take in hand, each with the story that it shows."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import yaml

from areaclienti.identity.demo_cases import CASES


@functools.cache
def people() -> list[dict[str, Any]]:
    """Name, number, e-mail and story of each, in the order in which they are offered."""
    cases = {case.code: case for case in CASES}
    offered = []
    for entry in yaml.safe_load(Path(__file__).with_name("people.yml").read_text(encoding="utf-8")):
        case = cases[entry["code"]]
        mobiles = [contact for contact in case.contacts if contact.startswith("+")]
        emails = [contact for contact in case.contacts if "@" in contact]
        offered.append(
            {
                "name": case.name,
                "mobile": entry.get("mobile", mobiles[0]),
                "email": emails[0] if emails else None,
                "story": entry["story"],
            }
        )
    return offered
