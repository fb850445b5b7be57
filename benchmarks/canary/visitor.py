"""A customer's browser, as far as HTTP goes: sends what the pages send, keeps every byte that comes back."""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import httpx

ANSWER_SECONDS = 40.0
_QUIET_SECONDS = 1.5  # then the stream is asked for anew: it sees that the browser was closed, or has another cookie
_TRIES = 3
_FROM_US = {"bot", "system"}


def file_name(who: str) -> str:
    """A way's or a browser's name in the name of a file."""
    return re.sub("[^a-z0-9]+", "-", who.lower()).strip("-")


class Visitor:
    """One browser with its cookies. A context manager; what it received is written to `received/WHO.*` at the end."""

    def __init__(self, gateway_url: str, who: str, folder: Path) -> None:
        self.http = httpx.Client(base_url=gateway_url, headers={"Origin": gateway_url}, timeout=ANSWER_SECONDS)
        self.csrf = ""
        self.messages: list[dict[str, Any]] = []
        self.state: dict[str, Any] = {}
        self._gateway_url = gateway_url
        self._news = threading.Condition()
        self._file = folder / f"{file_name(who)}.received"
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._reading: threading.Thread | None = None
        self._closed = False
        self._page_csrf = ""  # of the sign-in pages
        self._state_after = 0  # the seq that the newest state was told after

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closed = True
        self.http.close()
        if self._reading:
            self._reading.join(ANSWER_SECONDS)

    # ---- the chat ----

    def open(self) -> Self:
        """Open the page and the chat; wait for the greeting."""
        self.get("/")
        self.begin()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()
        self._wait_for(0)
        return self

    def begin(self) -> dict[str, Any]:
        """The session, resumed or new."""
        session: dict[str, Any] = self.send("POST", "/api/session", {}).json()
        self.csrf = session["csrf_token"]
        return session

    def says(self, text: str) -> int:
        """Write a text and wait for what is answered; the status."""
        return self._give("/api/messages", {"text": text})

    def tells(self, text: str) -> None:
        """Write a text that nobody answers at once: a person has the conversation. Raises AssertionError."""
        answer = self.send("POST", "/api/messages", {"client_id": str(uuid4()), "text": text})
        assert answer.status_code == httpx.codes.ACCEPTED, f"{answer.status_code} for a message to a person"

    def until(self, holds: Callable[[], bool], otherwise: str) -> None:
        """Wait until the stream shows something. Raises AssertionError."""
        until = time.monotonic() + ANSWER_SECONDS
        with self._news:
            while not holds():
                assert self._news.wait(until - time.monotonic()), f"{otherwise}: {self.state} {self.last_words()[:200]}"

    def chooses(self, title: str) -> int:
        """Take the choice of that title of the newest answer that has choices. Raises LookupError."""
        offered: list[dict[str, str]] = next(
            (message["choices"] for message in reversed(self.messages) if message["choices"]), []
        )
        for choice in offered:
            if choice["title"].casefold().startswith(title.casefold()):
                return self._give("/api/messages", {"choice_id": choice["id"]})
        raise LookupError(f"no choice {title!r} among {[choice['title'] for choice in offered]} at {self.state}")

    def gives(self, purpose: str, value: str) -> int:
        """Fill the protected field, again where identity is slow, and wait for what is answered; the status."""
        for _ in range(_TRIES - 1):
            status = self._give("/api/secrets", {"purpose": purpose, "value": value})
            if status != httpx.codes.SERVICE_UNAVAILABLE:
                return status
            time.sleep(1)
        return self._give("/api/secrets", {"purpose": purpose, "value": value})

    def at(self, step: str) -> None:
        """Raises AssertionError unless the registration stands at that step: the way was not gone as it was meant."""
        assert self.state.get("step") == step, f"at {self.state.get('step')}, not {step}: {self.last_words()[:200]}"

    def last_words(self) -> str:
        """What was said last."""
        return " / ".join(message["text"] for message in self.messages[-3:])

    # ---- pages ----

    def get(self, path: str) -> httpx.Response:
        """Open a page or ask an API."""
        return self.send("GET", path)

    def send(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        """One request, with the CSRF token; the answer is kept."""
        headers = {"X-CSRF-Token": self.csrf, **options.pop("headers", {})}
        answer = self.http.request(method, path, json=body, headers=headers, **options)
        headers_too = f"\n{answer.status_code}\n{list(answer.headers.raw)}\n".encode()
        self._keep(headers_too + answer.content)
        return answer

    def send_form(self, path: str, fields: dict[str, str]) -> httpx.Response:
        """A plain form, as a page without scripts sends it."""
        answer = self.http.post(path, data=fields, headers={"Sec-Fetch-Site": "same-origin"})
        self._keep(f"\n{answer.status_code}\n{list(answer.headers.raw)}\n".encode() + answer.content)
        return answer

    def post_as_page(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """A POST of the sign-in pages, whose CSRF token is another; what it answers, with its `status`."""
        if not self.http.cookies.get("ac_signin_seed") or not self._page_csrf:
            self._page_csrf = self.get("/api/sign-in").json()["csrf_token"]
        answer = self.send("POST", path, body, headers={"X-CSRF-Token": self._page_csrf})
        told = answer.json() if answer.content else {}
        self._page_csrf = told.get("csrf_token") or self._page_csrf
        return {**told, "status": answer.status_code}

    # ---- the stream ----

    def _give(self, path: str, body: dict[str, Any]) -> int:
        answer = self.send("POST", path, {"client_id": str(uuid4()), **body})
        if answer.status_code == httpx.codes.ACCEPTED:
            self._wait_for(answer.json()["seq"])
        return answer.status_code

    def _wait_for(self, seq: int) -> None:
        """Until something of ours came after `seq`, and the state with it."""
        until = time.monotonic() + ANSWER_SECONDS
        with self._news:
            while not self._answered(seq):
                if not self._news.wait(until - time.monotonic()):
                    raise AssertionError(f"silence after {seq}: {self.last_words()[:200]}")

    def _answered(self, seq: int) -> bool:
        return self._state_after > seq and any(
            message["seq"] > seq and message["author"] in _FROM_US for message in self.messages
        )

    def _read(self) -> None:
        while not self._closed:
            with contextlib.suppress(httpx.HTTPError, RuntimeError, OSError):
                self._read_stream()
            time.sleep(0.05)

    def _read_stream(self) -> None:
        seen = max((message["seq"] for message in self.messages), default=0)
        with (
            httpx.Client(base_url=self._gateway_url, cookies=self.http.cookies, timeout=_QUIET_SECONDS) as reading,
            reading.stream("GET", "/api/events", params={"after": seen}) as stream,
        ):
            rest = b""
            for part in stream.iter_bytes():
                self._keep(part)
                rest += part
                *events, rest = rest.split(b"\n\n")
                for event in events:
                    self._take(event.decode())
                if self._closed:
                    return

    def _take(self, event: str) -> None:
        fields = dict(line.split(": ", 1) for line in event.splitlines() if ": " in line)
        name, data = fields.get("event"), fields.get("data")
        if data is None:
            return
        with self._news:
            if name == "message":
                self.messages.append(json.loads(data))
            elif name == "state":
                self.state = json.loads(data)
                self._state_after = max((message["seq"] for message in self.messages), default=0)
            self._news.notify_all()

    def _keep(self, data: bytes) -> None:
        with self._file.open("ab") as file:
            file.write(data)
