"""Every page and state of the desk: axe-core, target sizes, narrow and zoomed windows, both colour schemes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from playwright.sync_api import Page, Response, expect

from areaclienti.desk.operations import To
from areaclienti.desk.scope import Role
from areaclienti.desk.web import ROUTERS
from tests.browser.desk.conftest import OpenDesk
from tests.browser.desk.desk_page import IN_THE_DARK, OVERFLOW, SMALL_TARGETS, WINDOWS, Queue, Talk
from tests.browser.desk.office import Agent, Customer, Office
from tests.browser.desk.test_contacts import takes_requests
from tests.contract.desk.provider import OpenIdProvider

Axe = Callable[[Page], list[str]]
NEW = "nuova@posta.example"


def talk_of(open_desk: OpenDesk, agent: Agent, customer: Customer, **options: object) -> Talk:
    return Talk(open_desk(agent, f"/desk/conversazioni/{customer.handover_id}", **options))


def _empty(office: Office, open_: Callable[..., Page]) -> Page:
    page = open_(office.agent())
    Queue(page)
    return page


def _queue(office: Office, open_: Callable[..., Page]) -> Page:
    elena = office.agent("Elena Sarti", "supervisore")  # nothing is offered to her before all is as it should be
    marco = office.agent("Marco Riva")
    had = office.customer("Salve")
    marco.does("claim", had)
    own = office.customer("Ciao")
    elena.does("claim", own)
    own.says("ci siete?")
    office.customer(reason="not_recognised", ago=timedelta(minutes=12))
    office.closes_on(office.customer())
    office.run(office.app.state.services.desk.operations.set_presence(elena.id, "available"))
    page = open_(elena)
    expect(page.locator("#offers")).to_be_visible()
    expect(page.locator("#callbacks")).to_contain_text("Da richiamare")
    return page


def _menu(office: Office, open_: Callable[..., Page]) -> Page:
    page = _empty(office, open_)
    page.locator("#me-menu summary").click()
    return page


def _keys(office: Office, open_: Callable[..., Page]) -> Page:
    page = _empty(office, open_)
    page.keyboard.press("?")
    return page


def _talk(office: Office, open_: Callable[..., Page]) -> Page:
    giulia = office.agent()
    customer = office.customer("Buongiorno", "non mi riconosce", reason="not_recognised", step="tax_code")
    giulia.does("claim", customer)
    giulia.does("note", customer, "Sentita l’Agenzia.")
    giulia.replies(customer, "Ciao, sono Giulia.", "first-reply-1")
    customer.says("grazie")
    office.goes_to_whatsapp(customer)
    office.delivered(customer, "failed", 131026)
    page = open_(giulia, f"/desk/conversazioni/{customer.handover_id}")
    talk = Talk(page)
    expect(talk.log).to_contain_text("non consegnato")
    expect(page.locator("#summary")).to_contain_text("Paola Ferri")
    return page


def _reading(office: Office, open_: Callable[..., Page]) -> Page:
    giulia, marco = office.agent(), office.agent("Marco Riva")
    customer = office.customer("Buongiorno")
    giulia.does("claim", customer)
    page = open_(marco, f"/desk/conversazioni/{customer.handover_id}")
    expect(Talk(page).state).to_contain_text("puoi leggerla")
    return page


def _canned(office: Office, open_: Callable[..., Page]) -> Page:
    page = _talk(office, open_)
    page.keyboard.press("/")
    expect(page.get_by_role("listbox").get_by_role("option").first).to_be_visible()
    return page


def _note(office: Office, open_: Callable[..., Page]) -> Page:
    page = _talk(office, open_)
    page.get_by_role("button", name="Nota interna").click()
    return page


def _hand_back(office: Office, open_: Callable[..., Page]) -> Page:
    page = _talk(office, open_)
    Talk(page).press("Restituisci al bot")
    expect(page.get_by_role("dialog")).to_be_visible()
    return page


def _pass_on(office: Office, open_: Callable[..., Page]) -> Page:
    office.agent("Sara Villa")
    page = _talk(office, open_)
    Talk(page).press("Passa a…")
    expect(page.get_by_role("dialog")).to_contain_text("Sara Villa")
    return page


def _close(office: Office, open_: Callable[..., Page]) -> Page:
    page = _talk(office, open_)
    Talk(page).press("Concludi")
    expect(page.get_by_role("dialog")).to_be_visible()
    return page


def _lost(office: Office, open_: Callable[..., Page]) -> Page:
    elena = office.agent("Elena Sarti", "supervisore")
    giulia = office.agent()
    customer = office.customer("Buongiorno")
    giulia.does("claim", customer)
    page = open_(giulia, f"/desk/conversazioni/{customer.handover_id}")
    Talk(page).field.fill("Stavo scrivendo")
    elena.does("force_take", customer)
    expect(page.locator("#talk-notice")).to_contain_text("Stavo scrivendo")
    return page


def _not_sent(office: Office, open_: Callable[..., Page]) -> Page:
    page = _talk(office, open_)
    page.route("**/replies", lambda route: route.abort())
    Talk(page).write("Non parte")
    expect(page.get_by_text("non inviato").first).to_be_visible()
    return page


def _over(office: Office, open_: Callable[..., Page]) -> Page:
    giulia = office.agent()
    customer = office.customer()
    giulia.does("claim", customer)
    page = open_(giulia, f"/desk/conversazioni/{customer.handover_id}")
    expect(Talk(page).state).to_have_text("La segui tu")
    giulia.does("transfer", customer, To(agency_code="AG-9"))
    expect(page.get_by_text("non è più visibile")).to_be_visible()
    return page


def _asked(office: Office, open_: Callable[..., Page]) -> Page:
    office.engine.given = {"customer_type": "persona", "given_name": "Anna", "family_name": "Bianchi", "contact": NEW}
    page = _talk(office, open_)
    page.locator("#given").get_by_role("button", name="Mostra Recapito").click()
    return page


def _shown(office: Office, open_: Callable[..., Page]) -> Page:
    page = _asked(office, open_)
    # it would hide while it is looked at
    page.route("**/given/*", lambda route: route.fulfill(json=route.fetch().json() | {"seconds": 3600}))
    page.get_by_role("button", name="Devo richiamarlo").click()
    expect(page.locator("#given")).to_contain_text(NEW)
    return page


def _unreadable(office: Office, open_: Callable[..., Page]) -> Page:
    """Neither identity nor the engine answers."""
    giulia, customer = office.agent(), office.customer("Buongiorno")
    giulia.does("claim", customer)
    office.summary, office.engine.ready = None, False
    page = open_(giulia, f"/desk/conversazioni/{customer.handover_id}")
    expect(page.locator("#given")).to_contain_text("non è leggibile")
    expect(page.locator("#summary")).to_contain_text("non è raggiungibile")
    return page


def _window_closed(office: Office, open_: Callable[..., Page]) -> Page:
    giulia, customer = office.agent(), office.customer("Buongiorno")
    giulia.does("claim", customer)
    office.goes_to_whatsapp(customer, written=timedelta(hours=25))
    page = open_(giulia, f"/desk/conversazioni/{customer.handover_id}")
    expect(page.get_by_text("Su WhatsApp non puoi più scrivere").first).to_be_visible()
    return page


def _new_contact(office: Office, open_: Callable[..., Page]) -> Page:
    takes_requests(office)
    page = _talk(office, open_)
    page.get_by_role("button", name="Nuovo recapito").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Email o numero di cellulare").fill("usato@posta.example")
    dialog.get_by_role("button", name="Chiedi la conferma").click()
    expect(dialog.get_by_role("alert")).to_contain_text("non si può usare")
    return page


def _line_lost(office: Office, open_: Callable[..., Page]) -> Page:
    office.customer("Buongiorno")
    page = _empty(office, open_)
    page.context.set_offline(True)
    office.cut_streams()
    expect(page.locator("#banners")).to_contain_text("Connessione persa")
    return page


def _signed_out(office: Office, open_: Callable[..., Page]) -> Page:
    giulia = office.agent()
    page = open_(giulia)
    Queue(page)
    office.revoke(giulia)
    page.reload()
    expect(page.get_by_role("heading", name="Accedi al desk")).to_be_visible()
    return page


def _unknown(office: Office, open_: Callable[..., Page]) -> Page:
    return open_(office.agent(), "/desk/conversazioni/nobody-s")


def _request(office: Office, open_: Callable[..., Page], *roles: Role) -> Page:
    """A request of Giulia's, before Marco, who may decide."""
    takes_requests(office)
    giulia, customer = office.agent(), office.customer("Vorrei un altro recapito", reason="other_contact")
    giulia.does("claim", customer)
    contacts = office.app.state.services.desk.contacts
    office.run(contacts.request(customer.handover_id, giulia.id, NEW))
    page = open_(office.agent("Marco Riva", *roles), "/desk/recapiti")
    expect(page.locator(".contact-card")).to_have_count(1)
    return page


