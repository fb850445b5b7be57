"""One way in a real Chromium: what stays in storages, cookies, profile, its memory of forms and passwords."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, expect, sync_playwright

from benchmarks.canary.ways import Walk

FOLDER = "browser"
_PATIENCE = 60_000  # ms


class ChromiumMissing(Exception):
    """There is no browser on this machine."""


def in_a_browser(walk: Walk) -> None:
    """Registration with a password typed into the chat first, a one-time page, sign-in with the first access.

    Raises ChromiumMissing.
    """
    chromium = (
        os.environ.get("AREACLIENTI_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    )
    if chromium is None:
        raise ChromiumMissing("install Debian's chromium, or name a binary in AREACLIENTI_TEST_CHROMIUM")
    folder = walk.world.folder / FOLDER
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            folder / "profile",
            executable_path=chromium,
            args=["--no-sandbox", "--enable-logging", "--v=1"],
        )
        page = context.new_page()
        page.set_default_timeout(_PATIENCE)
        expect.set_options(timeout=_PATIENCE)
        password = walk.password()
        _register(walk, page, password)
        _sign_in(walk, page, password)
        _keep_storages(context, page, folder)
        context.close()  # what it writes at its end is looked through as well


def _register(walk: Walk, page: Page, password: str) -> None:
    person = walk.person
    page.goto(walk.world.stack.urls.gateway)
    chat = page.locator("area-clienti-chat")
    chat.get_by_role("button", name="Persona", exact=True).click()
    expect(chat.get_by_text(re.compile("nome e cognome")).last).to_be_visible()
    _write(chat, f"il mio codice fiscale è {walk.census.tax_code(walk.way)}")
    _write(chat, person.name)
    expect(chat.get_by_text(re.compile("Quale contatto")).last).to_be_visible()
    _write(chat, f"la password è {walk.spoken_password()}")
    expect(chat.get_by_text(re.compile("non è stato salvato né inoltrato")).last).to_be_visible()
    _write(chat, person.email)
    field = chat.locator("input[type=password]")
    expect(field).to_be_visible()
    field.fill("debole")
    field.press("Enter")
    expect(chat.get_by_text(re.compile("maiuscola")).first).to_be_visible()
    field.fill(password)
    field.press("Enter")
    before = walk.mail()
    chat.get_by_role("button", name="Ho preso visione").click()
    expect(chat.get_by_label(re.compile("sei cifre"))).to_be_visible()
    code = walk.newest_code(person.email, before)
    chat.get_by_label(re.compile("sei cifre")).fill(code)
    chat.get_by_label(re.compile("sei cifre")).press("Enter")
    expect(chat.get_by_text(re.compile("Il tuo account è attivo")).last).to_be_visible()


def _sign_in(walk: Walk, page: Page, password: str) -> None:
    page.goto(f"{walk.world.stack.urls.gateway}/accedi")
    page.get_by_label(re.compile("nome utente", re.IGNORECASE)).fill(walk.person.email)
    page.locator("input[type=password]").fill(walk.spoken_password())
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").first).to_be_visible()
    page.locator("input[type=password]").fill(password)
    before = walk.mail()
    page.keyboard.press("Enter")
    code = page.locator("#code")
    code.fill(walk.newest_code(walk.person.mobile, before))
    page.keyboard.press("Enter")
    page.wait_for_url("**/area-clienti")


def _write(chat: Locator, text: str) -> None:
    chat.locator("#field").fill(text)
    chat.locator("#field").press("Enter")


def _keep_storages(context: BrowserContext, page: Page, folder: Path) -> None:
    kept: dict[str, Any] = {"cookies": context.cookies()}
    for name in ("localStorage", "sessionStorage"):
        kept[name] = page.evaluate(f"() => JSON.stringify(Object.entries({name}))")
    kept["indexedDB"] = page.evaluate("async () => JSON.stringify(await indexedDB.databases())")
    kept["caches"] = page.evaluate("async () => JSON.stringify(await caches.keys())")
    (folder / "storages.json").write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")
