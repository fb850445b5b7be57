"""Secrets go to the vault and nowhere else, wherever the customer writes them."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from areaclienti import logging as service_logging
from areaclienti.gateway.texts import load_texts
from tests.unit.gateway.browser import Browser
from tests.unit.gateway.database import change, only_conversation
from tests.unit.gateway.doubles import Engine, Identity

PASSWORD = "Tramonto-Verde7"
CODE = "482913"
TAX_CODE = "RSSMRA80A01H501U"
VAT_NUMBER = "00488410010"
TEXTS = load_texts()


async def stand_at(app: FastAPI, step: str, expects: str) -> None:
    """Put the conversation at a step."""
    await change(app, step=step, expects=expects)


async def told(app: FastAPI) -> list[tuple[str, str, str]]:
    """What stands in the ledger after the greeting: author, kind, text."""
    await app.state.services.runner.settle()
    found = await app.state.services.ledger.read_after(await only_conversation(app), 1)
    return [(message.author, message.kind, message.text) for message in found.messages]


@pytest.fixture
def logs() -> Iterator[io.StringIO]:
    """Everything that the process would log, at the most talkative level."""
    import logging

    root = logging.getLogger()
    talkative = [
        logging.getLogger(name) for name in ("sse_starlette", "aiosqlite", "httpx", "httpcore", "sqlalchemy.engine")
    ]
    handlers, levels = root.handlers[:], {logger: logger.level for logger in (root, *talkative)}
    written = io.StringIO()
    service_logging.configure("gateway", "DEBUG", written)
    for logger in talkative:
        logger.setLevel(logging.DEBUG)
    yield written
    root.handlers[:] = handlers
    for logger, level in levels.items():  # a line for each statement would make all later tests of this process slow
        logger.setLevel(level)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the SQLite database, its WAL and its shared memory are; empty on a server."""
    return tmp_path


def assert_nowhere(secret: str, folder: Path, logs: io.StringIO, engine: Engine) -> None:
    assert_unwritten(secret, folder, logs)
    assert not any(secret in turn.model_dump_json() for turn in engine.turns)
    assert not any(secret in text for text in engine.classified)


def assert_unwritten(secret: str, folder: Path, logs: io.StringIO) -> None:
    for file in folder.iterdir():  # the database, its WAL, its shared memory
        assert secret.encode() not in file.read_bytes(), file.name
    assert secret not in logs.getvalue()


@pytest.mark.parametrize(
    ("purpose", "value", "note"),
    [
        ("password", PASSWORD, "Password inserita in modo sicuro"),
        ("verification_code", CODE, "Codice di verifica inserito"),
        ("tax_code", TAX_CODE, "Codice fiscale o partita IVA inserito in modo sicuro"),
    ],
)
async def test_a_secret_goes_to_the_vault_and_its_reference_to_the_engine(
    browser: Browser, app: FastAPI, engine: Engine, identity: Identity, purpose: str, value: str, note: str
) -> None:
    answer = await browser.give(purpose, value)
    assert (answer.status_code, answer.json()) == (202, {"seq": 2})
    assert (await told(app))[0] == ("customer", "secret", note)
    assert [(deposit["purpose"], deposit["value"]) for deposit in identity.deposits] == [(purpose, value)]
    assert (engine.turns[-1].intent, engine.turns[-1].entities) == ("give_secret", {purpose: "vlt_1"})
    assert identity.deposits[0]["conversation_id"] == engine.turns[-1].conversation_id


async def test_a_rejected_secret_leaves_no_trace_and_names_the_rules(
    browser: Browser, app: FastAPI, engine: Engine
) -> None:
    answer = await browser.give("password", "corta")
    assert answer.status_code == 422
    assert answer.json()["code"] == "secret_rejected"
    assert answer.json()["failed_rules"] == ["min_length", "uppercase", "digit"]
    assert "corta" not in answer.text
    assert await told(app) == []
    assert len(engine.turns) == 1


