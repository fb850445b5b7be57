"""The one-time page on a phone: with scripts, without, from the card of the chat, and with axe in every state."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.one_time.conftest import OpenPhone, Product
from tests.browser.widget.chat import PASSWORD, TAX_CODE
from tests.browser.widget.test_accessibility import MAIN_TARGETS, OVERFLOW, WINDOWS, Axe

AT_PASSWORD, AT_CODE, AT_TAX_CODE = (
    ("password", "secret:password"),
    ("verification_code", "code"),
    ("tax_code", "secret:tax_code"),
)
PURPOSES = pytest.mark.parametrize(
    ("at", "purpose", "label", "wrong", "right"),
    [
        (AT_PASSWORD, "password", "Password", "debole", PASSWORD),
        (AT_TAX_CODE, "tax_code", "Codice Fiscale o Partita IVA", "MRRSS45P37612P", TAX_CODE),
        (AT_CODE, "verification_code", "Codice di verifica", "12345", "482913"),
    ],
    ids=["password", "tax_code", "code"],
)


def send(page: Page, label: str, value: str) -> None:
    page.get_by_label(label, exact=True).fill(value)
    page.get_by_role("button", name="Continua").click()


def done(page: Page) -> None:
    expect(page.get_by_role("heading", name="Fatto, torna alla chat")).to_be_visible()
    assert page.url.endswith("/riservato/fatto"), "the token has left the address"


def given(product: Product) -> list[tuple[str, str]]:
    return [(deposit["purpose"], deposit["value"]) for deposit in product.identity.deposits]


@PURPOSES
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_what_is_wrong_is_explained_and_what_is_right_is_taken(
    product: Product, open_phone: OpenPhone, at: tuple[str, str], purpose: str, label: str, wrong: str, right: str,
    scripts: bool,
) -> None:  # fmt: skip
    product.chat_at(*at)
    page = open_phone(product.link(), java_script_enabled=scripts)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("button", name="Mostra la password")).to_have_count(int(scripts and purpose == "password"))
    send(page, label, wrong)
    expect(page.get_by_role("alert")).to_be_focused()
    send(page, label, right)
    done(page)
    assert given(product) == [(purpose, right)]
    page.reload()
    done(page)
    assert len(given(product)) == 1


def test_the_rules_light_up_while_the_password_is_typed(product: Product, open_phone: OpenPhone) -> None:
    product.chat_at(*AT_PASSWORD)
    page = open_phone(product.link())
    field = page.get_by_label("Password", exact=True)
    met = page.locator(".rules .met > span:not(.unseen)")
    expect(page.get_by_role("list", name="La password deve avere").get_by_role("listitem")).to_have_count(4)
    field.fill("aB3")
    expect(met).to_have_text(["Una lettera maiuscola", "Una lettera minuscola", "Almeno un numero"])
    field.fill(PASSWORD)
    expect(met).to_have_count(4)
    page.get_by_role("button", name="Mostra la password").tap()
    expect(field).to_have_attribute("type", "text")


def test_a_refused_password_is_explained_by_the_server_and_the_link_stays_good(
    product: Product, open_phone: OpenPhone
) -> None:
    product.chat_at(*AT_PASSWORD)
    page = open_phone(product.link())
    send(page, "Password", "Password1")  # keeps the manual's rule: only the server knows that everybody has it
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("molto diffusa")
    expect(alert).to_be_focused()
    expect(page.get_by_label("Password", exact=True)).to_have_value("")
    assert "Password1" not in page.content()
    send(page, "Password", PASSWORD)
    done(page)


def test_going_back_shows_no_secret_and_no_form(product: Product, open_phone: OpenPhone) -> None:
    product.chat_at(*AT_PASSWORD)
    page = open_phone(product.link())
    send(page, "Password", PASSWORD)
    done(page)
    page.go_back()
    expect(page.get_by_role("heading", name="Questo link non è più valido")).to_be_visible()
    assert PASSWORD not in page.content()


def test_the_address_is_sent_to_nobody(product: Product, open_phone: OpenPhone) -> None:
    """Control: the page of sign-in does send its own, which is no secret."""
    product.chat_at(*AT_PASSWORD)
    page = open_phone(f"{product.address}/accedi")
    seen: list[Request] = []
    page.on("request", lambda request: seen.append(request))
    page.reload()
    page.wait_for_load_state("networkidle")
    assert any("/accedi" in request.all_headers().get("referer", "") for request in seen)
    seen.clear()
    url = product.link()
    page.goto(url)
    page.wait_for_load_state("networkidle")
    send(page, "Password", PASSWORD)
    done(page)
    assert len(seen) > 4
    token = url.rsplit("/", 1)[1]
    assert not any(token in value for request in seen for value in request.all_headers().values())
    assert [request.all_headers().get("origin") for request in seen if request.method == "POST"] == ["null"]


def test_the_card_of_the_chat_opens_the_page_and_goes_on_by_itself(product: Product, open_phone: OpenPhone) -> None:
    product.engine.expect("password", "secret:password")
    page = open_phone(product.address)
    chat = page.locator("area-clienti-chat")
    expect(chat.get_by_role("heading", name="Crea la tua password")).to_be_visible()
    product.engine.expect("privacy_notice", "choice")
    with page.expect_popup() as opened:
        chat.get_by_role("button", name="Apri in una pagina a parte").tap()
    apart = opened.value
    expect(apart.get_by_role("heading", name="Crea la tua password")).to_be_visible()
    assert apart.evaluate("window.opener") is None
    expect(chat.get_by_text("Puoi ancora usare questo riquadro")).to_be_visible()
    send(apart, "Password", PASSWORD)
    done(apart)
    expect(chat.get_by_text("Password inserita in modo sicuro")).to_be_visible()
    expect(chat.get_by_role("heading", name="Crea la tua password")).to_be_hidden()
    assert given(product) == [("password", PASSWORD)]


def test_where_no_tab_can_be_opened_the_card_shows_the_link(product: Product, open_phone: OpenPhone) -> None:
    product.engine.expect("tax_code", "secret:tax_code")
    page = open_phone(product.address)
    chat = page.locator("area-clienti-chat")
    page.evaluate("window.open = () => null")
    chat.get_by_role("button", name="Apri in una pagina a parte").tap()
    with page.expect_popup() as opened:
        chat.get_by_role("link", name="Vai alla pagina a parte").tap()
    send(opened.value, "Codice Fiscale o Partita IVA", TAX_CODE)
    done(opened.value)


@PURPOSES
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_every_state_passes_axe_wide_narrow_and_zoomed(
    product: Product, open_phone: OpenPhone, axe: Axe, at: tuple[str, str], purpose: str, label: str, wrong: str,
    right: str, scripts: bool,
) -> None:  # fmt: skip
    product.chat_at(*at)
    url = product.link()
    page = open_phone("about:blank", is_mobile=False)
    if not scripts:  # axe is a script itself: only ours is kept away
        page.route("**/secret-form.js", lambda route: route.abort())
    page.goto(url)
    page.wait_for_load_state("networkidle")
    is_well_made(page, axe)
    send(page, label, wrong)
    expect(page.get_by_role("alert")).to_be_focused()
    is_well_made(page, axe)
    send(page, label, right)
    done(page)
    is_well_made(page, axe)
    page.goto(url)
    is_well_made(page, axe)


def is_well_made(page: Page, axe: Axe) -> None:
    for width, height in WINDOWS:
        page.set_viewport_size({"width": width, "height": height})
        assert axe(page) == []
        assert page.evaluate(MAIN_TARGETS) == []
        assert page.evaluate(OVERFLOW) == []
