"""A registration through the simulated WhatsApp on the running product, with what the network does at its worst."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import time
from typing import Any

import httpx
import pytest

from tests.stack import Stack

MOBILE = "+393471122022"
FAULTS = {
    "webhooks": {"duplicates": 2, "delay_ms": 50},
    "statuses": {"backwards": True, "late_ms": 100},
    "graph": {"lost_answers": 2, "errors": [{"code": 131056, "times": 2}, {"code": 131000, "times": 1}]},
}


class Phone:
    """Antonio Esposito's."""

    def __init__(self, address: str) -> None:
        self._client = httpx.Client(base_url=address, timeout=30, trust_env=False)
        opened = self._client.post("/phones", json={"mobile": MOBILE, "name": "Antonio Esposito"})
        self._path = f"/phones/{opened.raise_for_status().json()['user_id']}"

    def faults(self, faults: dict[str, Any]) -> None:
        self._client.put("/faults", json=faults).raise_for_status()

    def refused(self) -> list[dict[str, Any]]:
        return list(self._client.get("/refused").raise_for_status().json()["refused"])

    def messages(self) -> list[dict[str, Any]]:
        return list(self._client.get(f"{self._path}/messages").raise_for_status().json()["messages"])

    def write(self, text: str) -> None:
        self._send(type="text", text=text)

    def press(self, message: dict[str, Any], title: str) -> None:
        action = message["payload"]["interactive"]["action"]
        [button] = [button["reply"] for button in action["buttons"] if button["reply"]["title"] == title]
        self._send(type="button_reply", id=button["id"], title=title, context=message["wamid"])

    def wait_for(self, words: str, seconds: float = 60) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while True:
            for message in reversed(self.messages()):
                if words in said(message):
                    return message
            assert time.monotonic() < deadline, f"{words} was not said"
            time.sleep(0.1)

    def close(self) -> None:
        self.faults({})
        self._client.close()

    def _send(self, **wish: Any) -> None:
        self._client.post(f"{self._path}/send", json=wish).raise_for_status()


def said(message: dict[str, Any]) -> str:
    payload = message["payload"]
    return str(payload["text"]["body"] if payload["type"] == "text" else payload["interactive"]["body"]["text"])


def give_password(stack: Stack, url: str) -> None:
    with httpx.Client(trust_env=False) as browser:
        page = browser.get(url).raise_for_status().text
        csrf = re.search(r'name="csrf"[^>]*value="([^"]+)"', page)
        assert csrf
        form = {"csrf": csrf[1], "new-password": "Lampada-Verde9"}
        assert browser.post(url, data=form, headers={"Origin": stack.urls.gateway}).status_code == 303


@pytest.mark.slow
def test_a_registration_survives_duplicates_lost_answers_errors_and_late_statuses(stack: Stack) -> None:
    seen = stack.newest_message_id()
    with contextlib.closing(Phone(stack.urls.simulator)) as phone:
        phone.faults(FAULTS)
        phone.write("buongiorno, vorrei registrarmi")
        phone.press(phone.wait_for("Cliente Privato"), "Persona")
        phone.wait_for("Come ti chiami")
        phone.write("Antonio Esposito")
        phone.press(phone.wait_for("da cui scrivi"), "Sì, usa questo")
        link = phone.wait_for("pagina protetta")
        give_password(stack, link["payload"]["interactive"]["action"]["parameters"]["url"])
        phone.press(phone.wait_for("continua da qui"), "Ho preso visione")
        phone.wait_for("codice di verifica")
        phone.write(stack.newest_code(MOBILE, after=seen))
        phone.wait_for("account è attivo")

        with contextlib.closing(sqlite3.connect(f"file:{stack.gateway_database}?mode=ro", uri=True)) as ledger:
            deadline = time.monotonic() + 30
            while (states := ledger.execute("SELECT DISTINCT state FROM whatsapp_outbox").fetchall()) != [("read",)]:
                assert time.monotonic() < deadline, states
                time.sleep(0.2)
        texts = [said(message) for message in phone.messages()]
        assert len(set(texts)) == len(texts)  # nothing was said twice, whatever was repeated
        refused = phone.refused()
        assert sorted(entry["code"] for entry in refused) == [131000, 131056, 131056]
        assert all("Injected" in entry["details"] for entry in refused)
    assert stack.identity_rows("SELECT count(*) FROM accounts WHERE username = ?", MOBILE) == [(1,)]
