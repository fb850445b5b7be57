"""Figures and search: legible on a phone, in the dark, without colour, by keyboard; files hold what pages show."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from itertools import product

import pytest
from playwright.sync_api import Page, expect

from tests.browser.desk_insight.conftest import OpenPage

Axe = Callable[[Page], list[str]]
JULY = "/desk/andamento?periodo=scelta&dal=2026-07-01&al=2026-07-31"
NOTHING = "/desk/andamento?periodo=scelta&dal=2020-01-01&al=2020-01-31"
FEW = "/desk/andamento?periodo=scelta&dal=2026-07-06&al=2026-07-06&canale=whatsapp"
WINDOWS = ((1280, 900), (320, 640), (320, 256))


@pytest.mark.parametrize(
    ("path", "scheme", "window"),
    [
        *product([JULY], ["light", "dark"], WINDOWS),
        (NOTHING, "dark", WINDOWS[0]),
        (FEW, "light", WINDOWS[1]),
        ("/desk/andamento?periodo=scelta", "dark", WINDOWS[1]),
        ("/desk/cerca?testo=rossi", "light", WINDOWS[0]),
        ("/desk/cerca", "dark", WINDOWS[1]),
        ("/desk/cerca?testo=nessuno", "light", WINDOWS[2]),
        ("/desk/cerca?dal=ieri&cosa=assistente", "dark", WINDOWS[0]),
        ("/desk/cerca?cosa=assistente", "light", WINDOWS[1]),
    ],
)
def test_every_state_of_the_pages_is_accessible(
    open_page: OpenPage, axe: Axe, path: str, scheme: str, window: tuple[int, int]
) -> None:
    page = open_page(path, *window, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details.numbers').forEach(one => one.open = true)")
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= window[0]


def test_a_sentence_says_what_one_sees(open_page: OpenPage) -> None:
    expect(open_page(JULY).locator("#headline")).to_have_text(
        re.compile(r"Su 100 che iniziano, \d+ finiscono\. Il passo dove si perdono più persone: .+ \(\d+\)\.")
    )
    expect(open_page(NOTHING).locator("#headline")).to_have_text("Nel periodo nessuno ha iniziato una registrazione.")
    expect(open_page(FEW).locator("#headline")).to_contain_text("troppo poche per dire come va")


def test_each_chart_has_its_numbers_and_its_file_the_same(open_page: OpenPage) -> None:
    page = open_page(JULY)
    charts = page.locator("[data-table]")
    assert charts.count() == 9
    for place in range(9):
        chart = charts.nth(place)
        chart.get_by_text("Mostra i numeri").click()
        shown = [
            [cell.strip() for cell in row.locator("th, td").all_inner_texts()] for row in chart.locator("tr").all()
        ]
        body = page.request.get(str(chart.locator("a[download]").get_attribute("href"))).body()
        assert body.startswith(b"\xef\xbb\xbf")
        kept = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), delimiter=";"))
        assert [[cell or "troppo pochi per dirlo" for cell in row] for row in kept] == shown


def test_the_period_is_chosen_by_keyboard(open_page: OpenPage) -> None:
    page = open_page("/desk/andamento")
    page.get_by_role("radio", name="A scelta").focus()
    page.keyboard.press("Space")
    page.get_by_label("Dal", exact=True).fill("2026-07-06")
    page.get_by_label("al", exact=True).fill("2026-07-12")
    page.get_by_role("button", name="Mostra", exact=True).press("Enter")
    expect(page.locator(".scope")).to_contain_text("Dal 06/07/2026 al 12/07/2026")
    expect(page.get_by_role("radio", name="A scelta")).to_be_checked()


def test_a_period_that_is_none_is_explained(open_page: OpenPage) -> None:
    page = open_page("/desk/andamento?periodo=scelta&dal=2026-07-31&al=2026-07-01")
    expect(page.get_by_role("alert")).to_contain_text("La data di fine viene prima di quella di inizio.")


def test_bars_are_told_apart_without_colour(open_page: OpenPage) -> None:
    page = open_page(JULY, forced_colors="active")
    room, fill = (page.locator(f".{name}").first for name in ("bar-room", "bar-fill"))
    assert room.evaluate("one => getComputedStyle(one).fill") != fill.evaluate("one => getComputedStyle(one).fill")


def test_a_name_leads_to_the_conversation(open_page: OpenPage) -> None:
    page = open_page("/desk/cerca")
    page.get_by_label("Nome del cliente, o parole che ha scritto").fill("nicolo sartori")
    page.keyboard.press("Enter")
    expect(page.locator("#found-count")).to_have_text(re.compile(r"^\d+ conversazioni, le più recenti prima$"))
    expect(page.locator(".excerpt").first).to_have_text("sono Nicolò Sartori")
    assert re.fullmatch(r"/desk/conversazioni/[0-9a-f]{32}", str(page.locator(".found a").first.get_attribute("href")))


def test_all_pages_of_a_list_can_be_turned(open_page: OpenPage) -> None:
    page = open_page("/desk/cerca")
    seen = []
    while True:
        seen += [link.get_attribute("href") for link in page.locator(".found a").all()]
        following = page.get_by_role("link", name="Più indietro nel tempo")
        if following.count() == 0:
            break
        following.click()
        page.wait_for_load_state()
        expect(page.get_by_role("link", name="Torna alle più recenti")).to_be_visible()
        assert len(seen) < 500
    assert len(set(seen)) == len(seen) > 50
