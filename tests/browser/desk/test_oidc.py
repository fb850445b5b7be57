"""The insurer's own sign-in in a real browser: there and back onto the desk, and what is read on each refusal."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from joserfc.jwk import RSAKey
from playwright.sync_api import Page, expect
from sqlalchemy import select

from areaclienti.gateway.db.desk_access import DeskAudit
from tests.browser.desk.conftest import OpenDesk
from tests.browser.desk.desk_page import Queue
from tests.browser.desk.office import Office
from tests.contract.desk.provider import OpenIdProvider

COMPANY_SIGN_IN = "Accedi con l’account aziendale"
COMPLETED_NOT = "Non è stato possibile entrare"


def goes(page: Page) -> None:
    page.get_by_role("link", name=COMPANY_SIGN_IN).click()


def refusals(office: Office) -> list[str | None]:
    query = select(DeskAudit.reason_code).where(DeskAudit.action == "sign_in_refused").order_by(DeskAudit.id)
    return office.read(lambda session: list(session.scalars(query)))


def test_who_is_known_there_comes_back_onto_the_queue(
    provider: OpenIdProvider, office: Office, open_desk: OpenDesk
) -> None:
    office.agent()  # with the address that the provider tells
    page = open_desk(None, "/desk")
    goes(page)
    page.wait_for_url(f"{office.address}/desk")
    Queue(page)
    [asked] = provider.asked
    assert asked["code_challenge_method"] == "S256" and "code" not in page.url
    [session] = [cookie for cookie in page.context.cookies() if cookie["name"] == "ac_desk"]
    assert (session["httpOnly"], session["sameSite"]) == (True, "Strict")
    assert page.evaluate("document.cookie") == ""
    assert refusals(office) == []


def test_it_leads_to_the_page_that_was_asked_for(provider: OpenIdProvider, office: Office, open_desk: OpenDesk) -> None:
    office.agent()
    customer = office.customer("Buongiorno")
    page = open_desk(None, f"/desk/conversazioni/{customer.handover_id}")
    goes(page)
    page.wait_for_url(f"**/desk/conversazioni/{customer.handover_id}")
    expect(page.locator("#talk-title")).to_contain_text("Ha chiesto una persona")


def _says_no(provider: OpenIdProvider) -> None:
    provider.refuses = "access_denied"


def _is_nobody_s(provider: OpenIdProvider) -> None:
    provider.person["email"] = "nessuno@example.it"


def _did_not_prove_the_address(provider: OpenIdProvider) -> None:
    provider.person["email_verified"] = False


def _answers_another_question(provider: OpenIdProvider) -> None:
    provider.changes["nonce"] = "of-another-sign-in"


def _is_signed_by_somebody_else(provider: OpenIdProvider) -> None:
    provider.signs_with = RSAKey.generate_key(2048, {"kid": "first"})


@pytest.mark.parametrize(
    "what", [_says_no, _is_nobody_s, _did_not_prove_the_address, _answers_another_question, _is_signed_by_somebody_else]
)
def test_a_refusal_says_what_to_do_and_the_next_try_may_be_good(
    provider: OpenIdProvider, office: Office, open_desk: OpenDesk, what: Callable[[OpenIdProvider], None]
) -> None:
    office.agent()
    page = open_desk(None, "/desk/accesso")
    what(provider)
    goes(page)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text(COMPLETED_NOT)
    expect(alert).to_contain_text("chiedi al tuo supervisore")
    expect(alert).to_be_focused()
    assert len(refusals(office)) == 1
    assert not [cookie for cookie in page.context.cookies() if cookie["name"] == "ac_desk"]
    provider.forget()
    goes(page)
    page.wait_for_url(f"{office.address}/desk")


def test_a_provider_that_is_away_is_told_apart_from_a_refusal(
    provider: OpenIdProvider, office: Office, open_desk: OpenDesk
) -> None:
    office.agent()
    page = open_desk(None, "/desk/accesso")
    provider.is_down = True
    goes(page)
    expect(page.get_by_role("alert")).to_contain_text("L’accesso aziendale non risponde")
    expect(page.get_by_role("alert")).to_contain_text("Riprova fra poco")
    provider.forget()
    goes(page)
    page.wait_for_url(f"{office.address}/desk")


def test_who_was_revoked_is_refused(provider: OpenIdProvider, office: Office, open_desk: OpenDesk) -> None:
    giulia = office.agent()
    office.revoke(giulia)
    page = open_desk(None, "/desk/accesso")
    goes(page)
    expect(page.get_by_role("alert")).to_contain_text(COMPLETED_NOT)
