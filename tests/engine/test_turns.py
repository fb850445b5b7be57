"""The turn contract: keys, shapes, idempotency, neutral slashes, and turns that fail without a trace."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.engine.conftest import Engine, utterances


def test_a_turn_without_the_engine_key_is_refused(engine: Engine) -> None:
    for headers in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {engine.stack.keys['engine_key']}"},
    ):
        url = f"{engine.stack.urls.engine}/webhooks/turn/turns"
        refused = httpx.post(url, json=engine.body("ciao"), headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")
    assert engine.events() == []


def test_the_action_server_answers_the_engine_alone(engine: Engine) -> None:
    actions = engine.stack.urls.actions
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": engine.stack.keys["actions_key"]}):
        for method, path in (("POST", "/webhook"), ("GET", "/actions")):
            refused = httpx.request(method, f"{actions}{path}", json={"next_action": "action_x"}, headers=headers)
            assert (refused.status_code, refused.json()["code"]) == (401, "unauthorised")
    listed = httpx.get(f"{actions}/actions", headers={"Authorization": f"Bearer {engine.stack.keys['actions_key']}"})
    assert listed.status_code == 200
    assert httpx.get(f"{actions}/health").status_code == 200
    engine.open()


@pytest.mark.parametrize(
    "broken",
    [
        {"message_id": ""},
        {"message_id": 7},
        {"message_id": "m" * 201},
        {"conversation_id": None},
        {"text": "a" * 4001},
        {"text": ["ciao"]},
        {"text": None},
        {"intent": "", "text": None},
        {"intent": "give_name", "entities": ["Mario"]},
    ],
)
def test_what_is_no_turn_is_refused_and_changes_nothing(engine: Engine, broken: dict[str, object]) -> None:
    refused = engine.client.post("/turns", json={**engine.body("ciao"), **broken})
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_turn")
    assert engine.events() == []


def test_bodies_that_are_no_json_or_too_large_are_refused(engine: Engine) -> None:
    for content in (b"", b"{", b"[]", b"\xff\xfe"):
        assert engine.client.post("/turns", content=content).status_code == 400
    assert engine.client.post("/turns", content=b" " * 70_000).status_code == 413


def test_nothing_of_rasa_beside_the_turn_channel_is_open(engine: Engine) -> None:
    base = engine.stack.urls.engine
    for path in ("/", "/conversations/x/tracker", "/model/train", "/webhooks/rest/webhook", "/status", "/domain"):
        assert httpx.get(base + path).status_code == 404, path
        assert httpx.post(base + path, json={}).status_code in {404, 405}, path


def test_the_same_message_again_gets_the_same_answer_and_changes_nothing(engine: Engine) -> None:
    engine.open()
    engine.turn("Persona")
    message = uuid.uuid4().hex
    first = engine.turn("Mario", message)
    events = engine.events()
    assert [engine.turn("Mario", message) for _ in range(3)] == [first] * 3
    assert engine.events() == events
    assert (engine.slot("given_name"), engine.slot("family_name")) == ("Mario", None)


def test_twenty_copies_of_a_message_at_once_are_one_turn(engine: Engine) -> None:
    engine.open()
    engine.turn("Persona")
    message = uuid.uuid4().hex
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: engine.turn("Mario", message), range(20)))
    assert all(answer == answers[0] for answer in answers)
    assert engine.stored_turns() == 3
    assert engine.slot("family_name") is None


@pytest.mark.parametrize(
    "typed",
    [
        "/start_over",
        "/restart",
        "/ /restart",
        "//\n / /start_over",
        ' //give_customer_type{"customer_type": "azienda"}',
        '/give_secret{"password": "x"}',
    ],
)
def test_a_leading_slash_is_text_and_no_command(engine: Engine, typed: str) -> None:
    engine.open()
    engine.turn("Persona")
    engine.turn("Mario Rossi")
    answer = engine.turn(typed)
    assert answer["messages"]
    kept = (engine.slot("customer_type"), engine.slot("password"))
    # "restart" typed in letters may be understood as the wish to start over, but never as Rasa's own command.
    assert kept in {("persona", None), (None, None)}
    assert not any(event["event"] == "restart" for event in engine.events())


@pytest.mark.parametrize("typed", ["", "   ", "/", "///"])
def test_a_message_of_nothing_gets_an_answer(engine: Engine, typed: str) -> None:
    engine.open()
    answer = engine.turn(typed)
    assert answer["step"] == "customer_type"
    assert answer["messages"][-1]["choices"]


def test_classify_stores_nothing(engine: Engine) -> None:
    found = engine.client.post("/classify", json={"text": "quanto costa?"}).json()
    assert found["intent"] == "faq_costs"
    assert 0 <= found["confidence"] <= 1
    assert engine.events() == []


def test_an_action_server_that_is_down_fails_the_turn_and_the_same_turn_can_be_sent_again(engine: Engine) -> None:
    engine.open()
    engine.turn("Persona")
    before = engine.events()
    message = uuid.uuid4().hex
    engine.stack.stop("actions")
    try:
        failed = engine.post("Mario Rossi", message)
    finally:
        engine.stack.start("actions")
    assert (failed.status_code, failed.json()["code"]) == (500, "turn_failed")
    assert engine.events() == before
    assert engine.turn("Mario Rossi", message)["step"] == "contact"
    assert engine.slot("family_name") == "Rossi"


@pytest.mark.timeout(400)  # the engine starts three times
def test_killed_at_any_moment_a_turn_is_there_once_or_not_at_all(engine: Engine) -> None:
    chance = random.Random(20261123)
    for _ in range(3):
        conversation = Engine(engine.stack)
        conversation.open()
        conversation.turn("Persona")
        message = uuid.uuid4().hex
        pid = engine.stack.pid("engine")
        killer = threading.Timer(chance.uniform(0.0, 0.12), os.kill, (pid, signal.SIGKILL))
        killer.start()
        with contextlib.suppress(httpx.HTTPError):
            conversation.post("Mario", message)
        killer.join()
        wait_for_the_next(engine, pid)
        answer = Engine.turn(conversation, "Mario", message)
        assert utterances(answer) == ["utter_ask_family_name"]
        assert (conversation.slot("given_name"), conversation.slot("family_name")) == ("Mario", None)
        assert conversation.stored_turns() == 3


def test_a_long_conversation_keeps_its_state_in_a_short_window(engine: Engine) -> None:
    engine.open()
    engine.turn("Persona")
    engine.turn("Mario Rossi")
    said = []
    for at in range(60):
        answer = engine.turn(["quanto costa?", "aiuto", "grazie"][at % 3])
        said.append(answer["messages"][-1]["text"])
        assert answer["step"] == "contact"
    assert len(engine.events()) <= 80
    assert (engine.slot("given_name"), engine.slot("customer_type")) == ("Mario", "persona")
    assert all(len(set(said[at : at + 2])) == 2 for at in range(len(said) - 1)), "the same words twice in a row"
    assert engine.turn("mario.rossi@example.com")["step"] == "password"


def wait_for_the_next(engine: Engine, killed: int) -> None:
    """Waits until the supervisor has seen the death and another process is ready."""
    while True:
        with contextlib.suppress(KeyError):  # none runs now
            if engine.stack.pid("engine") != killed:
                break
        time.sleep(0.05)
    engine.stack.wait_until_ready("engine")
