"""A browser's own description, coarse: enough for customers to know their devices, too little to tell people apart."""

from __future__ import annotations

from fastapi import Request
from ua_parser import parse_os, parse_user_agent

_LONGEST = 400  # the parser's expressions see no more
_LONGEST_NAME = 40
# What people call them.
_BROWSERS = {
    "Mobile Safari": "Safari",
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Chrome Mobile WebView": "Chrome",
    "Edge Mobile": "Edge",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "Opera Mobile": "Opera",
}
_SYSTEMS = {"Mac OS X": "Mac", "iOS": "iPhone o iPad", "Chrome OS": "Chromebook", "Ubuntu": "Linux", "Fedora": "Linux"}


def device_of(request: Request) -> dict[str, str | None]:
    """`{"browser", "system"}`, families without versions; None for what is not known."""
    described = request.headers.get("User-Agent", "")[:_LONGEST]
    browser, system = parse_user_agent(described), parse_os(described)
    return {
        "browser": _named(browser.family if browser else None, _BROWSERS),
        "system": _named(system.family if system else None, _SYSTEMS),
    }


def _named(family: str | None, names: dict[str, str]) -> str | None:
    return names.get(family, family)[:_LONGEST_NAME] if family else None
