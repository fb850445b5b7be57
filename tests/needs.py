"""Tools that some tests need beside Python: where one is missing, skipped aloud, or failed with REQUIRE_ALL=1."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Literal

import pytest

Tool = Literal["chromium", "postgres", "redis", "axe"]

_ROOT = Path(__file__).resolve().parents[1]
_HOW_TO_GET = {
    "chromium": "install Debian's chromium, or name a binary in AREACLIENTI_TEST_CHROMIUM",
    "postgres": "set AREACLIENTI_TEST_POSTGRES_URL to an empty PostgreSQL database",
    "redis": "set AREACLIENTI_TEST_REDIS_URL to a Redis server",
    "axe": "npm install --no-save axe-core",
}


def needs(tool: Tool) -> str:
    """Return where the tool is: a path, or a URL for a server.

    Skips the test when it is missing; fails it with REQUIRE_ALL=1, as CI sets it, so that a skip can't hide there.
    """
    found = _find(tool)
    if found:
        return found
    reason = f"{tool} is missing: {_HOW_TO_GET[tool]}"
    if os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def _find(tool: Tool) -> str | None:
    if tool == "chromium":
        named = os.environ.get("AREACLIENTI_TEST_CHROMIUM")
        return named or shutil.which("chromium") or shutil.which("chromium-browser")
    if tool == "axe":
        script = _ROOT / "node_modules" / "axe-core" / "axe.min.js"
        return str(script) if script.is_file() else None
    return os.environ.get(f"AREACLIENTI_TEST_{tool.upper()}_URL")
