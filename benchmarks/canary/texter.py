"""A customer's phone on the simulator of WhatsApp: writes, presses, opens pages and Flows, keeps what it receives."""

from __future__ import annotations

import contextlib
import html
import json
import re
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from areaclienti.gateway.channels.whatsapp.flows.screens import flow_texts
from benchmarks.canary.visitor import ANSWER_SECONDS, file_name
from tests.stack import Stack
from tests.unit.gateway.whatsapp.flow_phone import PATH, FlowPhone

FIELDS = {"password": "new-password", "tax_code": "tax-code"}
_CSRF = re.compile(r'name="csrf" value="([0-9a-f]+)"')
_SETTLED = """SELECT 1 FROM whatsapp_people p JOIN conversations c ON c.id = p.conversation_id
    WHERE p.user_id = :user AND p.sent_seq >= c.last_seq AND c.last_seq > :seq
    AND NOT EXISTS (SELECT 1 FROM whatsapp_inbound i WHERE i.user_id = :user AND i.state = 'pending')
    AND NOT EXISTS (SELECT 1 FROM turns t WHERE t.conversation_id = c.id AND t.state = 'pending')
    AND NOT EXISTS (SELECT 1 FROM whatsapp_outbox o WHERE o.conversation_id = c.id
                    AND o.state IN ('pending', 'sending'))"""
# Graph's "Flow is throttled": the product sends a button to the page instead.
_FLOW_IS_THROTTLED = 132069


