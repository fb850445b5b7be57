"""The gateway with a desk: what an engine's handover does, and what happens to messages while a person has them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI

from areaclienti.desk import agents
from tests.unit.gateway.browser import Browser
from tests.unit.gateway.conftest import Start
from tests.unit.gateway.database import only_conversation, rows
from tests.unit.gateway.doubles import Engine, Identity

OPEN: dict[str, Any] = {
    "desk": True,
    "desk_opens": "00:00",
    "desk_closes": "23:59:59",
    "desk_weekdays": [1, 2, 3, 4, 5, 6, 7],
    "desk_open_on_holidays": True,
}
HANDOVER = {"reason": "requested", "resume_step": "password", "resume_expects": "secret:password"}


@pytest.fixture
async def app(start: Start) -> FastAPI:
    return await start(**OPEN)


@pytest.fixture
async def agent(app: FastAPI) -> str:
    """An agent of the pool, whose desk is open."""
    made = agents.new_agent("Giulia Conti", "giulia.conti@example.it", ["agente"])
    await app.state.services.database.write(lambda session: session.add(made))
    await app.state.services.desk.operations.set_presence(made.id, "paused")
    return made.id


@pytest.fixture
async def human(app: FastAPI, browser: Browser, engine: Engine, agent: str) -> AsyncIterator[str]:
    """The handover of the browser's conversation, which the agent has."""
    await ask_for_person(browser, engine, app)
    desk = app.state.services.desk
    await desk.rounds.go()
    [card] = await desk.operations.waiting(agent)
    await desk.operations.claim(card.handover.id, agent)
    yield card.handover.id


async def ask_for_person(browser: Browser, engine: Engine, app: FastAPI) -> None:
    engine.expect("handover", "text")
    engine.handover = HANDOVER
    await browser.say("voglio parlare con una persona")
    await app.state.services.runner.settle()
    engine.handover = None


async def test_the_engine_s_handover_queues_the_conversation(
    browser: Browser, app: FastAPI, engine: Engine, url: str
) -> None:
    await ask_for_person(browser, engine, app)
    state = (await browser.open())["state"]
    assert (state["owner"], state["step"], state["expects"]) == ("queued", "handover", "text")
    assert await rows(url, "SELECT reason, resume_step, resume_expects, state FROM handovers") == [
        ("requested", "password", "secret:password", "queued")
    ]


async def test_without_a_desk_a_handover_changes_no_owner(start: Start, engine: Engine, url: str) -> None:
    plain = await start(**OPEN | {"desk": False})
    browser = Browser(plain)
    await browser.open()
    await ask_for_person(browser, engine, plain)
    assert (await browser.open())["state"]["owner"] == "bot"
    assert await rows(url, "SELECT count(*) FROM handovers") == [(0,)]
    await browser.close()


async def test_what_is_written_to_a_person_goes_to_the_ledger_alone(
    browser: Browser, app: FastAPI, engine: Engine, human: str
) -> None:
    asked = engine.requests
    for text in ("buongiorno", "/restart", "/stop", "il mio nome è Mario"):
        assert (await browser.say(text)).status_code == 202
    await app.state.services.runner.settle()
    assert (engine.requests, engine.classified) == (asked, [])


@pytest.mark.parametrize(
    "secret",
    [
        "482913",
        "ecco, 482 913",
        "mi è arrivato 482913 ma non va",
        "RSSMRA80A01H501U",
        "sono rss mra 80a01 h501u",
        "la password è Tramonto9Giallo",
        "ho provato con Tramonto9Giallo e non funziona",
        "ho scritto (Tramonto9Giallo), niente",
        "la password della ditta Edilizia è Tramonto9Giallo",
        "00743110157",
    ],
)
async def test_a_secret_that_is_written_to_a_person_is_hidden(
    browser: Browser, app: FastAPI, engine: Engine, identity: Identity, human: str, agent: str, secret: str, url: str
) -> None:
    assert (await browser.say(secret)).status_code == 202
    found = await app.state.services.desk.operations.transcript(human, agent)
    assert secret not in " ".join(message.text for message in found.messages)
    last = found.messages[-1]
    assert (last.author, last.kind) == ("system", "notice") and "chi ti risponde non lo vede" in last.text
    assert (identity.deposits, engine.classified) == ([], [])