@pytest.mark.parametrize(
    "password",
    [
        "Mariorossi1980",
        "Rossi.Mario80",
        "M4rior0ssi!",
        "Mario2026!",
        "Officineferrara7",
        "Mario.Bianchi99",
        "Ab3331234567",
    ],
)
async def test_a_password_made_of_what_the_customer_wrote_of_himself_is_refused(
    browser: Browser, app: FastAPI, engine: Engine, identity: Identity, password: str
) -> None:
    await stand_at(app, *AT_NAME)
    for text in (
        "mi chiamo Mario Rossi",
        "la ditta è Officine Ferrara srl",
        "mario.bianchi80@posta.example o 333 123 4567",
    ):
        await browser.say(text)
        await app.state.services.runner.settle()
    await stand_at(app, *AT_PASSWORD)
    turns = len(engine.turns)
    answer = await browser.give("password", password)
    assert answer.status_code == 422 and "too_personal" in answer.json()["failed_rules"]
    assert identity.deposits == [] and len(engine.turns) == turns
    assert (await browser.give("password", PASSWORD)).status_code == 202


async def test_a_password_is_held_against_the_words_of_its_own_conversation_alone(
    browser: Browser, app: FastAPI, identity: Identity
) -> None:
    await stand_at(app, *AT_NAME)
    await browser.say("Ildegarda Brambilla")
    other = Browser(app, address="203.0.113.9")
    await other.open()
    await app.state.services.runner.settle()
    await change(app, step="password", expects="secret:password")
    assert (await other.give("password", "Brambilla77!")).status_code == 202
    assert (await browser.give("password", "Brambilla77!")).status_code == 422


async def test_without_identity_a_secret_is_refused_and_nothing_is_noted(
    browser: Browser, app: FastAPI, identity: Identity
) -> None:
    identity.down = True
    answer = await browser.give("password", PASSWORD)
    assert (answer.status_code, answer.json()["code"]) == (503, "identity_unavailable")
    assert await told(app) == []
    identity.down = False
    assert (await browser.give("password", PASSWORD)).status_code == 202


AT_PASSWORD, AT_CODE, AT_TAX_CODE = (
    ("password", "secret:password"),
    ("verification_code", "code"),
    ("tax_code", "secret:tax_code"),
)
AT_NAME, AT_CONTACT, AT_NOTICE = ("name", "text"), ("contact", "email_or_mobile"), ("privacy_notice", "choice")
IDLE, AT_COMPANY = ("idle", "text"), ("company_name", "text")