def _no_request(office: Office, open_: Callable[..., Page]) -> Page:
    return open_(office.agent(), "/desk/recapiti")


def _request_shown(office: Office, open_: Callable[..., Page]) -> Page:
    page = _request(office, open_)
    page.get_by_text("Mostra per intero").click()
    page.locator(".reveal select").select_option("compare_document")
    page.locator(".reveal").get_by_role("button", name="Mostra").click()
    expect(page.locator("#in-full")).to_contain_text("@")
    return page


def _request_refused(office: Office, open_: Callable[..., Page]) -> Page:
    """Without a reason, as a browser that does not ask for one sends it."""
    page = _request(office, open_)
    page.locator("form").evaluate_all("all => all.forEach((one) => (one.noValidate = true))")
    page.get_by_role("form", name="Conferma").get_by_role("button").click()
    expect(page.get_by_role("alert")).to_contain_text("Scegli il motivo")
    return page


def _request_decided(office: Office, open_: Callable[..., Page]) -> Page:
    page = _request(office, open_)
    confirm = page.get_by_role("form", name="Conferma")
    confirm.get_by_label("Motivo").select_option("called_on_file")
    confirm.get_by_role("button", name="Conferma").click()
    expect(page.get_by_role("heading", name="Ultimi 30 giorni")).to_be_visible()
    return page


