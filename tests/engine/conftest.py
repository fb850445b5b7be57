"""A client of the turn contract and a look into the engine's store."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import uuid
from typing import Any

import httpx
import pytest

from tests.stack import Stack


class Engine:
    """Sends turns of one new conversation to the running engine."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.conversation = uuid.uuid4().hex
        self.client = httpx.Client(
            base_url=f"{stack.urls.engine}/webhooks/turn",
            headers={"Authorization": f"Bearer {stack.keys['engine_key']}"},
            timeout=30,
        )

    def body(self, text: str | None = None, message_id: str | None = None, **given: Any) -> dict[str, Any]:
        """The body of a turn; `given` may hold `intent` and `entities`."""
        said = {} if text is None else {"text": text}
        ids = {"conversation_id": self.conversation, "message_id": message_id or uuid.uuid4().hex}
        return {**ids, "channel": "web", "locale": "it", **said, **given}

    def post(self, text: str | None = None, message_id: str | None = None, **given: Any) -> httpx.Response:
        """One turn, whatever its status."""
        return self.client.post("/turns", json=self.body(text, message_id, **given))

    def turn(self, text: str | None = None, message_id: str | None = None, **given: Any) -> dict[str, Any]:
        """One turn that has to succeed."""
        answer = self.post(text, message_id, **given)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result

    def open(self) -> dict[str, Any]:
        """The first turn: the assistant greets and asks for the customer type."""
        return self.turn(intent="open_chat")

    def events(self) -> list[dict[str, Any]]:
        """The events stored of this conversation."""
        rows = self._rows("select events from conversations where conversation_id = ?", self.conversation)
        events: list[dict[str, Any]] = json.loads(rows[0][0]) if rows else []
        return events

    def slot(self, name: str) -> Any:
        """The stored value of a slot."""
        values = [event["value"] for event in self.events() if event["event"] == "slot" and event["name"] == name]
        return values[-1] if values else None

    def stored_turns(self) -> int:
        """How many answers are stored of this conversation."""
        return int(self._rows("select count(*) from turns where conversation_id = ?", self.conversation)[0][0])

    def _rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        path = f"file:{self.stack.engine_database}?mode=ro"
        with contextlib.closing(sqlite3.connect(path, uri=True)) as connection:
            return connection.execute(query, parameters).fetchall()


@pytest.fixture
def engine(stack: Stack) -> Engine:
    """A new conversation with the engine."""
    stack.wait_until_ready("engine", "actions")
    return Engine(stack)


def utterances(answer: dict[str, Any]) -> list[str]:
    """Names of what was said in an answer."""
    return [message["utterance"] for message in answer["messages"]]