@pytest.mark.parametrize(
    ("at", "text", "secret", "purpose"),
    [
        (AT_CODE, "482913", CODE, "verification_code"),
        (AT_CODE, " 482 913 ", CODE, "verification_code"),
        (AT_CODE, "il codice è 482-913", CODE, "verification_code"),
        (AT_TAX_CODE, TAX_CODE, TAX_CODE, "tax_code"),
        (AT_TAX_CODE, TAX_CODE.lower(), TAX_CODE, "tax_code"),
        (AT_TAX_CODE, "RSS MRA 80A01 H501U", TAX_CODE, "tax_code"),
        (AT_TAX_CODE, f"il mio codice fiscale è {TAX_CODE}, grazie", TAX_CODE, "tax_code"),
        (AT_TAX_CODE, f"IT{VAT_NUMBER}", VAT_NUMBER, "tax_code"),
        (AT_TAX_CODE, f"partita iva {VAT_NUMBER}", VAT_NUMBER, "tax_code"),
        (AT_CODE, "il codice è 123 456", "123456", "verification_code"),
        (AT_CODE, "è 482913 e il mio numero è 333 1234567", CODE, "verification_code"),
        (AT_CODE, "482913, la mail è mario80@posta.example", CODE, "verification_code"),
        (AT_CODE, f"codice 482913 e cf {TAX_CODE}", CODE, "verification_code"),
        (AT_CODE, "quattro otto due nove uno tre", CODE, "verification_code"),
        (AT_CODE, "«482913»", CODE, "verification_code"),
        (AT_CODE, "４８２９１３", CODE, "verification_code"),
        (AT_CODE, "/482913", CODE, "verification_code"),
        (AT_TAX_CODE, "r s s m r a 8 0 a 0 1 h 5 0 1 u", TAX_CODE, "tax_code"),
        (AT_TAX_CODE, "rss mra 80 a 01 h501 u", TAX_CODE, "tax_code"),
        (AT_TAX_CODE, "RSSMRA80A01H50MM", "RSSMRA80A01H50MM", "tax_code"),  # an omocode
        (AT_TAX_CODE, f"P.IVA IT {VAT_NUMBER[:5]} {VAT_NUMBER[5:]}", VAT_NUMBER, "tax_code"),
        (AT_TAX_CODE, f"sono Mario Rossi, {TAX_CODE}, mario80@posta.example", TAX_CODE, "tax_code"),
        (AT_TAX_CODE, f'/give_secret{{"tax_code": "{TAX_CODE}"}}', TAX_CODE, "tax_code"),
    ],
)
async def test_a_secret_that_is_due_may_be_typed_as_a_message(
    browser: Browser, app: FastAPI, engine: Engine, identity: Identity,
    at: tuple[str, str], text: str, secret: str, purpose: str,
) -> None:  # fmt: skip
    await stand_at(app, *at)
    assert (await browser.say(text)).status_code == 202
    note, _answer = await told(app)
    assert note == ("customer", "secret", TEXTS.secret_notes[purpose])  # type: ignore[index]
    assert [(deposit["purpose"], deposit["value"]) for deposit in identity.deposits] == [(purpose, secret)]
    assert engine.turns[-1].entities == {purpose: "vlt_1"}