def _figures(office: Office, open_: Callable[..., Page]) -> Page:
    giulia, customer = office.agent(), office.customer("Buongiorno")
    giulia.does("claim", customer)
    page = open_(office.agent("Elena Sarti", "supervisore"), "/desk/andamento")
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    return page


def _figures_wrong(office: Office, open_: Callable[..., Page]) -> Page:
    path = "/desk/andamento?periodo=scelta&dal=2026-07-31&al=2026-07-01"
    page = open_(office.agent("Anna Gallo", "auditor"), path)
    expect(page.get_by_role("alert")).to_be_visible()
    return page


def _found(office: Office, open_: Callable[..., Page]) -> Page:
    office.customer("mi chiamo Mario Rossi")
    page = open_(office.agent("Elena Sarti", "supervisore"), "/desk/cerca?testo=rossi")
    expect(page.locator(".found")).to_be_visible()
    return page


def _nothing_found(office: Office, open_: Callable[..., Page]) -> Page:
    return open_(office.agent(), "/desk/cerca?testo=nessuno")


def _search_wrong(office: Office, open_: Callable[..., Page]) -> Page:
    return open_(office.agent(), "/desk/cerca?dal=ieri")


CONVERSATION = "GET /desk/conversazioni/{handover_id}"
# what is looked at, and the route that shows it
STATES: Mapping[Callable[[Office, Callable[..., Page]], Page], str] = {
    _empty: "GET /desk", _queue: "GET /desk", _menu: "GET /desk", _keys: "GET /desk", _line_lost: "GET /desk",
    _talk: CONVERSATION, _reading: CONVERSATION, _canned: CONVERSATION, _note: CONVERSATION, _hand_back: CONVERSATION,
    _pass_on: CONVERSATION, _close: CONVERSATION, _lost: CONVERSATION, _not_sent: CONVERSATION, _over: CONVERSATION,
    _asked: CONVERSATION, _shown: CONVERSATION, _unreadable: CONVERSATION, _window_closed: CONVERSATION,
    _new_contact: CONVERSATION, _unknown: CONVERSATION,
    _signed_out: "GET /desk/accesso",
    _no_request: "GET /desk/recapiti", _request: "GET /desk/recapiti", _request_decided: "GET /desk/recapiti",
    _request_shown: "POST /desk/recapiti/{request_id}/mostra",
    _request_refused: "POST /desk/recapiti/{request_id}/decisione",
    _figures: "GET /desk/andamento", _figures_wrong: "GET /desk/andamento",
    _found: "GET /desk/cerca", _nothing_found: "GET /desk/cerca", _search_wrong: "GET /desk/cerca",
}  # fmt: skip


