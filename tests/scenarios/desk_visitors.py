"""A customer in the web chat and an agent at the desk, over HTTP on the running product, who wait for what happens."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from areaclienti.desk.demo import DEMO_PASSWORD
from tests.stack import Stack

PATIENCE_SECONDS = 300.0
PAUSE_SECONDS = 0.1
# Two of the demo's people of the pool: fresh customers of the tests have no agency.
DESK_PEOPLE = ("giulia.conti@servizio-clienti.example", "marta.ricci@servizio-clienti.example")


class WebVisitor:
    """One browser's conversation, looked at through the session's state and the ledger."""

    def __init__(self, product: Stack) -> None:
        self._product = product
        self._http = httpx.Client(base_url=product.urls.gateway, headers={"Origin": product.urls.gateway}, timeout=60)
        self._csrf = ""
        self._session()
        self.conversation = str(self._rows("SELECT id FROM conversations WHERE csrf = ?", self._csrf)[0][0])

    def says(self, text: str, **then: str) -> None:
        self._post("/api/messages", {"text": text})
        self.until(**then)

    def presses(self, title: str, **then: str) -> None:
        query = "SELECT choices FROM messages WHERE conversation_id = ? ORDER BY seq"
        choices = [one for (found,) in self._rows(query, self.conversation) for one in json.loads(found)]
        newest = [choice["id"] for choice in choices if choice["title"].startswith(title)]
        assert newest, f"no choice {title!r} among {[choice['title'] for choice in choices][-8:]}"
        self._post("/api/messages", {"choice_id": newest[-1]})
        self.until(**then)

    def gives(self, purpose: str, value: str, **then: str) -> None:
        self._post("/api/secrets", {"purpose": purpose, "value": value})
        self.until(**then)

    def until(self, **expected: str) -> None:
        """Wait until nothing is being answered and the state says so."""
        ends = time.monotonic() + PATIENCE_SECONDS
        state: dict[str, Any] = {}
        while time.monotonic() < ends:
            state = self._session()["state"]
            if not self._pending() and all(state[name] == value for name, value in expected.items()):
                return
            time.sleep(PAUSE_SECONDS)
        raise AssertionError(f"{expected} never came: {state}; {self.texts()[-4:]}")

    def texts(self) -> list[str]:
        query = "SELECT text FROM messages WHERE conversation_id = ? ORDER BY seq"
        return [text for (text,) in self._rows(query, self.conversation)]

    def value(self, query: str) -> str:
        """The one value of the conversation in the gateway's database, as soon as there is one."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while not (found := self._rows(query, self.conversation)):
            assert time.monotonic() < ends, query
            time.sleep(PAUSE_SECONDS)
        return str(found[0][0])

    def usernames(self) -> list[str]:
        rows = _rows(self._product.identity_database, "SELECT username FROM accounts")
        return [username for (username,) in rows]

    def _pending(self) -> int:
        query = "SELECT count(*) FROM turns WHERE conversation_id = ? AND state = 'pending'"
        conversation = getattr(self, "conversation", None)
        return int(self._rows(query, conversation)[0][0]) if conversation else 0

    def _session(self) -> dict[str, Any]:
        answer = self._http.post("/api/session", json={})
        answer.raise_for_status()
        session: dict[str, Any] = answer.json()
        self._csrf = session["csrf_token"]
        return session

    def _post(self, path: str, body: dict[str, Any]) -> None:
        answer = self._http.post(path, json={"client_id": str(uuid4()), **body}, headers={"X-CSRF-Token": self._csrf})
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text

    def _rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        return _rows(self._product.gateway_database, query, *parameters)


class DeskVisitor:
    """One of the demo's people, signed in with password and code, and paused: nothing is offered to him."""

    def __init__(self, product: Stack, email: str) -> None:
        self._origin = product.urls.gateway
        self._http = httpx.Client(base_url=self._origin, headers={"Origin": self._origin}, timeout=60)
        answer = self.post("/desk/accesso", data={"email": email, "password": DEMO_PASSWORD})
        assert answer.status_code == 303, answer.text
        self._sign_in()
        assert self._http.put("/desk/api/presence", json={"presence": "paused"}).status_code == 200

    def post(self, path: str, **body: Any) -> httpx.Response:
        return self._http.post(path, **body)

    def card(self, handover_id: str) -> dict[str, Any]:
        """What the desk shows of it at a glance."""
        answer = self._http.get(f"/desk/api/handovers/{handover_id}")
        assert answer.status_code == 200, answer.text
        card: dict[str, Any] = answer.json()["card"]
        return card

    def until_claimed(self, handover_id: str) -> None:
        """Take it as soon as it has come to people like him."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while (answer := self.post(f"/desk/api/handovers/{handover_id}/claim")).status_code != 200:
            assert answer.status_code in (403, 404) and time.monotonic() < ends, answer.text
            time.sleep(PAUSE_SECONDS)

    def _sign_in(self) -> None:
        ends = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < ends:
            shown = re.search(r'name="codice" value="(\d{6})"', self._http.get("/desk/accesso/codice").text)
            if shown and self.post("/desk/accesso/codice", data={"codice": shown[1]}).status_code == 303:
                return
            time.sleep(PAUSE_SECONDS)  # a code is good once, the next one comes within half a minute
        raise AssertionError("the demo's code let nobody in")


def _rows(database: Path, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=60)) as connection:
        return connection.execute(query, parameters).fetchall()
