"""A real Chromium and axe-core for the browser tests. Without them the tests are skipped, or fail (REQUIRE_ALL=1)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def missing(what: str, remedy: str) -> None:
    """Skip the test, saying why; with REQUIRE_ALL=1 fail it."""
    reason = f"{what} is missing: {remedy}"
    if os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


# A package's, not the session's: Playwright keeps an event loop running, which asynchronous tests elsewhere can't have.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, one for all browser tests."""
    executable = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if executable is None:
        missing("Chromium", "install it (Debian: chromium) or name it in CHROMIUM")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def axe() -> Callable[[Page], list[str]]:
    """Runs axe-core on a page: one line for each violation, shadow roots included."""
    if not AXE.is_file():
        missing("axe-core", "npm install --no-save axe-core")
    source = AXE.read_text(encoding="utf-8")

    def violations(page: Page) -> list[str]:
        page.evaluate(source)
        report: list[dict[str, Any]] = page.evaluate(
            "tags => axe.run({runOnly: tags, resultTypes: ['violations']}).then(({violations}) => violations)", RULES
        )
        return [
            f"{rule['id']} ({rule['impact']}): {node['target']} {node['failureSummary']}"
            for rule in report
            for node in rule["nodes"]
        ]

    return violations