# ---- before one is in: with the insurer's own sign-in, and the demo's people -----------------------------------------


def _door(office: Office, provider: OpenIdProvider, open_: Callable[..., Page]) -> Page:
    page = open_(None, "/desk/accesso")
    expect(page.get_by_text("solo nella demo")).to_be_visible()
    expect(page.get_by_role("link", name="Accedi con l’account aziendale")).to_be_visible()
    page.get_by_text("Non riesci ad accedere?").click()
    return page


def _door_refused(office: Office, provider: OpenIdProvider, open_: Callable[..., Page]) -> Page:
    page = open_(None, "/desk/accesso")
    page.get_by_label("Email").fill("nessuno@example.it")
    page.get_by_label("Password", exact=True).fill("Girasole-Tenace5")
    page.get_by_role("button", name="Continua").click()
    expect(page.get_by_role("alert")).to_contain_text("Email o password non corrette")
    return page


def _code(office: Office, provider: OpenIdProvider, open_: Callable[..., Page]) -> Page:
    page = open_(None, "/desk/accesso")
    page.get_by_role("button", name="Marta Ricci").click()
    expect(page.get_by_label("Codice di sei cifre")).to_be_visible()
    return page


def _code_refused(office: Office, provider: OpenIdProvider, open_: Callable[..., Page]) -> Page:
    page = _code(office, provider, open_)
    page.get_by_label("Codice di sei cifre").fill("12345")
    page.get_by_role("button", name="Accedi").click()
    expect(page.get_by_role("alert")).to_contain_text("Il codice non va bene")
    return page


def _left(office: Office, provider: OpenIdProvider, open_: Callable[..., Page]) -> Page:
    page = open_(office.agent())
    Queue(page)
    page.locator("#me-menu summary").click()
    page.get_by_role("button", name="Esci").click()
    expect(page.get_by_text("Hai lasciato il desk")).to_be_visible()
    return page


def _oidc_away(office: Office, provider: OpenIdProvider, open_: Callable[..., Page]) -> Page:
    provider.is_down = True
    page = open_(None, "/desk/accesso/oidc")
    expect(page.get_by_role("alert")).to_contain_text("L’accesso aziendale non risponde")
    return page


def _oidc_refused(office: Office, provider: OpenIdProvider, open_: Callable[..., Page]) -> Page:
    page = open_(None, "/desk/accesso/oidc")  # nobody here has that address
    expect(page.get_by_role("alert")).to_contain_text("Non è stato possibile entrare")
    return page


def _invitation(office: Office, provider: OpenIdProvider, open_: Callable[..., Page]) -> Page:
    page = open_(None, office.invitation())
    expect(page.get_by_role("img", name="Codice QR")).to_be_visible()
    page.get_by_text("Non riesci a inquadrarlo?").click()
    return page


def _invitation_refused(office: Office, provider: OpenIdProvider, open_: Callable[..., Page]) -> Page:
    page = _invitation(office, provider, open_)
    page.get_by_label("Password", exact=True).fill("corta")
    page.get_by_label("Codice di sei cifre").fill("12345")
    page.locator("form").evaluate_all("all => all.forEach((one) => (one.noValidate = true))")
    page.get_by_role("button", name="Entra al desk").click()
    expect(page.get_by_role("alert")).to_be_visible()
    return page


def _invitation_gone(office: Office, provider: OpenIdProvider, open_: Callable[..., Page]) -> Page:
    return open_(None, "/desk/invito/not-good")


DOOR: Mapping[Callable[[Office, OpenIdProvider, Callable[..., Page]], Page], str] = {
    _door: "GET /desk/accesso", _left: "GET /desk/accesso", _door_refused: "POST /desk/accesso",
    _code: "GET /desk/accesso/codice", _code_refused: "POST /desk/accesso/codice",
    _oidc_away: "GET /desk/accesso/oidc", _oidc_refused: "GET /desk/accesso/oidc/ritorno",
    _invitation: "GET /desk/invito/{token}", _invitation_gone: "GET /desk/invito/{token}",
    _invitation_refused: "POST /desk/invito/{token}",
}  # fmt: skip
# to the sign-in page, which says so; to files
NO_PAGES = {"POST /desk/uscita", "GET /desk/andamento/{table}.csv", "GET /desk/cerca.csv"}


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__.strip("_"))
def test_a_state_has_no_violation_at_any_size_in_either_scheme(
    office: Office, open_desk: OpenDesk, axe: Axe, state: Callable[[Office, Callable[..., Page]], Page]
) -> None:
    shown = Shown(open_desk)
    look_at(state(office, shown.open), axe)
    assert shown.route == STATES[state]


