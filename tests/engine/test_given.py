"""What the customer said who he is, read apart from his conversation: it follows corrections and holds no secret."""

from __future__ import annotations

from typing import Any

from tests.engine.conftest import Engine


def given(engine: Engine, conversation_id: str | None = None) -> dict[str, Any]:
    answer = engine.client.post(
        "/conversations/given", json={"conversation_id": conversation_id or engine.conversation}
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_it_is_what_stands_now(engine: Engine) -> None:
    engine.open()
    engine.turn("Persona")
    assert given(engine)["customer_type"] == "persona" and given(engine)["given_name"] is None
    engine.turn("Ildebrando Zoccolanti")
    engine.turn("ildebrando@example.com")
    before = engine.stored_turns(), len(engine.events())
    assert given(engine) == {
        "customer_type": "persona", "given_name": "Ildebrando", "family_name": "Zoccolanti", "company_name": None,
        "contact": "ildebrando@example.com",
    }  # fmt: skip
    assert (engine.stored_turns(), len(engine.events())) == before  # it is read, nothing was said


def test_of_a_conversation_that_nobody_had_there_is_nothing(engine: Engine) -> None:
    assert set(given(engine, "nobody-had-this-one").values()) == {None}


def test_it_takes_the_key_and_an_id(engine: Engine) -> None:
    path = "/conversations/given"
    assert engine.client.post(path, json={}).status_code == 400
    assert engine.client.post(path, json={"conversation_id": "x"}, headers={"Authorization": "no"}).status_code == 401
