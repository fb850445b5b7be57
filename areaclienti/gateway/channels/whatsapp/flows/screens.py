"""The Flow's screens: which one asks for which secret, and what stands on it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from areaclienti.gateway.channels.whatsapp.texts import Section, section
from areaclienti.gateway.texts import Purpose

# What is uploaded to Meta as the Flow (docs/whatsapp.md); its screens' ids and fields are used here.
FLOW_JSON: Final = Path(__file__).parent / "password.json"
SCREENS: Final[Mapping[Purpose, str]] = {"password": "PASSWORD", "tax_code": "TAX_CODE"}
# Meta's word for: close the Flow and say so in the chat.
CLOSED: Final = "SUCCESS"


class ScreenTexts(Section):
    """What a screen says above its field."""

    advice: str  # when it is opened
    refused: str  # before the reasons
    empty: str


class FlowTexts(Section):
    """What the endpoint says."""

    screens: dict[Purpose, ScreenTexts]
    unavailable: str
    too_fast: str
    over: str


@lru_cache(maxsize=1)
def flow_texts() -> FlowTexts:
    """The texts, checked once."""
    return section("flow", FlowTexts)


@lru_cache(maxsize=1)
def flow_json() -> dict[str, Any]:
    """The Flow as it is uploaded."""
    content: dict[str, Any] = json.loads(FLOW_JSON.read_text(encoding="utf-8"))
    return content


def opened(purpose: Purpose) -> dict[str, Any]:
    """The screen as it is first seen."""
    return {"screen": SCREENS[purpose], "data": {"advice": flow_texts().screens[purpose].advice}}


def again(purpose: Purpose, advice: str) -> dict[str, Any]:
    """The same screen after something went wrong: what and what to do stands on it and passes by below."""
    return {"screen": SCREENS[purpose], "data": {"advice": advice, "error_message": advice}}


def refused(purpose: Purpose, faults: list[str]) -> dict[str, Any]:
    """The same screen with the reasons why the value was not taken."""
    return again(purpose, " ".join([flow_texts().screens[purpose].refused, *faults]))


def closed(token: str, reference: str) -> dict[str, Any]:
    """The end: Meta sends `params` on as a message of the chat, so they hold nothing that was typed. The token, which
    Meta wants among them, is used up.
    """
    return {
        "screen": CLOSED,
        "data": {"extension_message_response": {"params": {"flow_token": token, "reference": reference}}},
    }