@pytest.mark.parametrize("state", DOOR, ids=lambda state: state.__name__.strip("_"))
def test_the_door_has_no_violation_at_any_size_in_either_scheme(
    provider: OpenIdProvider,
    office: Office,
    open_desk: OpenDesk,
    axe: Axe,
    state: Callable[[Office, OpenIdProvider, Callable[..., Page]], Page],
) -> None:
    office.has_demo_people()
    shown = Shown(open_desk)
    look_at(state(office, provider, shown.open), axe)
    assert shown.route == DOOR[state]


def test_every_page_of_the_routers_is_looked_at() -> None:
    assert pages_of(ROUTERS) - {*STATES.values(), *DOOR.values()} == NO_PAGES


def test_a_page_that_nobody_looks_at_is_found() -> None:
    stray = APIRouter(default_response_class=HTMLResponse)
    stray.get("/desk/nuova")(lambda: "")
    assert pages_of([*ROUTERS, stray]) - {*STATES.values(), *DOOR.values()} == {*NO_PAGES, "GET /desk/nuova"}


def look_at(page: Page, axe: Axe) -> None:
    """Fails on a violation, a target that is too small, or anything that is cut off."""
    for scheme, windows in (("light", WINDOWS), ("dark", IN_THE_DARK)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for width, height in windows:
            page.set_viewport_size({"width": width, "height": height})
            assert axe(page) == [], (scheme, width, height)
            assert page.evaluate(SMALL_TARGETS) == [], (width, height)
            assert page.evaluate(OVERFLOW) == [], (width, height)


class Shown:
    """Opens pages, and knows by which route of the desk the last one came."""

    def __init__(self, open_: OpenDesk) -> None:
        self._open = open_
        self._last = ("", "")

    def open(self, agent: Agent | None, path: str = "/desk", **options: Any) -> Page:
        page = self._open(agent, "/static/icon.svg", **options)
        page.on("response", self._note)
        page.goto(path)
        return page

    def _note(self, response: Response) -> None:
        request = response.request
        if request.is_navigation_request() and not 300 <= response.status < 400:
            self._last = request.method, urlsplit(request.url).path

    @property
    def route(self) -> str:
        method, path = self._last
        for route in routes_of(ROUTERS):
            if method in route.methods and route.path_regex.fullmatch(path):
                return f"{method} {route.path}"
        return f"{method} {path}"


def routes_of(routers: Sequence[APIRouter]) -> list[APIRoute]:
    return [route for router in routers for route in router.routes if isinstance(route, APIRoute)]


def pages_of(routers: Sequence[APIRouter]) -> set[str]:
    """Every method and path that answers with a page."""
    return {
        f"{method} {route.path}"
        for route in routes_of(routers)
        for method in route.methods
        if _class_of(route) is HTMLResponse
    }


def _class_of(route: APIRoute) -> Any:
    return getattr(route.response_class, "value", route.response_class)  # as FastAPI wraps a router's default


def test_text_at_200_percent_fits(office: Office, open_desk: OpenDesk) -> None:
    page = _talk(office, open_desk)
    page.add_style_tag(url="/static/desk/desk.css")
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate(OVERFLOW) == []
    expect(page.locator("#scrivi")).to_be_visible()


def test_the_keyboard_alone_leads_from_the_queue_to_a_reply(office: Office, open_desk: OpenDesk) -> None:
    customer = office.customer("Buongiorno")
    page = open_desk(office.agent())
    queue = Queue(page)
    button = queue.card(customer).get_by_role("button", name="Prendi")
    for _ in range(20):
        page.keyboard.press("Tab")
        if button.evaluate("one => one === document.activeElement"):
            break
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/conversazioni/**")
    talk = Talk(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Vai alla risposta")).to_be_focused()
    page.keyboard.press("Enter")
    expect(talk.field).to_be_focused()
    page.keyboard.type("Eccomi")
    page.keyboard.press("Enter")
    expect(talk.mine("Eccomi")).to_have_count(1)
