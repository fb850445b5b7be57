"""Every state of the widget and every page: axe-core, target sizes, narrow and zoomed windows, policy, weight."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from areaclienti.web.pages import STATIC_DIR
from tests.browser.widget.chat import PASSWORD, Chat
from tests.browser.widget.conftest import OpenPage
from tests.browser.widget.stub import Stub

Axe = Callable[[Page], list[str]]
# a desktop, a narrow phone, and 1280 x 1024 at 400 % zoom (WCAG 1.4.10)
WINDOWS = ((1280, 900), (320, 640), (320, 256))
PAGES = (
    "/", "/accedi", "/password-dimenticata", "/area-clienti", "/informativa-privacy", "/mailbox", "/non-esiste",
    "/broken",
)  # fmt: skip


def _choices(chat: Chat, stub: Stub) -> None:
    chat.choose("Voglio registrarmi")
    expect(chat.choice("Azienda")).to_be_enabled()


def _mobile(chat: Chat, stub: Stub) -> None:
    chat.to_contact()
    chat.page.get_by_role("radio", name="Numero di cellulare").check()


def _password_met(chat: Chat, stub: Stub) -> None:
    chat.to_password()
    chat.secret().fill(PASSWORD)


def _password_refused(chat: Chat, stub: Stub) -> None:
    chat.to_password()
    chat.secret().fill("corta")
    chat.press("Continua")
    chat.press("Hai una domanda?")


def _notice_open(chat: Chat, stub: Stub) -> None:
    chat.to_notice()
    chat.press("Leggi l’informativa privacy")
    expect(chat.page.get_by_role("heading", name="Chi tratta i tuoi dati")).to_be_visible()


def _tax_code_refused(chat: Chat, stub: Stub) -> None:
    chat.to_tax_code()
    chat.secret().fill("MRRSS45P37612P")
    chat.press("Continua")
    expect(chat.page.get_by_role("alert").filter(has_text="non risulta corretto")).to_be_focused()


def _done(chat: Chat, stub: Stub) -> None:
    chat.to_code()
    chat.secret().fill("123456")
    chat.press("Continua")
    chat.says("Il tuo account è pronto")


def _person(chat: Chat, stub: Stub) -> None:
    chat.to_person()
    chat.write("Buongiorno")
    chat.says("Ho letto la conversazione")


def _menu(chat: Chat, stub: Stub) -> None:
    chat.press("Menu della chat")


def _restart(chat: Chat, stub: Stub) -> None:
    chat.press("Menu della chat")
    chat.press("Ricomincia")


def _failure(chat: Chat, stub: Stub) -> None:
    stub.refuse_posts = 1
    chat.write("non va")
    expect(chat.log.get_by_text("non inviato")).to_be_visible()
    chat.write("errore")
    chat.says("problema tecnico")


def _offline(chat: Chat, stub: Stub) -> None:
    stub.streams_blocked = True
    stub.drop_streams()
    expect(chat.page.locator(".banner")).to_be_visible()


def _typing(chat: Chat, stub: Stub) -> None:
    stub.answer_after = 5
    chat.choose("Voglio registrarmi")
    expect(chat.page.locator(".typing")).to_be_visible()


STATES: dict[str, Callable[[Chat, Stub], None]] = {
    "greeting": lambda chat, stub: None,
    "choices": _choices,
    "contact": lambda chat, stub: chat.to_contact(),
    "mobile": _mobile,
    "password": lambda chat, stub: chat.to_password(),
    "password met": _password_met,
    "password refused": _password_refused,
    "notice": lambda chat, stub: chat.to_notice(),
    "notice open": _notice_open,
    "code": lambda chat, stub: chat.to_code(),
    "tax code": lambda chat, stub: chat.to_tax_code(),
    "tax code refused": _tax_code_refused,
    "done": _done,
    "person": _person,
    "menu": _menu,
    "restart": _restart,
    "failure": _failure,
    "offline": _offline,
    "typing": _typing,
}

MAIN_TARGETS = """() => {
  const visible = (e) => e.checkVisibility() && !e.disabled && e.getBoundingClientRect().width > 2;
  const all = (root) => [...root.querySelectorAll('*')].flatMap((e) => [e, ...(e.shadowRoot ? all(e.shadowRoot) : [])]);
  return all(document)
    .filter((e) => e.matches('button:not(.delivery .link, .banner .link), input, textarea, a.card-button, a.button'))
    .filter(visible)
    .map((e) => ({ name: (e.innerText || e.id).trim(), box: e.getBoundingClientRect() }))
    .filter(({ box }) => box.height < 44 || box.width < 44)
    .map(({ name, box }) => `${name}: ${box.width} x ${box.height}`);
}"""
OVERFLOW = """() => {
  const wide = (root) => [...root.querySelectorAll('*')].flatMap((e) => [
    ...(e.checkVisibility() && getComputedStyle(e).clipPath === 'none' &&
      e.getBoundingClientRect().right > innerWidth + 1 ? [`${e.localName}.${e.className}`] : []),
    ...(e.shadowRoot ? wide(e.shadowRoot) : [])]);
  return [document.documentElement.scrollWidth > innerWidth, ...wide(document.body)].filter(Boolean);
}"""


@pytest.mark.parametrize("state", STATES)
def test_every_state_passes_axe_wide_narrow_and_zoomed(chat: Chat, stub: Stub, axe: Axe, state: str) -> None:
    STATES[state](chat, stub)
    for width, height in WINDOWS:
        chat.page.set_viewport_size({"width": width, "height": height})
        assert axe(chat.page) == []
        assert chat.page.evaluate(MAIN_TARGETS) == []
        assert chat.page.evaluate(OVERFLOW) == []


def test_axe_itself_finds_what_is_wrong_inside_the_widget(chat: Chat, axe: Axe) -> None:
    spoil = "e => e.shadowRoot.querySelector('.dock').append(document.createElement('button'))"
    chat.page.locator("area-clienti-chat").evaluate(spoil)
    assert any(line.startswith("button-name") for line in axe(chat.page))


def test_the_checks_of_width_and_size_find_what_is_wrong(open_page: OpenPage) -> None:
    chat = Chat(open_page("/", 320, 640))
    chat.page.locator("area-clienti-chat").evaluate(
        """e => {
          const button = document.createElement('button');
          button.textContent = 'x';
          button.style.cssText = 'margin-left: 400px; width: 20px; height: 20px; flex: none';
          e.shadowRoot.querySelector('.frame').append(button);
        }"""
    )
    assert chat.page.evaluate(OVERFLOW) != []
    assert chat.page.evaluate(MAIN_TARGETS) == ["x: 20 x 20"]


@pytest.mark.parametrize("path", PAGES)
def test_pages_pass_axe_wide_narrow_and_zoomed(open_page: OpenPage, axe: Axe, path: str) -> None:
    page = open_page(path)
    page.wait_for_load_state("networkidle") if path not in ("/", "/mailbox") else page.wait_for_timeout(400)
    for width, height in WINDOWS:
        page.set_viewport_size({"width": width, "height": height})
        assert axe(page) == []
        assert page.evaluate(MAIN_TARGETS) == []
        assert page.evaluate(OVERFLOW) == []


def test_on_a_phone_the_chat_opens_over_the_whole_screen(open_page: OpenPage, axe: Axe) -> None:
    page = open_page("/", 360, 720, has_touch=True, is_mobile=True)
    page.get_by_role("link", name="Inizia ora").tap()
    widget = page.locator("area-clienti-chat")
    assert widget.bounding_box() == {"x": 0, "y": 0, "width": 360, "height": 720}
    assert axe(page) == []
    page.get_by_role("button", name="Riduci la chat").tap()
    box = widget.bounding_box()
    assert box is not None and box["y"] != 0


def test_nothing_moves_for_who_asked_for_less_motion(open_page: OpenPage, stub: Stub) -> None:
    chat = Chat(open_page("/", reduced_motion="reduce"))
    _typing(chat, stub)
    assert chat.page.evaluate("document.getAnimations().length") == 0


def test_letters_are_large_and_grow_with_the_browsers_setting(chat: Chat) -> None:
    size = "e => parseFloat(getComputedStyle(e).fontSize)"
    bubble = chat.log.locator(".bubble").first
    assert bubble.evaluate(size) >= 18
    chat.page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert bubble.evaluate(size) >= 36


def test_contrast_holds_for_who_asked_for_more(open_page: OpenPage, stub: Stub, axe: Axe) -> None:
    chat = Chat(open_page("/", contrast="more"))
    chat.to_password()
    assert axe(chat.page) == []
    soft = chat.page.locator("area-clienti-chat").evaluate("e => getComputedStyle(e).getPropertyValue('--soft')")
    assert soft.strip() == "#2b3442"


def test_the_widget_weighs_at_most_30_kb() -> None:
    modules = sorted((STATIC_DIR / "chat").glob("*"))
    weight = sum(len(gzip.compress(module.read_bytes(), mtime=0)) for module in modules)
    assert 10_000 < weight <= 30_720, f"{weight} bytes gzipped in {len(modules)} files"
