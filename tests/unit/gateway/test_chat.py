"""The chat as a browser sees it: opening, messages, choices, failures."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from fastapi import FastAPI

from areaclienti.gateway.db.models import Conversation
from tests.unit.gateway.browser import Browser, until
from tests.unit.gateway.database import change
from tests.unit.gateway.doubles import Engine

CHOICES = [
    {"title": "Persona", "intent": "give_customer_type", "entities": {"customer_type": "persona"}},
    {"title": "Azienda", "intent": "give_customer_type", "entities": {"customer_type": "azienda"}},
]


async def settle(app: FastAPI) -> None:
    await app.state.services.runner.settle()


async def test_the_assistant_speaks_first(app: FastAPI, engine: Engine) -> None:
    engine.expect("customer_type", "choice", CHOICES)
    browser = Browser(app)
    opened = await browser.open()
    assert opened["state"] == {"step": "idle", "expects": "text", "progress": None, "owner": "bot", "agent": None}
    async with browser.events() as stream:
        greeting = await stream.bot_message()
        state = await stream.next("state")
    assert [turn.intent for turn in engine.turns] == ["open_chat"]
    assert greeting["seq"] == 1
    assert greeting["kind"] == "choice"
    assert [choice["title"] for choice in greeting["choices"]] == ["Persona", "Azienda"]
    assert state.data["progress"] == {"current": 1, "total": 5, "label": "Chi sei"}


async def test_what_a_choice_means_never_reaches_the_browser(app: FastAPI, engine: Engine) -> None:
    engine.expect("customer_type", "choice", CHOICES)
    browser = Browser(app)
    await browser.open()
    async with browser.events() as stream:
        greeting = await stream.bot_message()
    assert all(set(choice) == {"id", "title"} for choice in greeting["choices"])
    assert b"give_customer_type" not in stream.body


async def test_a_message_is_answered_and_both_stand_in_the_ledger(browser: Browser, engine: Engine) -> None:
    engine.expect("name", "text")
    async with browser.events(1) as stream:
        await stream.next("state")
        sent = await browser.say("sono Mario Rossi", "client-id-1")
        assert (sent.status_code, sent.json()) == (202, {"seq": 2})
        mine, answer = await stream.messages(2)
        state = await stream.next("state")
    assert mine | {"at": ""} == {
        "seq": 2, "author": "customer", "kind": "text", "text": "sono Mario Rossi", "choices": [], "card": None,
        "client_id": "client-id-1", "at": "",
    }  # fmt: skip
    assert answer["author"] == "bot" and answer["text"] == "[2] sono Mario Rossi"
    assert state.data["step"] == "name"


async def test_typing_shows_while_a_turn_runs(browser: Browser, engine: Engine) -> None:
    engine.gate = asyncio.Event()
    async with browser.events(1) as stream:
        await stream.next("state")
        await browser.say("ciao")
        assert (await stream.next("typing")).data == {"on": True}
        engine.gate.set()
        await stream.bot_message()
        assert (await stream.next("typing")).data == {"on": False}


async def test_a_text_that_begins_with_a_slash_stays_text(browser: Browser, app: FastAPI, engine: Engine) -> None:
    await browser.say('/restart{"a": "b"}')
    await settle(app)
    assert engine.turns[-1].text == '/restart{"a": "b"}' and engine.turns[-1].intent is None


async def test_html_and_emoji_come_back_as_they_were_written(browser: Browser) -> None:
    written = "<script>alert('x')</script> & <b>ciao</b> 👩‍👩‍👧 è perché\nseconda riga"
    async with browser.events(1) as stream:
        assert (await browser.say(written)).status_code == 202
        assert (await stream.next("message")).data["text"] == written


async def test_control_characters_and_direction_overrides_are_dropped(browser: Browser) -> None:
    async with browser.events(1) as stream:
        await browser.say("  Ma\x00rio\u202e Ro\x1bssi\r\n")
        assert (await stream.next("message")).data["text"] == "Mario Rossi"


async def test_a_chosen_choice_stands_as_the_customers_message(browser: Browser, app: FastAPI, engine: Engine) -> None:
    engine.expect("customer_type", "choice", CHOICES)
    async with browser.events(1) as stream:
        await browser.say("vorrei registrarmi")
        offered = await stream.bot_message()
        assert (await browser.choose(offered["choices"][1]["id"])).status_code == 202
        chosen = (await stream.next("message")).data
    await settle(app)
    assert (chosen["author"], chosen["kind"], chosen["text"]) == ("customer", "choice", "Azienda")
    assert engine.turns[-1].intent == "give_customer_type"
    assert engine.turns[-1].entities == {"customer_type": "azienda"}


async def test_only_choices_of_the_newest_bot_turn_are_alive(browser: Browser, app: FastAPI, engine: Engine) -> None:
    engine.expect("customer_type", "choice", CHOICES)
    async with browser.events(1) as stream:
        await browser.say("uno")
        old = (await stream.bot_message())["choices"]
        await browser.say("due")
        new = (await stream.bot_message())["choices"]
    expired = await browser.choose(old[0]["id"])
    assert (expired.status_code, expired.json()["code"]) == (409, "choice_expired")
    assert (await browser.choose(new[0]["id"])).status_code == 202
    assert (await browser.choose(new[1]["id"])).status_code == 409, "one choice a turn"
    await settle(app)
    assert [turn.intent for turn in engine.turns].count("give_customer_type") == 1


async def test_choices_of_another_conversation_are_unknown(browser: Browser, app: FastAPI, engine: Engine) -> None:
    engine.expect("customer_type", "choice", CHOICES)
    async with browser.events(1) as stream:
        await browser.say("uno")
        choice = (await stream.bot_message())["choices"][0]["id"]
    stranger = Browser(app)
    await stranger.open()
    assert (await stranger.choose(choice)).status_code == 409


async def test_the_same_client_id_sends_once(browser: Browser, app: FastAPI, engine: Engine) -> None:
    answers = [await browser.say("ciao", "client-id-1") for _ in range(3)]
    await settle(app)
    assert [answer.json() for answer in answers] == [{"seq": 2}] * 3
    assert [turn.text for turn in engine.turns].count("ciao") == 1


async def test_the_same_choice_posted_again_under_its_client_id_is_not_expired(
    browser: Browser, app: FastAPI, engine: Engine
) -> None:
    engine.expect("customer_type", "choice", CHOICES)
    async with browser.events(1) as stream:
        await browser.say("uno")
        choice = (await stream.bot_message())["choices"][0]["id"]
    client_id = str(uuid4())
    first = await browser.choose(choice, client_id)
    await settle(app)
    again = await browser.choose(choice, client_id)
    assert first.json() == again.json() and again.status_code == 202


async def test_one_lost_answer_is_asked_for_again_without_the_customer(browser: Browser, engine: Engine) -> None:
    engine.failures = ["answer_lost"]
    async with browser.events(1) as stream:
        await browser.say("ciao")
        answer = await stream.bot_message()
    assert answer["text"] == "[2] ciao"
    assert len(engine.turns) == 2 and engine.requests == 3


async def test_a_turn_that_fails_twice_is_told_and_can_be_repeated(
    browser: Browser, app: FastAPI, engine: Engine
) -> None:
    engine.expect("name", "text")
    engine.failures = ["no_reply", "turn_failed"]
    async with browser.events(1) as stream:
        await browser.say("sono Mario Rossi")
        failure = await stream.bot_message()
        assert (failure["author"], failure["kind"]) == ("system", "failure")
        assert "al sicuro" in failure["text"]
        assert [choice["title"] for choice in failure["choices"]] == ["Riprova", "Parla con una persona"]
        state = await stream.next("state")
        assert state.data["step"] == "customer_type", "a failure moves nothing"
        await browser.choose(failure["choices"][0]["id"])
        answer = await stream.bot_message()
    assert answer["text"] == "[2] sono Mario Rossi"
    assert (await browser.choose(failure["choices"][0]["id"])).status_code == 409


async def test_repeating_sends_the_same_message_id(browser: Browser, app: FastAPI, engine: Engine) -> None:
    engine.failures = ["answer_lost", "answer_lost"]
    async with browser.events(1) as stream:
        await browser.say("sono Mario Rossi")
        failure = await stream.bot_message()
        await browser.choose(failure["choices"][0]["id"])
        answer = await stream.bot_message()
    assert answer["text"] == "[2] sono Mario Rossi"
    assert len(engine.turns) == 2, "processed once, though asked three times"


async def test_a_bad_turn_is_not_asked_twice(browser: Browser, engine: Engine) -> None:
    engine.failures = ["bad_turn"]
    async with browser.events(1) as stream:
        await browser.say("ciao")
        assert (await stream.bot_message())["kind"] == "failure"
    assert engine.requests == 2


async def test_nonsense_from_the_engine_is_a_failure(browser: Browser, engine: Engine) -> None:
    engine.failures = ["nonsense", "nonsense"]
    async with browser.events(1) as stream:
        await browser.say("ciao")
        assert (await stream.bot_message())["kind"] == "failure"


async def test_choices_outlive_a_failure_of_a_typed_message(browser: Browser, engine: Engine) -> None:
    engine.expect("customer_type", "choice", CHOICES)
    async with browser.events(1) as stream:
        await browser.say("uno")
        offered = (await stream.bot_message())["choices"]
        engine.failures = ["no_reply", "no_reply"]
        await browser.say("due")
        assert (await stream.bot_message())["kind"] == "failure"
        assert (await browser.choose(offered[0]["id"])).status_code == 202


async def test_a_card_passes_and_a_link_elsewhere_does_not(browser: Browser, engine: Engine) -> None:
    async with browser.events(1) as stream:
        engine.card = {"type": "link", "url": "/accedi", "title": "Accedi"}
        await browser.say("uno")
        assert (await stream.bot_message())["card"] == engine.card
        engine.card = {"type": "link", "url": "javascript:alert(1)", "title": "Accedi"}
        await browser.say("due")
        assert (await stream.bot_message())["kind"] == "failure"


async def test_a_conversation_that_a_person_has_is_not_sent_to_the_engine(
    browser: Browser, app: FastAPI, engine: Engine
) -> None:
    await change(app, owner="human")
    assert (await browser.say("c'è qualcuno?")).status_code == 202
    await settle(app)
    assert [turn.intent for turn in engine.turns] == ["open_chat"]


async def test_an_answer_that_comes_after_the_conversation_changed_hands_is_dropped(
    browser: Browser, app: FastAPI, engine: Engine
) -> None:
    engine.gate = asyncio.Event()
    await browser.say("ciao")
    await until(lambda: engine.requests == 2)
    await change(app, epoch=Conversation.epoch + 1)
    engine.gate.set()
    await settle(app)
    async with browser.events(1) as stream:
        await stream.next("state")
    assert stream.body.count(b"event: message") == 1
