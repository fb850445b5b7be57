"""Every state of the phone page: axe-core, target sizes, narrow and zoomed windows, both colour schemes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.whatsapp.business import text
from tests.browser.whatsapp.conftest import OpenPage, World
from tests.browser.whatsapp.handset import Handset

Axe = Callable[[Page], list[str]]
# a desktop, a laptop without the side panel, a narrow phone, and 1280 x 1024 at 400 % zoom (WCAG 1.4.10)
WINDOWS = ((1440, 900), (1100, 768), (320, 640), (320, 256))


def _who(handset: Handset, world: World) -> None:
    expect(handset.page.get_by_role("heading", name="Da quale telefono scrivi?")).to_be_visible()


def _wrong_number(handset: Handset, world: World) -> None:
    handset.page.get_by_role("button", name="Usa questo numero").click()
    expect(handset.page.get_by_role("alert")).to_be_visible()


def _empty(handset: Handset, world: World) -> None:
    handset.take("Mario Rossi")


def _chat(handset: Handset, world: World) -> None:
    handset.take("Mario Rossi")
    handset.begin()
    handset.write("formati")
    handset.says("grassetto")
    handset.write("Uso questo numero")
    handset.says("pagina protetta")
    handset.write("lungo")
    handset.says("xxxxxxxx")


def _media(handset: Handset, world: World) -> None:
    handset.take("Numero non visibile")
    for name in ("Nota vocale", "Foto", "Documento", "Adesivo", "Sondaggio"):
        handset.press("Allega")
        handset.option(name)
    expect(handset.mine()).to_have_count(5)
    expect(handset.theirs()).to_have_count(5)


def _quoting(handset: Handset, world: World) -> None:
    handset.take("Mario Rossi")
    handset.begin()
    handset.page.get_by_role("button", name="Azioni sul messaggio").last.press("Enter")
    handset.option("Rispondi")


def _deleted_and_reacted(handset: Handset, world: World) -> None:
    handset.take("Mario Rossi")
    handset.begin()
    handset.page.get_by_role("button", name="Azioni sul messaggio").last.press("Enter")
    handset.option("Reagisci con 👍")
    handset.page.get_by_role("button", name="Azioni sul messaggio").first.press("Enter")
    handset.option("Elimina per tutti")
    expect(handset.mine()).to_contain_text("Hai eliminato")


def _list(handset: Handset, world: World) -> None:
    handset.take("Mario Rossi")
    handset.write("elenco")
    handset.says("più recapiti")
    handset.press("Scegli il recapito")
    expect(handset.page.get_by_role("dialog")).to_be_visible()


def _menu(handset: Handset, world: World) -> None:
    handset.take("Mario Rossi")
    handset.begin()
    handset.page.get_by_role("button", name="Azioni sul messaggio").last.press("Enter")
    expect(handset.page.get_by_role("dialog")).to_be_visible()


def _attach(handset: Handset, world: World) -> None:
    handset.take("Mario Rossi")
    handset.press("Allega")
    expect(handset.page.get_by_role("dialog")).to_be_visible()


def _about(handset: Handset, world: World) -> None:
    handset.page.get_by_role("button", name="Che cos’è").click()
    expect(handset.page.get_by_role("dialog")).to_be_visible()


def _refused(handset: Handset, world: World) -> None:
    handset.take("Mario Rossi")
    handset.begin()
    world.business.say("393201234600", text("x" * 5000))
    world.business.say("393201234600", {"type": "template", "template": {"name": "x", "language": {"code": "it"}}})
    handset.says("Modello «x»")
    handset.press("Passa un giorno")
    if handset.page.locator("#developer").is_visible():
        expect(handset.page.locator(".refused details")).to_have_count(1)
        handset.page.locator(".refused summary").click()
        handset.page.locator(".faults summary").click()


STATES = (
    _who, _wrong_number, _empty, _chat, _media, _quoting, _deleted_and_reacted, _list, _menu, _attach, _about, _refused,
)  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__.strip("_"))
def test_every_state_is_accessible_and_fits(
    open_page: OpenPage, world: World, axe: Axe, state: Callable[[Handset, World], None], scheme: str
) -> None:
    page = open_page(color_scheme=scheme)
    state(Handset(page), world)
    for width, height in WINDOWS:
        page.set_viewport_size({"width": width, "height": height})
        assert axe(page) == [], (width, height)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (width, height)


@pytest.mark.parametrize("width", [1440, 320])
def test_targets_are_large_enough(open_page: OpenPage, world: World, width: int) -> None:
    page = open_page(width, 800)
    _chat(Handset(page), world)
    small = page.evaluate(
        """() => [...document.querySelectorAll('button, input, textarea, summary, a.offer')]
        .filter((element) => element.checkVisibility())
        .map((element) => [element.className || element.tagName, element.getBoundingClientRect()])
        .filter(([, box]) => box.width < 24 || box.height < 24).map(([name]) => name)"""
    )
    assert small == []
