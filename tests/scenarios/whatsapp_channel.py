"""WhatsApp as a channel for scenarios: a phone of the simulator, and a browser for the pages that its buttons open."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import html
import re
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from areaclienti.gateway.channels.whatsapp.outbound_texts import load_outbound_texts
from areaclienti.gateway.texts import load_texts
from tests.scenarios.channel import EACH_ITS_OWN, Message, Reply
from tests.stack import Stack

ANSWER_SECONDS = 60.0
PAGE_PATH = "/riservato/"
FIELDS = {"password": "new-password", "tax_code": "tax-code"}
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')
# What rendering puts in place of the marks that WhatsApp formats by; read here as they look.
_AS_THEY_LOOK = str.maketrans("∗ˍ∼", "*_~")


@dataclass(frozen=True)
class Offer:
    """A choice as the phone shows it: how it is taken, and the whole title where a row shows that too."""

    kind: str  # button_reply, list_reply
    id: str
    title: str
    whole: str


class WhatsappChannel:
    """One phone's chat. `mobile`: its number in E.164, None where the service doesn't show it."""

    name = "whatsapp"

    def __init__(self, stack: Stack, mobile: str | None, owner: str) -> None:
        self._stack = stack
        self._mobile = mobile
        self._owner = owner
        self._phone = httpx.AsyncClient(base_url=stack.urls.simulator, timeout=ANSWER_SECONDS, limits=EACH_ITS_OWN)
        self._user_id = ""
        self._shown: list[dict[str, Any]] = []
        self._again: Callable[[], Awaitable[None]] | None = None
        self._last_wamid = ""

    async def open(self) -> Reply:
        return await self.text("ciao")

    async def text(self, text: str) -> Reply:
        return await self._sent({"type": "text", "text": text})

    async def choose(self, title: str) -> Reply:
        newest = next((offers for message in reversed(self._shown) if (offers := _offers(message))), [])
        return await self._take(title, newest)

    async def old_choice(self, title: str) -> Reply:
        return await self._take(title, [offer for message in self._shown for offer in _offers(message)])

    async def send(self, kind: str) -> Reply:
        about = {"wamid": self._last_wamid} if kind in {"reaction", "deleted", "edited"} else {}
        about |= {"emoji": "👍"} if kind == "reaction" else {}
        about |= {"text": "anzi"} if kind == "edited" else {}
        return await self._sent({"type": kind, **about})

    async def secret(self, purpose: str, value: str) -> Reply:
        if purpose == "verification_code":
            return await self.text(value)
        return await self._on_page(self._newest_page(), purpose, value)

    async def again(self) -> Reply:
        assert self._again, "nothing was sent yet"
        before = self._written(), await self._read()
        await self._again()
        await self._settled()
        now = self._written(), await self._read()
        assert now == before, f"the same again led to {now} after {before}"
        return Reply(seq=self._seq(), state=self._state())

    async def reload(self) -> Reply:
        """The chat app is closed and opened again: all stands there as it stood."""
        before = [message["wamid"] for message in self._shown]
        self._shown = []
        await self._read()
        assert [message["wamid"] for message in self._shown] == before, "the chat has changed unasked"
        return Reply(state=self._state())

    async def come_back(self) -> Reply:
        """Whoever comes back on WhatsApp has to write something."""
        return await self.text("ciao")

    def found_by(self) -> tuple[str, str]:
        return "id", self._conversation_id()

    async def close(self) -> None:
        await self._phone.aclose()

    # ---- what the phone does ----

    async def _sent(self, what: dict[str, Any]) -> Reply:
        if not self._user_id:
            made = await self._phone.post("/phones", json={"mobile": self._mobile, "name": self._owner})
            self._user_id = made.raise_for_status().json()["user_id"]
        answer = await self._phone.post(f"/phones/{self._user_id}/send", json=what)
        answer.raise_for_status()
        wamid = answer.json()["wamid"]
        if what["type"] in {"text", "button_reply", "list_reply"}:
            self._last_wamid = wamid
        await self._processed(wamid)

        async def again() -> None:
            repeated = await self._phone.post(f"/phones/{self._user_id}/resend", json={"wamid": wamid})
            assert repeated.raise_for_status().json()["delivered"], "the webhook was not taken"

        self._again = again
        return await self._answer()

    async def _take(self, title: str, offers: list[Offer]) -> Reply:
        chosen = next((offer for offer in offers if title in (offer.title, offer.whole)), None)
        if chosen is None:
            raise LookupError(f"no choice {title!r} among {sorted(offer.title for offer in offers)}")
        return await self._sent({"type": chosen.kind, "id": chosen.id, "title": chosen.title})

    def _newest_page(self) -> str:
        """The protected page that the newest button opens."""
        for message in reversed(self._shown):
            parameters = message["payload"].get("interactive", {}).get("action", {}).get("parameters", {})
            if PAGE_PATH in parameters.get("url", ""):
                return str(parameters["url"])
        raise LookupError("no button opens a protected page")

    async def _on_page(self, url: str, purpose: str, value: str) -> Reply:
        """Fill the page's form in as a browser without scripts does."""
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS) as browser:
            page = await browser.get(url)
            assert page.status_code == httpx.codes.OK, f"the page answers {page.status_code}"
            csrf = _CSRF.search(page.text)
            assert csrf, "the page has no form"
            form = {"csrf": html.unescape(csrf[1]), FIELDS[purpose]: value}
            # under `no-referrer` a browser names no origin
            headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
            answer = await browser.post(url, data=form, headers=headers)
        if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
            failed = {"code": "secret_rejected", "failed_rules": _rules_named_on(answer.text)}
            return Reply(state=self._state(), refused={"status": answer.status_code, **failed})
        assert answer.status_code == httpx.codes.SEE_OTHER, f"the page answers {answer.status_code}"

        async def again() -> None:
            async with httpx.AsyncClient(timeout=ANSWER_SECONDS) as browser:
                repeated = await browser.post(url, data=form, headers=headers)
            assert repeated.status_code == httpx.codes.NOT_FOUND, f"a used page answers {repeated.status_code}"

        self._again = again
        return await self._answer()

    # ---- what comes back ----

    async def _answer(self) -> Reply:
        await self._settled()
        after = len(self._shown)
        await self._read()
        kind = "failure" if self._failed_since(seq := self._seq()) else "text"
        messages = [one for message in self._shown[after:] for one in _messages(message, kind)]
        return Reply(seq, messages, self._state())

    async def _read(self) -> int:
        """Read what the phone has got since; how much it has in all."""
        after = self._shown[-1]["n"] if self._shown else 0
        answer = await self._phone.get(f"/phones/{self._user_id}/messages", params={"after": after})
        self._shown += answer.raise_for_status().json()["messages"]
        return len(self._shown)

    async def _processed(self, wamid: str) -> None:
        """Wait until the gateway is done with what was delivered."""
        digest = hashlib.sha256(f"message:{wamid}".encode()).hexdigest()

        def is_done() -> bool:
            query = "SELECT 1 FROM whatsapp_inbound WHERE message_id = ? AND state != 'pending'"
            return bool(self._rows(query, digest))

        await self._until(is_done, "the message was not processed")

    async def _settled(self) -> None:
        """Wait until nothing is left to be answered or sent."""
        idle = """SELECT 1 FROM whatsapp_people p JOIN conversations c ON c.id = p.conversation_id
                  WHERE p.user_id = :user
                  AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.conversation_id = c.id AND m.seq > p.sent_seq
                                  AND m.author != 'customer')
                  AND NOT EXISTS (SELECT 1 FROM turns t WHERE t.conversation_id = c.id AND t.state = 'pending')
                  AND NOT EXISTS (SELECT 1 FROM whatsapp_outbox o WHERE o.conversation_id = c.id
                                  AND o.state IN ('pending', 'sending'))"""
        await self._until(lambda: bool(self._rows(idle, {"user": self._user_id})), "silence: no answer")

    async def _until(self, holds: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + ANSWER_SECONDS
        while not holds():
            assert time.monotonic() < deadline, f"{otherwise} within {ANSWER_SECONDS:g} s"
            await asyncio.sleep(0.05)

    # ---- what the ledger holds ----

    def _rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        uri = f"file:{self._stack.gateway_database}?mode=ro"
        values: Any = parameters[0] if parameters and isinstance(parameters[0], dict) else parameters
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=10)) as connection:
            return connection.execute(query, values).fetchall()

    def _conversation_id(self) -> str:
        [(found,)] = self._rows("SELECT conversation_id FROM whatsapp_people WHERE user_id = ?", self._user_id)
        return str(found)

    def _written(self) -> int:
        """How many lines the conversation has."""
        return int(self._rows("SELECT last_seq FROM conversations WHERE id = ?", self._conversation_id())[0][0])

    def _seq(self) -> int:
        """The place of the customer's last line."""
        query = "SELECT max(seq) FROM messages WHERE conversation_id = ? AND author = 'customer'"
        return int(self._rows(query, self._conversation_id())[0][0])

    def _failed_since(self, seq: int) -> bool:
        query = "SELECT 1 FROM messages WHERE conversation_id = ? AND seq > ? AND kind = 'failure'"
        return bool(self._rows(query, self._conversation_id(), seq))

    def _state(self) -> dict[str, Any]:
        query = "SELECT step, expects, owner FROM conversations WHERE id = ?"
        [(step, expects, owner)] = self._rows(query, self._conversation_id())
        return {"step": step, "expects": expects, "owner": owner}