@pytest.mark.parametrize(
    ("at", "text", "notice"),
    [
        (AT_PASSWORD, PASSWORD, "password_in_chat"),
        (AT_PASSWORD, "la password è Tramonto-Verde7", "password_in_chat"),
        (AT_PASSWORD, "cane gatto topo", "password_in_chat"),
        (AT_PASSWORD, "corta", "password_in_chat"),
        (AT_PASSWORD, "Girasole-9cf82be4-X9", "password_in_chat"),  # with a word for tax codes in it
        (AT_PASSWORD, "482913", "password_in_chat"),
        (AT_NAME, "482913", "code_not_now"),
        (AT_CONTACT, "4 8 2 9 1 3", "code_not_now"),
        (IDLE, "il codice è 482913", "code_not_now"),
        (AT_CODE, "48291", "code_malformed"),
        (AT_CODE, "4829134", "code_malformed"),
        (AT_CODE, TAX_CODE, "tax_code_not_now"),
        (AT_NAME, TAX_CODE, "tax_code_not_now"),
        (AT_CONTACT, f"sono Mario, codice fiscale {TAX_CODE}", "tax_code_not_now"),
        (IDLE, VAT_NUMBER, "tax_code_not_now"),
        (AT_PASSWORD, TAX_CODE, "tax_code_not_now"),
        (AT_TAX_CODE, "MRRSS45P37612P", "tax_code_malformed"),  # manual 2c, its own example
        (AT_TAX_CODE, "RSSMRA80A01H501X", "tax_code_malformed"),
        (AT_TAX_CODE, "12345678901", "tax_code_malformed"),
        (AT_CODE, "4829l3", "code_malformed"),
        (AT_CODE, "il codice è 48291", "code_malformed"),
        (AT_CODE, "482913 o 482914", "code_malformed"),
        (AT_NAME, "il codice è 482913 e mi chiamo Mario", "code_not_now"),
        (AT_CONTACT, "codice 482913, cellulare 333 1234567", "code_not_now"),
        (AT_CONTACT, "codice 482913 333 1234567", "code_not_now"),
        (AT_NAME, "il codice è quattro otto due nove uno tre", "code_not_now"),
        (IDLE, "/restart 482 913 codice", "code_not_now"),
        (AT_TAX_CODE, "RSSMRA8OAO1H5O1U", "tax_code_malformed"),
        (AT_TAX_CODE, "il mio è RSSMRA80A01H50", "tax_code_malformed"),
        (AT_TAX_CODE, "la partita iva è 1234567890", "tax_code_malformed"),
        (AT_NAME, "RSSMRA8OAO1H5O1U", "tax_code_not_now"),
        (AT_NAME, TAX_CODE.lower(), "tax_code_not_now"),
        (AT_CONTACT, "rss mra 80a01 h501u", "tax_code_not_now"),
        (AT_CONTACT, "R S S M R A 8 0 A 0 1 H 5 0 1 U", "tax_code_not_now"),
        (AT_NAME, "Mario Rossi RSSMRA80A01H50MM", "tax_code_not_now"),
        (AT_COMPANY, f"Officine Ferrara srl p.iva IT{VAT_NUMBER}", "tax_code_not_now"),
        (IDLE, "cf RSSMRA80A01H50", "tax_code_not_now"),
        (AT_COMPANY, "la partita iva è 12345678901", "tax_code_not_now"),
        (IDLE, f'/give_tax_code{{"tax_code": "{TAX_CODE}"}}', "tax_code_not_now"),
        (AT_NAME, "Mario Rossi Password1!", "password_not_now"),
        (AT_NAME, "Mario Rossi Tramonto9Giallo", "password_not_now"),
        (AT_NAME, PASSWORD, "password_not_now"),
        (AT_COMPANY, "Ferrara#Blu2026", "password_not_now"),
        (AT_CONTACT, "Tramonto9Giallo", "password_not_now"),
        (AT_CONTACT, "mario@posta.example Tramonto9Giallo!Blu", "password_not_now"),
        (IDLE, PASSWORD, "password_not_now"),
        (IDLE, "ecco Tramonto$Verde7 grazie", "password_not_now"),
        (IDLE, f'/give_secret{{"password": "{PASSWORD}"}}', "password_not_now"),
        (AT_NOTICE, PASSWORD, "password_not_now"),
        (AT_NAME, "Mario Rossi, password: Tramonto-Verde7", "password_not_now"),
        (IDLE, "la mia password Tramonto-Verde7 non funziona", "password_not_now"),
    ],
)
async def test_a_secret_that_is_not_due_goes_nowhere_and_the_customer_is_told(
    browser: Browser, app: FastAPI, engine: Engine, identity: Identity, folder: Path, logs: io.StringIO,
    at: tuple[str, str], text: str, notice: str,
) -> None:  # fmt: skip
    await stand_at(app, *at)
    assert (await browser.say(text)).status_code == 202
    assert await told(app) == [
        ("customer", "secret", TEXTS.secret_notes["redacted"]),
        ("bot", "notice", TEXTS.notices[notice]),  # type: ignore[index]
    ]
    assert len(engine.turns) == 1 and identity.deposits == []
    assert_unwritten(text, folder, logs)


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (AT_NAME, "Mario Rossi"),
        (AT_CONTACT, "333 1234567"),
        (AT_CONTACT, "+39 333 123 4567"),
        (AT_CONTACT, "mario.rossi80@gmail.com"),
        (AT_CONTACT, "Mario1980@Example.com"),
        (AT_CONTACT, f"{TAX_CODE.lower()}@pec.it"),
        (AT_COMPANY, "Edilizia2000 S.r.l."),
        (AT_CODE, "non ho ricevuto niente, aspetto da 10 minuti"),
        (AT_TAX_CODE, "non ce l'ho sottomano"),
        (IDLE, "ho 2 polizze dal 2019, come mi registro?"),
        (IDLE, "quanto deve essere lunga la password?"),
        (AT_NAME, "D'Angelo-Rossi Maria 2"),
        (AT_CONTACT, "Mario1980@posta"),
        (AT_CONTACT, "MarioRossi80 chiocciola posta punto it"),
        (AT_CONTACT, "393331234567"),
        (AT_CONTACT, "335 123456, mandate pure un sms"),  # an old number, of nine digits
        (AT_COMPANY, "Edilizia2000"),
        (AT_COMPANY, "3M Italia S.r.l."),
        (IDLE, "con Windows10 non si apre"),
        (IDLE, "la polizza 30-0012345 è del 2019"),
        (IDLE, "non mi arriva il codice da 10 minuti"),
        (AT_CODE, "ho aspettato 15 minuti e niente"),
        (AT_CODE, "il mio numero è 333 1234567"),
        (AT_TAX_CODE, "non è giusto il mio nome"),
        (AT_NAME, "Responsabilmente Attenzione"),
    ],
)
async def test_what_is_no_secret_reaches_the_engine(
    browser: Browser, app: FastAPI, engine: Engine, at: tuple[str, str], text: str
) -> None:
    await stand_at(app, *at)
    await browser.say(text)
    assert (await told(app))[0] == ("customer", "text", text)
    assert engine.turns[-1].text == text