class Texter:
    """One phone. A context manager; what it receives is written to `received/WHO.received`."""

    def __init__(self, stack: Stack, mobile: str | None, who: str, folder: Path) -> None:
        self._stack = stack
        self._phone = httpx.Client(base_url=stack.urls.simulator, timeout=ANSWER_SECONDS)
        self._gateway = httpx.Client(base_url=stack.urls.gateway, timeout=ANSWER_SECONDS)
        self._file = folder / f"{file_name(who)}.received"
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self.shown: list[dict[str, Any]] = []
        self._last_text = ""
        made = self._phone.post("/phones", json={"mobile": mobile, "name": "Cliente"})
        self.user_id: str = made.raise_for_status().json()["user_id"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._phone.close()
        self._gateway.close()

    # ---- the chat ----

    def says(self, text: str) -> None:
        """Write a text and wait for what is answered."""
        self._does({"type": "text", "text": text})

    def chooses(self, title: str) -> None:
        """Press the newest button or row whose title begins so. Raises LookupError."""
        for offer in reversed([offer for message in self.shown for offer in _offers(message)]):
            if offer["title"].casefold().startswith(title.casefold()):
                self._does(offer)
                return
        raise LookupError(f"no choice {title!r} at {self.step()}")

    def sends(self, what: dict[str, Any]) -> bool:
        """Send without waiting for an answer; whether the gateway took it."""
        answer = self._phone.post(f"/phones/{self.user_id}/send", json=what)
        told = answer.raise_for_status().json()
        if what["type"] == "text":
            self._last_text = told["wamid"]
        return bool(told["delivered"])

    def tells(self, what: dict[str, Any]) -> None:
        """Send to a person, who need not answer; wait until it is read in. Raises AssertionError."""
        assert self.sends(what), "the gateway did not take it"
        waits = "SELECT 1 FROM whatsapp_inbound WHERE user_id = ? AND state = 'pending'"
        self.until(lambda: not self.rows(waits, self.user_id), "it is not read in")

    def corrected(self, text: str) -> dict[str, Any]:
        """The last text, changed into another."""
        return {"type": "edited", "text": text, "wamid": self._last_text}

    def corrects(self, text: str) -> None:
        """Change the last text into another."""
        seq = self._seq()
        assert self.sends(self.corrected(text)), "the gateway did not take it"
        self.settled(seq)

    def step(self) -> str:
        """Where the registration stands."""
        query = """SELECT c.step FROM conversations c JOIN whatsapp_people p ON p.conversation_id = c.id
            WHERE p.user_id = ?"""
        found = self.rows(query, self.user_id)
        return str(found[0][0]) if found else "nowhere"

    def at(self, step: str) -> None:
        """Raises AssertionError unless the registration stands at that step: the way was not gone as it was meant."""
        assert self.step() == step, f"at {self.step()}, not {step}"

    def until(self, holds: Callable[[], bool], otherwise: str) -> None:
        """Wait for something. Raises AssertionError."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while not holds():
            assert time.monotonic() < deadline, f"{otherwise}, at {self.step()}"
            time.sleep(0.05)

    def settled(self, seq: int = 0) -> None:
        """Wait until all is answered and sent, and the conversation longer than `seq`; read it."""
        asked = {"user": self.user_id, "seq": seq}
        self.until(lambda: bool(self.rows(_SETTLED, asked)), "silence")
        after = self.shown[-1]["n"] if self.shown else 0
        answer = self._phone.get(f"/phones/{self.user_id}/messages", params={"after": after})
        self._keep(answer.content)
        self.shown += answer.raise_for_status().json()["messages"]

    def rows(self, query: str, asked: Any) -> list[tuple[Any, ...]]:
        """Read the gateway's database while it runs."""
        uri = f"file:{self._stack.gateway_database}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=10)) as connection:
            return connection.execute(query, asked if isinstance(asked, dict) else (asked,)).fetchall()

    # ---- pages and Flows ----

    def gets_the_page(self) -> None:
        """The next Flow is refused by WhatsApp, so that the product sends a page."""
        error = {"code": _FLOW_IS_THROTTLED, "times": 1, "user_id": self.user_id}
        self._phone.put("/faults", json={"graph": {"errors": [error]}}).raise_for_status()

    def on_the_page(self, purpose: str, value: str) -> int:
        """Open the page of the newest button and fill it in, as a browser without scripts does; the status."""
        url = str(self._newest("url"))
        page = self._gateway.get(url)
        self._keep(page.content)
        csrf = _CSRF.search(page.text)
        if not csrf:
            return page.status_code
        form = {"csrf": html.unescape(csrf[1]), FIELDS[purpose]: value}
        seq = self._seq()
        answer = self._gateway.post(url, data=form, headers={"Origin": "null", "Sec-Fetch-Site": "same-origin"})
        self._keep(f"\n{answer.status_code}\n{list(answer.headers.raw)}\n".encode() + answer.content)
        if answer.status_code == httpx.codes.SEE_OTHER:
            self.settled(seq)
        return answer.status_code

    def in_the_flow(self, key: RSAPublicKey, purpose: str, value: str) -> str:
        """Open the newest Flow and press its button; the screen that follows. Pressed again while identity is slow."""
        for _ in range(3):
            screen, advice = self._press(key, purpose, value)
            if advice != flow_texts().unavailable:
                return screen
        return "unavailable"

    def _press(self, key: RSAPublicKey, purpose: str, value: str) -> tuple[str, str | None]:
        token, seq = str(self._newest("flow_token")), self._seq()
        opened = self.asks_the_flow(key, {"action": "INIT", "flow_token": token, "version": "4.0", "data": {}})
        pressed = {"action": "data_exchange", "screen": opened["screen"], "data": {purpose: value}}
        answer = self.asks_the_flow(key, pressed | {"flow_token": token, "version": "4.0"})
        if answer["screen"] == "SUCCESS":
            response = answer["data"]["extension_message_response"]["params"]
            self.sends({"type": "nfm_reply", "response": response})
            self.settled(seq)
        return str(answer["screen"]), answer["data"].get("advice")

    def asks_the_flow(self, key: RSAPublicKey, request: dict[str, Any], **headers: str) -> dict[str, Any]:
        """One encrypted request, signed as Meta signs; the answer's content with its `status`."""
        phone = FlowPhone(key, self._stack.keys["whatsapp_app_secret"])
        body = phone.sealed(request)
        signed = {"X-Hub-Signature-256": phone.signature(body), "Content-Type": "application/json"}
        answer = self._gateway.post(PATH, content=body, headers=signed | headers)
        told: dict[str, Any] = phone.read(answer.text) if answer.text else {}
        self._keep(answer.content + json.dumps(told, ensure_ascii=False).encode())
        return {**told, "status": answer.status_code}

    def posts(self, path: str, content: bytes, **headers: str) -> int:
        """A request that is not Meta's; the status."""
        answer = self._gateway.post(path, content=content, headers=headers)
        self._keep(answer.content)
        return answer.status_code

    def _newest(self, parameter: str) -> object:
        for message in reversed(self.shown):
            action = message["payload"].get("interactive", {}).get("action", {})
            found = action.get("parameters", {}).get(parameter)
            if found and (parameter != "url" or "/riservato/" in found):
                return found
        raise LookupError(f"no {parameter} at {self.step()}")

    def _does(self, what: dict[str, Any]) -> None:
        seq = self._seq()
        assert self.sends(what), "the gateway did not take it"
        self.settled(seq)

    def _seq(self) -> int:
        query = """SELECT c.last_seq FROM conversations c JOIN whatsapp_people p ON p.conversation_id = c.id
            WHERE p.user_id = ?"""
        found = self.rows(query, self.user_id)
        return int(found[0][0]) if found else 0

    def _keep(self, data: bytes) -> None:
        with self._file.open("ab") as file:
            file.write(data)


def _offers(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The choices of a message, as they are pressed."""
    action = message["payload"].get("interactive", {}).get("action", {})
    buttons = [button["reply"] for button in action.get("buttons", [])]
    rows = [row for section in action.get("sections", []) for row in section["rows"]]
    return [
        {"type": kind, "id": one["id"], "title": one["title"]}
        for kind, offered in (("button_reply", buttons), ("list_reply", rows))
        for one in offered
    ]
