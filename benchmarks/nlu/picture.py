"""Draws the confusion matrix of an evaluation as a PNG: a table of counts, photographed by the browser of the tests."""

from __future__ import annotations

import html
import os
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

from benchmarks.nlu.score import Score

_STYLE = """
body { margin: 12px; font: 12px sans-serif; color: #222; background: #fff; display: inline-block }
table { border-collapse: collapse }
td { width: 21px; height: 19px; text-align: center; border: 1px solid #e4e4e4; font-size: 11px }
th.row { text-align: right; padding-right: 6px; font-weight: normal; white-space: nowrap }
th.column { vertical-align: bottom; height: 150px; font-weight: normal }
th.column span { writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap }
"""


def draw(score: Score, target: Path) -> None:
    """Write the picture. Raises RuntimeError where no Chromium is installed."""
    chromium = (
        os.environ.get("AREACLIENTI_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    )
    if not chromium:
        raise RuntimeError("Chromium is missing: install Debian's chromium, or name one in AREACLIENTI_TEST_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.set_content(_page(score))
        page.locator("body").screenshot(path=target)
        browser.close()


def _page(score: Score) -> str:
    meant = sorted(score.intents)
    understood = [*meant, "nlu_fallback"]
    head = "".join(f'<th class="column"><span>{html.escape(name)}</span></th>' for name in understood)
    rows = "".join(_row(score, name, understood) for name in meant)
    title = f"Rows: what was meant ({score.utterances} messages). Columns: what was understood."
    return f"<style>{_STYLE}</style><body><p>{title}</p><table><tr><th></th>{head}</tr>{rows}</table></body>"


def _row(score: Score, meant: str, understood: list[str]) -> str:
    cells = "".join(_cell(score, meant, name) for name in understood)
    return f'<tr><th class="row">{html.escape(meant)} ({score.intents[meant]})</th>{cells}</tr>'


def _cell(score: Score, meant: str, understood: str) -> str:
    right = meant == understood
    count = score.intents_right[meant] if right else score.confusions[(meant, understood)]
    if not count:
        return "<td></td>"
    strength = count / score.intents[meant]
    colour = (
        f"rgba(30, 120, 60, {0.15 + 0.6 * strength:.2f})" if right else f"rgba(200, 60, 30, {0.25 + 2 * strength:.2f})"
    )
    return f'<td style="background: {colour}">{count}</td>'