@pytest.mark.parametrize(
    "text",
    [
        "la mia polizza è 482913",
        "contratto n. 482 913 del 2019",
        "la ditta è Edilizia2000",
        "Edilizia2000 S.r.l.",
        "abito in via Garibaldi,12 a Milano,20121",
        "chiamatemi al 333 481 2905",
        "la mail è Mario.Rossi75@posta.example",
        "sono nato il 12/08/1980",
    ],
)
async def test_what_is_no_secret_reaches_the_person(
    browser: Browser, app: FastAPI, human: str, agent: str, text: str
) -> None:
    assert (await browser.say(text)).status_code == 202
    found = await app.state.services.desk.operations.transcript(human, agent)
    assert (found.messages[-1].author, found.messages[-1].text) == ("customer", text)


async def test_no_field_takes_a_secret_while_a_person_has_it(browser: Browser, identity: Identity, human: str) -> None:
    answer = await browser.give("password", "Tramonto-Verde7")
    assert (answer.status_code, answer.json()["code"]) == (409, "no_secret_due")
    assert identity.deposits == []


async def test_the_customer_sees_who_answers_and_what(
    browser: Browser, app: FastAPI, engine: Engine, human: str, agent: str
) -> None:
    desk = app.state.services.desk.operations
    async with browser.events() as stream:
        epoch = (await desk.transcript(human, agent)).card.epoch
        await desk.reply(human, agent, "agent-message-1", "Buongiorno, eccomi.", epoch)
        while (message := await stream.bot_message())["author"] != "agent":
            pass
    assert (message["text"], message["kind"]) == ("Buongiorno, eccomi.", "text")


async def test_handed_back_the_engine_is_asked_with_codes_alone(
    browser: Browser, app: FastAPI, engine: Engine, human: str, agent: str
) -> None:
    await browser.say("la mia polizza è la 4711")
    engine.expect("password", "secret:password")
    await app.state.services.desk.operations.hand_back(human, agent, "password", ["contact"])
    await app.state.services.runner.settle()
    last = engine.turns[-1]
    assert (last.intent, last.entities) == ("hand_back", {"step": "password", "settled": ["contact"], "missing": []})
    assert "4711" not in str([turn.model_dump() for turn in engine.turns])
    state = (await browser.open())["state"]
    assert (state["owner"], state["step"], state["expects"]) == ("bot", "password", "secret:password")


async def test_an_answer_that_was_on_its_way_when_somebody_claimed_is_dropped(
    browser: Browser, app: FastAPI, engine: Engine, agent: str
) -> None:
    await ask_for_person(browser, engine, app)
    served = app.state.services
    [line] = [
        message
        for message in (await served.ledger.read_after(await only_conversation(app), 0)).messages
        if message.author == "system"
    ]
    engine.gate = asyncio.Event()
    await browser.choose(line.choices[0]["id"])  # back to the assistant, whose answer takes its time
    await browser.say("ci sei?")
    engine.handover, engine.gate, gate = HANDOVER, None, engine.gate
    gate.set()
    await served.runner.settle()
    await served.desk.rounds.go()
    [card] = await served.desk.operations.waiting(agent)
    await served.desk.operations.claim(card.handover.id, agent)
    messages = (await served.ledger.read_after(await only_conversation(app), 0)).messages
    assert "ci sei?" not in [turn.text for turn in engine.turns], "its turn was dropped when the first one stopped"
    assert messages[-1].text == "Ora ti risponde Giulia Conti."


async def test_when_the_engine_is_down_a_person_is_offered(
    browser: Browser, app: FastAPI, engine: Engine, url: str
) -> None:
    engine.failures = ["turn_failed", "turn_failed"]
    async with browser.events(1) as stream:
        await browser.say("ciao")
        choices = {choice["title"]: choice["id"] for choice in (await stream.bot_message())["choices"]}
    assert list(choices) == ["Riprova", "Parla con una persona"]
    await browser.choose(choices["Parla con una persona"])
    assert await rows(url, "SELECT reason, resume_step FROM handovers") == [("back_end_down", "customer_type")]


async def test_the_customer_s_page_is_told_who_answers(
    browser: Browser, app: FastAPI, engine: Engine, human: str, agent: str
) -> None:
    assert (await browser.open())["state"]["agent"] == "Giulia Conti"
    async with browser.events() as stream:
        assert (await stream.next("state")).data["agent"] == "Giulia Conti"
        await app.state.services.desk.operations.hand_back(human, agent, "contact")
        while (state := (await stream.next("state")).data)["owner"] != "bot":
            pass
    assert state["agent"] is None