@pytest.mark.parametrize(
    ("intent", "confidence", "passes"),
    [
        ("faq_password_rules", 0.95, True),
        ("cancel", 0.8, True),
        ("request_person", 0.4, True),
        ("faq_password_rules", 0.39, False),
        ("give_name", 0.99, False),
        ("nlu_fallback", 0.9, False),
        ("cancel_everything", 0.9, False),
    ],
)
async def test_at_the_password_only_a_sure_question_or_wish_passes(
    browser: Browser, app: FastAPI, engine: Engine, intent: str, confidence: float, passes: bool
) -> None:
    await stand_at(app, *AT_PASSWORD)
    engine.meaning = {"intent": intent, "confidence": confidence}
    await browser.say("quanti caratteri servono?")
    first = (await told(app))[0]
    assert (first[1] == "text") is passes
    assert (engine.turns[-1].text == "quanti caratteri servono?") is passes


@pytest.mark.parametrize(
    ("text", "intent", "notice"),
    [
        ("la mia password è girasole", "faq_password_in_chat", "question_hidden"),
        ("ricomincia88", "start_over", "question_hidden"),
        ("girasole?", "faq_costs", "question_hidden"),
        ("tramonto verde", "nlu_fallback", "password_in_chat"),
        ("Tramonto-Verde7 va bene?", "faq_password_rules", "password_in_chat"),
    ],
)
async def test_who_may_have_asked_something_is_told_to_ask_in_other_words(
    browser: Browser, app: FastAPI, engine: Engine, text: str, intent: str, notice: str
) -> None:
    await stand_at(app, *AT_PASSWORD)
    engine.meaning = {"intent": intent, "confidence": 0.99}
    await browser.say(text)
    assert await told(app) == [
        ("customer", "secret", TEXTS.secret_notes["redacted"]),
        ("bot", "notice", TEXTS.notices[notice]),  # type: ignore[index]
    ]


async def test_where_a_message_can_not_be_taken_back_the_customer_is_told_to_delete_it(
    browser: Browser, app: FastAPI
) -> None:
    await change(app, channel="whatsapp", step="password", expects="secret:password")
    await browser.say(PASSWORD)
    assert (await told(app))[1] == ("bot", "notice", TEXTS.notices_without_forms["password_in_chat"])
    assert "Elimina" in TEXTS.notices_without_forms["password_in_chat"]


async def test_the_step_counts_that_the_conversation_stands_at_when_the_message_is_read(
    browser: Browser, app: FastAPI, engine: Engine
) -> None:
    """Two messages at once: the second waits for the lock with an older view of the conversation."""
    await stand_at(app, *AT_CONTACT)
    served = app.state.services
    async with served.locks.of(await only_conversation(app)):
        sending = asyncio.create_task(browser.say("girasole blu"))
        await asyncio.sleep(0.3)
        await stand_at(app, *AT_PASSWORD)
    await sending
    assert (await told(app))[0][1] == "secret"