def _messages(shown: dict[str, Any], kind: str) -> Iterator[Message]:
    """What the assistant said, a paragraph each; without the prompts that the channel itself puts to it."""
    payload = shown["payload"]
    body = payload["text"]["body"] if payload["type"] == "text" else payload["interactive"]["body"]["text"]
    titles = tuple(offer.title for offer in _offers(shown))
    said = [paragraph for paragraph in body.translate(_AS_THEY_LOOK).split("\n\n") if not _is_prompt(paragraph)]
    for number, paragraph in enumerate(said, start=1):
        yield Message(shown["n"], "bot", kind, paragraph, titles if number == len(said) else ())


def _is_prompt(paragraph: str) -> bool:
    texts = load_outbound_texts()
    prompts = (
        texts.choices_prompt,
        texts.choices_after_notice,
        texts.choices_beside_link,
        texts.link_prompt,
        texts.numbers_prompt,
    )
    return paragraph in prompts or paragraph.startswith(texts.link_life.partition("{")[0])


def _offers(shown: dict[str, Any]) -> list[Offer]:
    interactive = shown["payload"].get("interactive", {})
    action = interactive.get("action", {})
    buttons = [button["reply"] for button in action.get("buttons", [])]
    rows = [row for section in action.get("sections", []) for row in section["rows"]]
    return [
        *(Offer("button_reply", one["id"], one["title"], one["title"]) for one in buttons),
        *(Offer("list_reply", one["id"], one["title"], one.get("description", one["title"])) for one in rows),
    ]


def _rules_named_on(page: str) -> list[str]:
    """The rules that the page says were broken."""
    words = html.unescape(page)
    return [rule for rule, text in load_texts().secret_faults.items() if f"<p>{text}</p>" in words]
