"""The one-time page takes one secret, once, while the chat waits for it; whatever else is tried meets the same page."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import update

from areaclienti.gateway import one_time
from areaclienti.gateway.db.models import Conversation, OneTimeLink, now
from areaclienti.gateway.one_time import OneTimeLinks
from areaclienti.web.pages import STATIC_DIR
from tests.unit.gateway.browser import ORIGIN, Browser
from tests.unit.gateway.conftest import Start, stop_the_clock
from tests.unit.gateway.database import change, only_conversation, rows
from tests.unit.gateway.doubles import Engine, Identity
from tests.unit.gateway.test_secrets import (
    AT_CODE,
    AT_NAME,
    AT_NOTICE,
    AT_PASSWORD,
    AT_TAX_CODE,
    CODE,
    PASSWORD,
    TAX_CODE,
    TEXTS,
    assert_nowhere,
    folder,
    logs,
    stand_at,
    told,
)

__all__ = ["folder", "logs"]

CASES = [
    (AT_PASSWORD, "password", "new-password", PASSWORD),
    (AT_TAX_CODE, "tax_code", "tax-code", TAX_CODE),
    (AT_CODE, "verification_code", "one-time-code", CODE),
]


class Phone:
    """The browser that a link is opened in: it follows no redirects, and knows nothing of the chat."""

    def __init__(self, app: FastAPI, address: str = "198.51.100.4", base_url: str = ORIGIN) -> None:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 1234))
        self.http = httpx.AsyncClient(transport=transport, base_url=base_url)

    async def open(self, url: str, **headers: str) -> httpx.Response:
        return await self.http.get(url, headers=headers)

    async def send(self, url: str, fields: dict[str, str], **headers: str | None) -> httpx.Response:
        """As a browser sends a form of a page with `no-referrer`."""
        every = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
        every |= {name.replace("_", "-"): value for name, value in headers.items()}  # type: ignore[misc]
        sent = {name: value for name, value in every.items() if value is not None}
        return await self.http.post(url, data=fields, headers=sent)

    async def give(self, url: str, field: str, value: str) -> httpx.Response:
        """Open the page, fill its field, send it."""
        page = await self.open(url)
        return await self.send(url, {"csrf": csrf_of(page), field: value})


def csrf_of(page: httpx.Response) -> str:
    found = re.search(r'name="csrf" value="(\w+)"', page.text)
    return found[1] if found else "none"


@pytest.fixture
async def phone(app: FastAPI) -> AsyncIterator[Phone]:
    phone = Phone(app)
    yield phone
    await phone.http.aclose()


async def link(browser: Browser) -> str:
    answer = await browser.request("POST", "/api/secrets/link", {})
    assert answer.status_code == 200, answer.text
    url: str = answer.json()["url"]
    return url


async def moved(app: FastAPI, step: str, expects: str) -> None:
    """What an answer of the engine does to a conversation that comes to another step."""
    await change(app, step=step, expects=expects, step_epoch=Conversation.step_epoch + 1)


# --- giving a secret ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("at", "purpose", "field", "value"), CASES)
async def test_a_value_given_on_the_page_goes_to_the_vault_and_the_chat_goes_on(
    browser: Browser, phone: Phone, app: FastAPI, engine: Engine, identity: Identity,
    at: tuple[str, str], purpose: str, field: str, value: str,
) -> None:  # fmt: skip
    await stand_at(app, *at)
    url = await link(browser)
    answer = await phone.give(url, field, value)
    assert (answer.status_code, answer.headers["location"]) == (303, "/riservato/fatto")
    assert "Fatto, torna alla chat" in (await phone.open("/riservato/fatto")).text
    note, reply = await told(app)
    assert note == ("customer", "secret", TEXTS.secret_notes[purpose])  # type: ignore[index]
    assert reply[0] == "bot"
    assert [(deposit["purpose"], deposit["value"]) for deposit in identity.deposits] == [(purpose, value)]
    assert identity.deposits[0]["client_address"] == "198.51.100.4"
    assert (engine.turns[-1].intent, engine.turns[-1].entities) == ("give_secret", {purpose: "vlt_1"})


async def test_the_chat_that_is_open_elsewhere_sees_it_at_once(browser: Browser, phone: Phone, app: FastAPI) -> None:
    await stand_at(app, *AT_PASSWORD)
    async with browser.events(1) as stream:
        await phone.give(await link(browser), "new-password", PASSWORD)
        assert (await stream.next("message")).data["kind"] == "secret"
        assert (await stream.bot_message())["kind"] == "text"


async def test_looking_at_a_link_does_not_use_it(browser: Browser, phone: Phone, app: FastAPI) -> None:
    await stand_at(app, *AT_PASSWORD)
    url = await link(browser)
    preview = Phone(app, "192.0.2.99")
    for _ in range(5):
        assert (await preview.open(url)).status_code == 200
    assert (await phone.give(url, "new-password", PASSWORD)).status_code == 303
    await preview.http.aclose()


async def test_a_refused_password_keeps_the_link_and_says_why_without_repeating_it(
    browser: Browser, phone: Phone, app: FastAPI, identity: Identity
) -> None:
    await stand_at(app, *AT_PASSWORD)
    url = await link(browser)
    answer = await phone.give(url, "new-password", "debole")
    assert answer.status_code == 422
    for reason in ("Usa almeno 8 caratteri.", "Aggiungi una lettera maiuscola.", "Aggiungi un numero."):
        assert reason in answer.text
    assert "debole" not in answer.text and identity.deposits == []
    assert (await phone.give(url, "new-password", PASSWORD)).status_code == 303
    assert len(await told(app)) == 2


@pytest.mark.parametrize(
    ("at", "field", "value", "said"),
    [
        (AT_CODE, "one-time-code", "12345", "sei cifre"),
        (AT_CODE, "one-time-code", "", "sei cifre"),
        (AT_TAX_CODE, "tax-code", "MRRSS45P37612P", "non risulta corretto"),
        (AT_TAX_CODE, "tax-code", "", "16 caratteri"),
        (AT_PASSWORD, "new-password", "", "almeno 8 caratteri"),
        (AT_PASSWORD, "new-password", "Aa1" * 400, "al massimo 128"),
        (AT_PASSWORD, "new-password", "Password1", "molto diffusa"),
    ],
)
async def test_what_can_not_be_used_is_explained(
    browser: Browser, phone: Phone, app: FastAPI, at: tuple[str, str], field: str, value: str, said: str
) -> None:
    await stand_at(app, *at)
    answer = await phone.give(await link(browser), field, value)
    assert answer.status_code == 422
    assert said in answer.text and (not value or value not in answer.text)


async def test_a_password_made_of_what_was_written_in_the_chat_is_explained(
    browser: Browser, phone: Phone, app: FastAPI, identity: Identity
) -> None:
    await stand_at(app, *AT_NAME)
    await browser.say("mi chiamo Ildegarda Brambilla")
    await app.state.services.runner.settle()
    await stand_at(app, *AT_PASSWORD)
    answer = await phone.give(await link(browser), "new-password", "Brambilla77!")
    assert answer.status_code == 422 and "parole che hai scritto in chat" in answer.text
    assert identity.deposits == []


async def test_without_identity_the_link_stays_good(
    browser: Browser, phone: Phone, app: FastAPI, identity: Identity
) -> None:
    await stand_at(app, *AT_PASSWORD)
    url = await link(browser)
    identity.down = True
    answer = await phone.give(url, "new-password", PASSWORD)
    assert answer.status_code == 503 and "resta valida" in answer.text
    assert PASSWORD not in answer.text and await told(app) == []
    identity.down = False
    assert (await phone.give(url, "new-password", PASSWORD)).status_code == 303


async def test_a_code_given_in_the_browser_that_chats_changes_its_session(browser: Browser, app: FastAPI) -> None:
    await stand_at(app, *AT_CODE)
    url, before = await link(browser), browser.http.cookies["ac_session"]
    page = await browser.http.get(url)
    headers = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
    await browser.http.post(url, data={"csrf": csrf_of(page), "one-time-code": CODE}, headers=headers)
    assert browser.http.cookies["ac_session"] != before
    assert (await browser.say("ciao")).status_code == 202


# --- what a link is good for ----------------------------------------------------------------------------------------


async def gone(phone: Phone, url: str) -> None:
    """Both ways to the page meet the one that tells nothing."""
    unknown = await phone.open(f"{ORIGIN}/riservato/{'x' * 43}")
    looked = await phone.open(url)
    sent = await phone.send(url, {"csrf": "x", "new-password": PASSWORD})
    for answer in (looked, sent):
        assert (answer.status_code, answer.text) == (404, unknown.text)
        assert "chiedi un nuovo link" in answer.text
        assert "set-cookie" not in answer.headers


async def test_a_used_link_is_over(browser: Browser, phone: Phone, app: FastAPI, identity: Identity) -> None:
    await stand_at(app, *AT_PASSWORD)
    url = await link(browser)
    page = await phone.open(url)
    assert (await phone.send(url, {"csrf": csrf_of(page), "new-password": PASSWORD})).status_code == 303
    again = await phone.send(url, {"csrf": csrf_of(page), "new-password": PASSWORD})
    assert again.status_code == 404 and len(identity.deposits) == 1
    await gone(phone, url)


async def test_an_old_link_is_over(start: Start, engine: Engine, identity: Identity) -> None:
    app = await start(one_time_link_seconds=600)
    browser, phone = Browser(app), Phone(app)
    await browser.open()
    await app.state.services.runner.settle()
    await stand_at(app, *AT_PASSWORD)
    url = await link(browser)
    await _age(app, timedelta(seconds=599))
    assert (await phone.open(url)).status_code == 200
    await _age(app, timedelta(seconds=2))
    await gone(phone, url)


async def _age(app: FastAPI, by: timedelta) -> None:
    def work(session: Any) -> None:
        for found in session.query(OneTimeLink):
            found.expires_at -= by

    await app.state.services.database.write(work)


async def test_a_new_link_replaces_the_one_before(browser: Browser, phone: Phone, app: FastAPI) -> None:
    await stand_at(app, *AT_PASSWORD)
    first, second = await link(browser), await link(browser)
    await gone(phone, first)
    assert (await phone.open(second)).status_code == 200


@pytest.mark.parametrize(
    "values",
    [
        {"step": "privacy_notice", "expects": "choice"},
        {"expects": "code"},
        {"owner": "human"},
        {"epoch": 1},
        {"step_epoch": 7},
        {"closed_at": now()},
    ],
    ids=lambda values: "+".join(values),
)
async def test_a_link_is_over_when_the_chat_does_not_wait_for_it_any_more(
    browser: Browser, phone: Phone, app: FastAPI, values: dict[str, Any]
) -> None:
    await stand_at(app, *AT_PASSWORD)
    url = await link(browser)
    await change(app, **values)
    await gone(phone, url)


async def test_a_link_is_over_when_the_customer_left_the_step_and_came_back(
    browser: Browser, phone: Phone, app: FastAPI, engine: Engine
) -> None:
    engine.expect("password", "secret:password")
    await browser.say("avanti")
    await app.state.services.runner.settle()
    url = await link(browser)
    engine.meaning = {"intent": "faq_password_rules", "confidence": 1.0}
    await browser.say("quanto deve essere lunga la password?")
    await app.state.services.runner.settle()
    assert (await phone.open(url)).status_code == 200, "a question answered on the way changes no step"
    engine.meaning = {"intent": "cancel", "confidence": 1.0}
    engine.expect("idle", "text")
    await browser.say("annulla")
    await app.state.services.runner.settle()
    engine.expect("password", "secret:password")
    await browser.say("voglio registrarmi")
    await app.state.services.runner.settle()
    await gone(phone, url)


async def test_a_link_of_one_conversation_gives_nothing_to_another(
    browser: Browser, app: FastAPI, engine: Engine, identity: Identity
) -> None:
    stranger = Browser(app, address="203.0.113.9")
    await stranger.open()
    await app.state.services.runner.settle()
    await stand_at(app, *AT_PASSWORD)
    mine, theirs = await link(browser), await link(stranger)
    phone = Phone(app)
    assert (await phone.open(mine)).status_code == (await phone.open(theirs)).status_code == 200
    page = await phone.open(theirs)
    crossed = await phone.send(mine, {"csrf": csrf_of(page), "new-password": PASSWORD})
    assert crossed.status_code == 403 and identity.deposits == []
    await phone.give(theirs, "new-password", PASSWORD)
    found = await app.state.services.database.read(lambda session: [*session.query(Conversation)])
    token = stranger.http.cookies["ac_session"]
    (owner,) = [one for one in found if one.token_hash == one_time.token_hash(token)]
    assert identity.deposits[0]["conversation_id"] == owner.id


@pytest.mark.parametrize("at", [AT_NAME, AT_NOTICE, ("idle", "text")])
async def test_where_no_secret_is_due_there_is_no_link(browser: Browser, app: FastAPI, at: tuple[str, str]) -> None:
    await stand_at(app, *at)
    answer = await browser.request("POST", "/api/secrets/link", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "no_secret_due")


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"X_CSRF_Token": "wrong"}, 403), ({"Origin": "https://evil.example"}, 403), ({"Origin": None}, 403)],
)
async def test_nobody_elses_page_can_ask_for_a_link(
    browser: Browser, app: FastAPI, headers: dict[str, str | None], status: int
) -> None:
    await stand_at(app, *AT_PASSWORD)
    assert (await browser.request("POST", "/api/secrets/link", {}, **headers)).status_code == status


async def test_a_channel_gets_a_link_for_the_step_that_a_conversation_stands_at(browser: Browser, app: FastAPI) -> None:
    served = app.state.services
    for at, purpose, *_ in CASES:
        await moved(app, *at)
        page = await served.ledger.read_after(await only_conversation(app), 0)
        made = await served.one_time.link_for(page.conversation)
        assert made is not None and made.url.startswith(f"{ORIGIN}/riservato/")
        assert timedelta(seconds=590) < made.expires_at - now() <= timedelta(seconds=600)
        due = await served.one_time.find(made.url.rsplit("/", 1)[1])
        assert due is not None and (due.conversation_id, due.purpose) == (page.conversation.id, purpose)
    await moved(app, *AT_NAME)
    assert await served.one_time.link_for(page.conversation) is None, "the object may be older than the row"


async def test_a_value_whose_request_died_halfway_can_be_sent_again(
    browser: Browser, phone: Phone, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stand_at(app, *AT_PASSWORD)
    url = await link(browser)
    died = update(OneTimeLink).values(claimed_until=now() + timedelta(seconds=30))
    await app.state.services.database.write(lambda session: session.execute(died))
    assert (await phone.give(url, "new-password", PASSWORD)).status_code == 404
    lapsed = update(OneTimeLink).values(claimed_until=now() - timedelta(seconds=1))
    await app.state.services.database.write(lambda session: session.execute(lapsed))
    assert (await phone.give(url, "new-password", PASSWORD)).status_code == 303


# --- who may send the form ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({}, True),
        ({"Origin": ORIGIN, "Sec_Fetch_Site": None}, True),
        ({"Origin": "null", "Sec_Fetch_Site": None}, True),  # a browser of before 2023
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": None}, False),
        ({"Origin": "null", "Sec_Fetch_Site": "cross-site"}, False),
        ({"Origin": "null", "Sec_Fetch_Site": "same-site"}, False),
        ({"Origin": "null", "Sec_Fetch_Site": "none"}, False),
    ],
)
async def test_only_our_own_page_may_send_the_form(
    browser: Browser, phone: Phone, app: FastAPI, identity: Identity, headers: dict[str, str | None], taken: bool
) -> None:
    await stand_at(app, *AT_PASSWORD)
    url = await link(browser)
    fields = {"csrf": csrf_of(await phone.open(url)), "new-password": PASSWORD}
    answer = await phone.send(url, fields, **headers)
    assert (answer.status_code == 303) is taken
    assert len(identity.deposits) == int(taken)
    if not taken:
        assert answer.status_code == 403 and "Inseriscilo ancora una volta" in answer.text
        assert (await phone.give(url, "new-password", PASSWORD)).status_code == 303, "the link is still good"


@pytest.mark.parametrize("missing", ["cookie", "csrf", "another_cookie"])
async def test_the_form_needs_its_cookie_and_its_token(
    browser: Browser, phone: Phone, app: FastAPI, identity: Identity, missing: str
) -> None:
    await stand_at(app, *AT_PASSWORD)
    url = await link(browser)
    fields = {"csrf": csrf_of(await phone.open(url)), "new-password": PASSWORD}
    if missing == "csrf":
        del fields["csrf"]
    else:
        phone.http.cookies.clear()
    if missing == "another_cookie":
        phone.http.cookies.set("ac_secret_page", "x" * 43)
    assert (await phone.send(url, fields)).status_code == 403
    assert identity.deposits == []


async def test_the_cookie_is_strict_short_lived_and_pinned_to_the_host(start: Start, engine: Engine) -> None:
    app = await start(public_url="https://areaclienti.example")
    browser = Browser(app, origin="https://areaclienti.example")
    await browser.open()
    await app.state.services.runner.settle()
    await stand_at(app, *AT_PASSWORD)
    page = await Phone(app, base_url="https://areaclienti.example").open(await link(browser))
    (cookie,) = page.headers.get_list("set-cookie")
    assert cookie.startswith("__Host-ac_secret_page=")
    for part in ("HttpOnly", "Secure", "Path=/", "SameSite=strict"):
        assert part.casefold() in cookie.casefold()
    assert "Domain" not in cookie and 590 < int(re.search(r"Max-Age=(\d+)", cookie)[1]) <= 600  # type: ignore[index]


# --- what others may see --------------------------------------------------------------------------------------------


async def test_every_answer_keeps_its_address_to_itself(browser: Browser, phone: Phone, app: FastAPI) -> None:
    await stand_at(app, *AT_PASSWORD)
    url = await link(browser)
    shown = await phone.open(url)
    for answer in (
        shown,
        await phone.send(url, {"csrf": "wrong", "new-password": PASSWORD}),
        await phone.give(url, "new-password", PASSWORD),
        await phone.open(url),
        await phone.open("/riservato/fatto"),
    ):
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "noindex" in answer.headers["x-robots-tag"]
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
    assert (await phone.open("/accedi")).headers["referrer-policy"] == "same-origin"


async def test_neither_token_nor_value_is_found_anywhere(
    browser: Browser, phone: Phone, app: FastAPI, engine: Engine, identity: Identity, url: str,
    folder: Path, logs: io.StringIO,
) -> None:  # fmt: skip
    await stand_at(app, *AT_PASSWORD)
    address = await link(browser)
    token = address.rsplit("/", 1)[1]
    assert (await rows(url, "select count(*) from one_time_links")) == [(1,)]
    await phone.give(address, "new-password", "debole")
    await phone.give(address, "new-password", PASSWORD)
    await app.state.services.runner.settle()
    identity.down = True
    await stand_at(app, *AT_PASSWORD)
    second = await link(browser)
    await phone.give(second, "new-password", PASSWORD)
    await phone.open(address)
    await app.state.services.runner.settle()
    assert "service" in logs.getvalue() or engine.turns
    for secret in (token, second.rsplit("/", 1)[1], PASSWORD):
        assert_nowhere(secret, folder, logs, engine)


async def test_a_fault_on_the_page_logs_the_route_and_not_the_address(
    browser: Browser, phone: Phone, app: FastAPI, logs: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stand_at(app, *AT_PASSWORD)
    url = await link(browser)

    async def broken(self: OneTimeLinks, token: str) -> None:
        raise RuntimeError(f"could not read {token}")

    monkeypatch.setattr(OneTimeLinks, "find", broken)
    assert (await phone.open(url)).status_code == 500
    assert "/riservato/{token}" in logs.getvalue()
    assert url.rsplit("/", 1)[1] not in logs.getvalue()


async def test_who_asks_too_fast_is_told_when_to_come_back(browser: Browser, phone: Phone, start: Start) -> None:
    app = await start(rate_limit_scale=1)
    stop_the_clock(app)
    hasty = Phone(app)
    answers = [await hasty.open(f"{ORIGIN}/riservato/{'y' * 43}") for _ in range(101)]
    assert [answer.status_code for answer in answers[:100]] == [404] * 100
    assert answers[100].status_code == 429 and int(answers[100].headers["retry-after"]) >= 1
    assert "Troppi tentativi" in answers[100].text


async def test_links_that_are_over_do_not_pile_up(browser: Browser, app: FastAPI, url: str) -> None:
    await stand_at(app, *AT_PASSWORD)
    await link(browser)
    await _age(app, timedelta(seconds=601))
    await moved(app, *AT_CODE)
    await link(browser)
    assert await rows(url, "select purpose from one_time_links") == [("verification_code",)]


def test_the_page_says_what_the_card_says_of_each_rule() -> None:
    card = (STATIC_DIR / "chat" / "it.js").read_text(encoding="utf-8")
    for rule in ("min_length", "uppercase", "lowercase", "digit", "too_long", "too_common", "too_personal"):
        assert re.search(rf"{rule}: '{re.escape(TEXTS.secret_faults[rule])}'", card), rule
