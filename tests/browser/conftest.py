"""A real Chromium and axe-core for the browser tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

PATIENCE_MS = 30_000  # for what comes at once on an idle machine
expect.set_options(timeout=PATIENCE_MS)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


# A package's, not the session's: Playwright keeps an event loop running, which asynchronous tests elsewhere can't have.
@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    """Chromium, one for all browser tests."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="package")
def axe(axe_script: str) -> Callable[[Page], list[str]]:
    """Runs axe-core on a page: one line for each violation, shadow roots included."""
    source = Path(axe_script).read_text(encoding="utf-8")

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
