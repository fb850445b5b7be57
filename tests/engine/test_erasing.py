"""What the engine keeps of a conversation can be shown, found and erased, to the last byte."""

from __future__ import annotations

import contextlib
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.engine.conftest import Engine


def ask(engine: Engine, what: str, **body: Any) -> dict[str, Any]:
    answer = engine.client.post(f"/conversations/{what}", json=body)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


def bytes_kept(engine: Engine) -> bytes:
    """Of the store with its journal."""
    files = engine.stack.var.glob(f"{engine.stack.engine_database.name}*")
    return b"".join(path.read_bytes() for path in files)


def as_far_as_the_contact(engine: Engine, address: str) -> None:
    engine.open()
    engine.turn("Persona")
    engine.turn("Ildebrando Zoccolanti")
    engine.turn(address)


def test_an_erased_conversation_leaves_no_byte_of_what_was_said(engine: Engine) -> None:
    address = f"ildebrando.{uuid.uuid4().hex}@example.com"
    as_far_as_the_contact(engine, address)
    assert address.encode() in bytes_kept(engine)
    assert b"Zoccolanti" in bytes_kept(engine)
    answer = ask(engine, "erase", conversation_ids=[engine.conversation, uuid.uuid4().hex], rewrite=True)
    assert answer == {"erased": 1, "clean": True}
    assert address.encode() not in bytes_kept(engine)
    assert b"Zoccolanti" not in bytes_kept(engine)
    assert (engine.events(), engine.stored_turns()) == ([], 0)
    assert ask(engine, "erase", conversation_ids=[engine.conversation])["erased"] == 0


def test_no_late_turn_brings_an_erased_conversation_back(engine: Engine) -> None:
    engine.open()
    ask(engine, "erase", conversation_ids=[engine.conversation])
    refused = engine.post("Persona")
    assert (refused.status_code, refused.json()["code"]) == (500, "conversation_erased")
    assert engine.events() == []


def test_turns_that_race_with_the_erasing_leave_nothing(engine: Engine) -> None:
    engine.open()
    with ThreadPoolExecutor(9) as pool:
        turns = [pool.submit(engine.post, "Persona") for _ in range(8)]
        pool.submit(ask, engine, "erase", conversation_ids=[engine.conversation]).result()
        statuses = {turn.result().status_code for turn in turns}
    assert statuses <= {200, 500}
    assert (engine.events(), engine.stored_turns()) == ([], 0)


def test_a_conversation_is_found_by_what_was_said_in_it(engine: Engine) -> None:
    address = f"Ildebrando.{uuid.uuid4().hex}@example.com"
    as_far_as_the_contact(engine, address)
    other = Engine(engine.stack)
    other.open()
    assert ask(engine, "mentioning", words=["nobody@example.net", address.lower()]) == {
        "conversation_ids": [engine.conversation]
    }
    assert ask(engine, "mentioning", words=["nobody%@example.net"]) == {"conversation_ids": []}
    assert ask(engine, "mentioning", words=[]) == {"conversation_ids": []}


def test_what_is_kept_can_be_read(engine: Engine) -> None:
    as_far_as_the_contact(engine, "ildebrando@example.com")
    [kept] = ask(engine, "read", conversation_ids=[engine.conversation, uuid.uuid4().hex])["conversations"]
    assert kept["events"] == engine.events()
    assert len(kept["answers"]) == engine.stored_turns() == 4
    assert kept["answers"][0]["step"] == "customer_type"


@pytest.mark.parametrize("ids", [None, "all", [7], [""], ["x" * 321], ["x"] * 101])
def test_what_is_no_list_of_conversations_is_refused(engine: Engine, ids: object) -> None:
    engine.open()
    for what in ("erase", "read"):
        refused = engine.client.post(f"/conversations/{what}", json={"conversation_ids": ids})
        assert (refused.status_code, refused.json()["code"]) == (400, "bad_turn")
    assert engine.events()


def test_only_who_has_the_key_may_erase_and_read(engine: Engine) -> None:
    engine.open()
    for what in ("erase", "read", "mentioning"):
        body = {"conversation_ids": [engine.conversation], "words": ["a"]}
        with contextlib.closing(Engine(engine.stack).client) as stranger:
            stranger.headers["Authorization"] = "Bearer wrong"
            assert stranger.post(f"/conversations/{what}", json=body).status_code == 401
    assert engine.events()
