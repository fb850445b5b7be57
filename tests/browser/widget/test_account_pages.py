"""The secure operations of the customer area and the forgotten password in a real browser, each step with axe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.widget.conftest import OpenPage
from tests.browser.widget.stub import Stub, a_session
from tests.browser.widget.test_accessibility import MAIN_TARGETS, OVERFLOW, WINDOWS, Axe

CODE_SENT = {
    "outcome": "code_sent",
    "challenge": {"masked_destination": "320 ****600", "resend_after_seconds": 30},
}
CONFIRMED = {"outcome": "confirmed", "attempts_left": 4, "csrf_token": "next"}
RESET_SENT = {"outcome": "code_sent", "life_minutes": 5, "resend_after_seconds": 30}
REJECTED = {"status": 422, "code": "secret_rejected", "failed_rules": ["too_common", "too_personal"]}
OVER = {"status": 409, "code": "step_up_expired"}


def alert(page: Page, words: str) -> None:
    expect(page.get_by_role("alert").filter(has_text=words)).to_be_focused()


def is_well_made(page: Page, axe: Axe) -> None:
    size = page.viewport_size
    for width, height in WINDOWS:
        page.set_viewport_size({"width": width, "height": height})
        assert axe(page) == []
        assert page.evaluate(MAIN_TARGETS) == []
        assert page.evaluate(OVERFLOW) == []
    if size:
        page.set_viewport_size(size)


def give_code(page: Page, code: str = "482 913") -> None:
    page.get_by_label("Codice di verifica").fill(code)
    page.keyboard.press("Enter")


def ask(page: Page, operation: str) -> None:
    page.get_by_role("button", name=operation).click()
    page.get_by_role("dialog").get_by_role("button", name="Invia il codice").click()


# --- the customer area ----------------------------------------------------------------------------------------------


def test_the_sessions_are_named_as_people_call_their_devices(open_page: OpenPage, stub: Stub) -> None:
    stub.sessions.append(a_session(None, None))
    page = open_page("/area-clienti")
    items = page.get_by_role("list", name="Sessioni attive").get_by_role("listitem")
    expect(items.nth(0)).to_contain_text("Chrome su Windows")
    expect(items.nth(0)).to_contain_text("Questo dispositivo")
    expect(items.nth(1)).to_contain_text("Safari su iPhone o iPad")
    expect(items.nth(1)).to_contain_text("Usato 12 minuti fa · entrato 1 ora fa")
    expect(items.nth(2)).to_contain_text("Dispositivo non riconosciuto")


def test_who_is_signed_in_only_here_has_nothing_to_end(open_page: OpenPage, stub: Stub) -> None:
    stub.sessions = stub.sessions[:1]
    page = open_page("/area-clienti")
    expect(page.get_by_text("Questo dispositivo")).to_be_visible()
    expect(page.get_by_role("button", name="Esci da tutti gli altri dispositivi")).to_be_hidden()


def test_the_password_is_changed_by_keyboard_alone(open_page: OpenPage, stub: Stub) -> None:
    page = open_page("/area-clienti")
    page.get_by_role("button", name="Cambia password").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Cambia la password")
    expect(dialog.get_by_role("heading", name="Cambia la password")).to_be_focused()
    stub.outcomes = [CODE_SENT, CONFIRMED, {"outcome": "wrong_password", "attempts_left": 4}, {"outcome": "changed"}]
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("al numero 320 ****600")).to_be_visible()
    expect(page.get_by_label("Codice di verifica")).to_be_focused()
    page.keyboard.type("482913")
    page.keyboard.press("Enter")
    present = page.get_by_label("Password attuale", exact=True)
    expect(present).to_be_focused()
    page.keyboard.type("Sbagliata-99")
    page.get_by_label("Nuova password", exact=True).focus()
    page.keyboard.type("Lanterna7Verde")
    page.keyboard.press("Enter")
    alert(page, "Hai ancora 4 tentativi")
    expect(present).to_have_value("")
    expect(page.get_by_label("Nuova password", exact=True)).to_have_value("Lanterna7Verde")
    present.focus()
    page.keyboard.type("Giusta-Rosa7")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="la tua password è cambiata")).to_be_focused()
    assert stub.posts[-1] == (
        "/api/account/password",
        {"present_password": "Giusta-Rosa7", "password": "Lanterna7Verde"},
    )
    for name in ("#present-password", "#new-password"):
        expect(page.locator(name)).to_have_value("")


def test_the_rules_light_up_and_what_is_refused_is_said_once(open_page: OpenPage, stub: Stub) -> None:
    stub.outcomes = [CODE_SENT, CONFIRMED, REJECTED]
    page = open_page("/area-clienti")
    ask(page, "Cambia password")
    give_code(page)
    page.get_by_label("Password attuale", exact=True).fill("Giusta-Rosa7")
    field = page.get_by_label("Nuova password", exact=True)
    field.fill("abc")
    rules = page.get_by_role("list", name="La password deve avere").get_by_role("listitem")
    expect(rules).to_have_text([
        "Una lettera maiuscola: ancora da soddisfare", "Una lettera minuscola: soddisfatta",
        "Almeno 8 caratteri: ancora da soddisfare", "Almeno un numero: ancora da soddisfare",
    ])  # fmt: skip
    page.keyboard.press("Enter")
    expect(page.get_by_text("Usa almeno 8 caratteri. Aggiungi un numero.")).to_be_visible()
    assert [path for path, _ in stub.posts] == ["/api/step-up", "/api/step-up/verification"]  # not worth asking
    field.fill("Mariorossi1")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Contiene il tuo nome o un tuo recapito")).to_be_visible()
    expect(page.get_by_text("molto diffusa")).to_have_count(0)
    expect(field).to_have_attribute("aria-invalid", "true")


def test_other_devices_are_signed_out_with_the_code_alone(open_page: OpenPage, stub: Stub) -> None:
    stub.outcomes = [CODE_SENT, {"outcome": "wrong_code", "attempts_left": 1}, CONFIRMED]
    page = open_page("/area-clienti")
    ask(page, "Esci da tutti gli altri dispositivi")
    give_code(page, "654321")
    alert(page, "hai ancora un tentativo")
    stub.sessions = stub.sessions[:1]
    give_code(page)
    expect(page.get_by_role("status").filter(has_text="sei collegato solo su questo dispositivo")).to_be_focused()
    expect(page.get_by_text("Safari su iPhone")).to_have_count(0)
    assert stub.posts[-1] == ("/api/account/end-other-sessions", {})


def test_the_access_is_given_up_only_after_being_asked_twice(open_page: OpenPage, stub: Stub) -> None:
    stub.outcomes = [CODE_SENT, CONFIRMED]
    page = open_page("/area-clienti")
    ask(page, "Disattiva l’accesso")
    give_code(page)
    expect(page.get_by_role("heading", name="Vuoi davvero disattivare l’accesso?")).to_be_focused()
    assert stub.posts[-1][0] == "/api/step-up/verification"
    page.get_by_role("button", name="Sì, disattiva l’accesso").click()
    expect(page.get_by_role("heading", name="Il tuo accesso è disattivato")).to_be_focused()
    expect(page.get_by_role("region", name="disattivato").get_by_text("Le tue polizze restano valide")).to_be_visible()
    expect(page.get_by_role("heading", name="I tuoi prodotti")).to_be_hidden()
    expect(page.get_by_role("button", name="Esci", exact=True)).to_be_hidden()


def test_whoever_thinks_better_of_it_is_back_where_he_was(open_page: OpenPage, stub: Stub) -> None:
    stub.outcomes = [CODE_SENT, CONFIRMED]
    page = open_page("/area-clienti")
    ask(page, "Disattiva l’accesso")
    give_code(page)
    page.get_by_role("button", name="No, mantienilo").click()
    expect(page.get_by_role("button", name="Disattiva l’accesso")).to_be_focused()
    page.get_by_role("button", name="Cambia password").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("button", name="Cambia password")).to_be_focused()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"outcome": "limit_reached", "retry_after_seconds": 600}, "riprova fra 10 minuti"),
        ({"status": 503, "code": "identity_unavailable"}, "non è cambiato nulla"),
    ],
)
def test_what_keeps_the_code_from_being_sent_is_explained(
    open_page: OpenPage, stub: Stub, answer: dict[str, Any], words: str
) -> None:
    stub.outcomes = [answer]
    page = open_page("/area-clienti")
    ask(page, "Disattiva l’accesso")
    alert(page, words)


def test_who_has_no_mobile_any_more_is_told_what_to_do(open_page: OpenPage, stub: Stub) -> None:
    stub.outcomes = [{"outcome": "no_mobile"}]
    page = open_page("/area-clienti")
    ask(page, "Cambia password")
    expect(page.get_by_role("heading", name="Serve un numero di cellulare")).to_be_focused()
    page.get_by_role("button", name="Ho capito").click()
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_confirmation_that_is_over_begins_again(open_page: OpenPage, stub: Stub) -> None:
    stub.outcomes = [CODE_SENT, CONFIRMED, OVER]
    page = open_page("/area-clienti")
    ask(page, "Disattiva l’accesso")
    give_code(page)
    page.get_by_role("button", name="Sì, disattiva l’accesso").click()
    alert(page, "serve un nuovo codice")


def test_whose_session_has_ended_is_led_to_sign_in(open_page: OpenPage, stub: Stub) -> None:
    stub.outcomes = [{"status": 401, "code": "no_session"}]
    page = open_page("/area-clienti")
    ask(page, "Disattiva l’accesso")
    page.wait_for_url("**/accedi")


def _dialog(outcomes: list[dict[str, Any]], operation: str) -> Callable[[Page, Stub], None]:
    def go(page: Page, stub: Stub) -> None:
        stub.outcomes = list(outcomes)
        page.get_by_role("button", name=operation).click()
        if outcomes:
            page.get_by_role("dialog").get_by_role("button", name="Invia il codice").click()
        for _ in outcomes[1:]:
            give_code(page)
        page.wait_for_timeout(200)

    return go


def _rules_broken(page: Page, stub: Stub) -> None:
    _dialog([CODE_SENT, CONFIRMED], "Cambia password")(page, stub)
    page.get_by_label("Password attuale", exact=True).fill("x")
    page.get_by_label("Nuova password", exact=True).fill("abc")
    page.keyboard.press("Enter")
    alert(page, "non va ancora bene")


AREA_STEPS: dict[str, Callable[[Page, Stub], None]] = {
    "why": _dialog([], "Disattiva l’accesso"),
    "code": _dialog([CODE_SENT], "Esci da tutti gli altri dispositivi"),
    "wrong code": _dialog([CODE_SENT, {"outcome": "wrong_code", "attempts_left": 3}], "Cambia password"),
    "new password": _dialog([CODE_SENT, CONFIRMED], "Cambia password"),
    "password refused": _rules_broken,
    "sure?": _dialog([CODE_SENT, CONFIRMED], "Disattiva l’accesso"),
    "no mobile": _dialog([{"outcome": "no_mobile"}], "Cambia password"),
}


@pytest.mark.parametrize("step", AREA_STEPS)
def test_every_step_of_the_dialog_is_well_made(open_page: OpenPage, stub: Stub, axe: Axe, step: str) -> None:
    page = open_page("/area-clienti")
    expect(page.get_by_role("heading", name="Sicurezza e accesso")).to_be_visible()
    AREA_STEPS[step](page, stub)
    is_well_made(page, axe)


def test_the_end_of_the_access_is_well_made(open_page: OpenPage, stub: Stub, axe: Axe) -> None:
    page = open_page("/area-clienti")
    _dialog([CODE_SENT, CONFIRMED], "Disattiva l’accesso")(page, stub)
    page.get_by_role("button", name="Sì, disattiva l’accesso").click()
    expect(page.get_by_role("heading", name="Il tuo accesso è disattivato")).to_be_visible()
    is_well_made(page, axe)


# --- the forgotten password -----------------------------------------------------------------------------------------


def to_code(page: Page, stub: Stub) -> None:
    stub.outcomes.insert(0, RESET_SENT)
    page.get_by_label("Nome utente").fill("mario.rossi@example.it")
    page.get_by_role("button", name="Invia il codice").click()
    expect(page.get_by_label("Codice di verifica")).to_be_focused()


def to_password(page: Page, stub: Stub) -> None:
    to_code(page, stub)
    stub.outcomes.insert(0, CONFIRMED)
    give_code(page)
    expect(page.get_by_role("heading", name="Scegli la nuova password")).to_be_focused()


def to_end(page: Page, stub: Stub) -> None:
    to_password(page, stub)
    page.get_by_label("Nuova password", exact=True).fill("Lanterna7Verde")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="La tua nuova password è pronta")).to_be_focused()


def test_sign_in_leads_to_the_forgotten_password_and_that_back_to_sign_in(open_page: OpenPage, stub: Stub) -> None:
    page = open_page("/accedi")
    page.get_by_role("link", name="Hai dimenticato la password?").click()
    page.wait_for_url("**/password-dimenticata")
    to_end(page, stub)
    assert [path for path, _ in stub.posts] == [
        "/api/password-reset", "/api/password-reset/verification", "/api/password-reset/password",
    ]  # fmt: skip
    page.get_by_role("link", name="Accedi con la nuova password").click()
    page.wait_for_url("**/accedi")


def test_the_page_says_before_the_code_who_has_to_turn_to_the_agency(open_page: OpenPage) -> None:
    page = open_page("/password-dimenticata")
    expect(page.get_by_text("Il codice arriva solo per sms")).to_be_visible()
    expect(page.get_by_text("Non hai un cellulare registrato")).to_be_visible()


def test_the_page_never_says_whether_the_username_is_known(open_page: OpenPage, stub: Stub) -> None:
    page = open_page("/password-dimenticata")
    to_code(page, stub)
    expect(page.get_by_text("Se il nome utente è registrato")).to_be_visible()
    assert "320" not in page.get_by_role("main").inner_text()
    page.get_by_text("Non ti arriva nessun sms?").click()
    page.get_by_role("button", name="scrivilo di nuovo").click()
    expect(page.get_by_label("Nome utente")).to_be_focused()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"outcome": "wrong_code", "attempts_left": 4}, "hai ancora 4 tentativi"),
        ({"outcome": "code_expired", "attempts_left": 4}, "Il codice è scaduto"),
        ({"outcome": "code_spent", "attempts_left": 0}, "non si può più usare"),
        ({"status": 503, "code": "identity_unavailable"}, "Il servizio non risponde"),
        ({"status": 409, "code": "reset_expired"}, "La tua password non è cambiata"),
    ],
)
def test_a_refused_reset_code_is_explained(open_page: OpenPage, stub: Stub, answer: dict[str, Any], words: str) -> None:
    page = open_page("/password-dimenticata")
    to_code(page, stub)
    stub.outcomes = [answer]
    give_code(page)
    alert(page, words)


@pytest.mark.parametrize(
    ("seconds", "said"), [(90, "90 secondi"), (1800, "30 minuti"), (7200, "120 minuti"), (83_000, "24 ore")]
)
def test_too_many_requests_for_a_reset_are_explained(open_page: OpenPage, stub: Stub, seconds: int, said: str) -> None:
    stub.outcomes = [{"outcome": "wait", "retry_after_seconds": seconds}]
    page = open_page("/password-dimenticata")
    page.get_by_role("button", name="Invia il codice").click()
    alert(page, "Manca il nome utente")
    page.get_by_label("Nome utente").fill("mario.rossi@example.it")
    page.keyboard.press("Enter")
    alert(page, f"riprova fra {said}")


RESET_STEPS: dict[str, Callable[[Page, Stub], None]] = {"code": to_code, "password": to_password, "end": to_end}


@pytest.mark.parametrize("step", RESET_STEPS)
def test_every_step_of_the_reset_is_well_made(open_page: OpenPage, stub: Stub, axe: Axe, step: str) -> None:
    page = open_page("/password-dimenticata")
    RESET_STEPS[step](page, stub)
    if step == "code":
        page.get_by_text("Non ti arriva nessun sms?").click()
    is_well_made(page, axe)