@pytest.mark.parametrize("first", ["Mario Rossi", PASSWORD])
@pytest.mark.parametrize("second", [PASSWORD, CODE, TAX_CODE, "Mario Verdi"])
async def test_another_text_under_an_id_that_is_known_goes_nowhere(
    browser: Browser, app: FastAPI, engine: Engine, identity: Identity, folder: Path, logs: io.StringIO,
    first: str, second: str,
) -> None:  # fmt: skip
    await stand_at(app, *AT_NAME)
    seq = (await browser.say(first, "client-id-1")).json()
    before = await told(app)
    for at in (AT_PASSWORD, AT_CODE, AT_TAX_CODE, AT_NOTICE):
        await stand_at(app, *at)
        assert (await browser.say(second, "client-id-1")).json() == seq
    assert await told(app) == before and identity.deposits == []
    if second != first:
        assert_unwritten(second, folder, logs)


async def test_what_would_make_a_password_is_not_even_classified(
    browser: Browser, app: FastAPI, engine: Engine
) -> None:
    await stand_at(app, *AT_PASSWORD)
    engine.meaning = {"intent": "faq_password_rules", "confidence": 1.0}
    await browser.say(f"va bene {PASSWORD}?")
    assert engine.classified == []


async def test_without_the_engine_a_text_at_the_password_is_hidden(
    browser: Browser, app: FastAPI, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stand_at(app, *AT_PASSWORD)
    engine.meaning = {"intent": None, "confidence": 1.0}  # type: ignore[dict-item]
    await browser.say("Password")
    assert (await told(app))[0][1] == "secret"


async def test_a_hidden_message_changes_neither_step_nor_choices(
    browser: Browser, app: FastAPI, engine: Engine
) -> None:
    engine.expect("privacy_notice", "choice", [{"title": "Ho letto", "intent": "affirm", "entities": {}}])
    async with browser.events(1) as stream:
        await browser.say("ciao")
        choice = (await stream.bot_message())["choices"][0]["id"]
        await stream.next("state")
        await browser.say(PASSWORD)
        assert (await stream.bot_message())["kind"] == "notice"
        assert (await stream.next("state")).data["step"] == "privacy_notice"
    assert (await browser.choose(choice)).status_code == 202


async def test_a_hidden_message_sent_again_is_told_once(browser: Browser, app: FastAPI) -> None:
    await stand_at(app, *AT_PASSWORD)
    answers = [await browser.say(PASSWORD, "client-id-1") for _ in range(3)]
    assert [answer.json() for answer in answers] == [{"seq": 2}] * 3
    assert len(await told(app)) == 2


async def test_no_secret_is_found_in_any_file_or_log(
    browser: Browser, app: FastAPI, engine: Engine, identity: Identity, folder: Path, logs: io.StringIO
) -> None:
    secrets: dict[str, Any] = {"password": PASSWORD, "verification_code": CODE, "tax_code": TAX_CODE}
    for purpose, value in secrets.items():
        await browser.give(purpose, value)
        await browser.give(purpose, value[:-1])
    for at in (AT_PASSWORD, AT_CODE, AT_TAX_CODE, AT_NOTICE):
        for value in secrets.values():
            await stand_at(app, *at)
            await browser.say(value)
            await app.state.services.runner.settle()
    identity.down = True
    for purpose, value in secrets.items():
        await browser.give(purpose, value)
    await browser.request("POST", "/api/secrets", {"client_id": "client-id-1", "purpose": "x", "value": PASSWORD})
    await browser.request("POST", "/api/sign-in", {"username": "mario", "password": PASSWORD})
    assert "service" in logs.getvalue(), "the log was listened to"
    for value in secrets.values():
        assert_nowhere(value, folder, logs, engine)


async def test_the_scan_would_find_a_secret_that_is_stored(
    browser: Browser, app: FastAPI, engine: Engine, folder: Path, logs: io.StringIO
) -> None:
    await stand_at(app, *AT_NAME)
    await browser.say("Segretario Verdi")
    await app.state.services.runner.settle()
    with pytest.raises(AssertionError):
        assert_nowhere("Segretario Verdi", folder, logs, engine)
