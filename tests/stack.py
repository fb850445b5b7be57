"""The whole product for tests: its addresses, its mailbox, its processes."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from areaclienti.supervisor.catalogue import environment_of, public_url
from areaclienti.supervisor.display import PlainDisplay
from areaclienti.supervisor.embedded import EmbeddedProduct, product_on_free_ports
from areaclienti.supervisor.surroundings import PREFIX

# Nobody waits in a test: real limits, only shorter or wider. The unit tests hold each at its production value.
TEST_SETTINGS: Mapping[str, str] = {
    "code_resend_backoff_seconds": "[1, 1, 1]",
    "code_resends_per_10_minutes": "1000",
    "code_sends_per_day": "1000",
    "code_checks_per_day": "1000",
    "codes_per_hour_of_address": "100000",
    "tax_codes_per_day_of_address": "100000",
    "resets_per_hour_of_address": "100000",
    "reset_codes_per_day": "100000",
    "outbox_poll_seconds": "0.1",
    "answer_floor_seconds": "0.05",
    "rate_limit_scale": "1000",
}
_CODE = re.compile(r"(?<!\d)(\d{6})(?!\d)")


@dataclass(frozen=True, slots=True)
class Urls:
    """Base addresses, without a slash at the end. `gateway` is the public one, an allowed origin."""

    gateway: str
    identity: str
    engine: str
    actions: str
    simulator: str  # of WhatsApp


class Stack:
    """A running product with the demo customers, a database of its own and short waiting times."""

    def __init__(self, product: EmbeddedProduct) -> None:
        self._product = product
        settings = product.around.settings
        self.var: Path = product.around.var
        self.root: Path = product.around.root
        self.keys: dict[str, str] = product.around.keys()
        self.urls = Urls(
            gateway=public_url(product.around),
            identity=f"http://127.0.0.1:{settings.identity_port}",
            engine=f"http://127.0.0.1:{settings.engine_port}",
            actions=f"http://127.0.0.1:{settings.actions_port}",
            simulator=f"http://127.0.0.1:{settings.simulator_port}",
        )
        self.identity_database: Path = self.var / "identity.db"
        self.gateway_database: Path = self.var / "gateway.db"
        self.engine_database: Path = self.var / "engine.db"

    def settings(self) -> dict[str, str]:
        """The settings that the product runs with, as variables: for a command that works beside it."""
        given = self._product.around.environment
        return {name: value for name, value in given.items() if name.startswith(PREFIX)}

    def environment_of(self, name: str) -> dict[str, str]:
        """All that a service finds around it: for another process of the same kind."""
        return environment_of(name, self._product.around, self.keys)

    def mailbox(self, to: str | None = None, after: int = 0) -> list[dict[str, Any]]:
        """Return the messages that would have been sent, newest first: those to `to`, or all."""
        answer = httpx.get(
            f"{self.urls.identity}/v1/mailbox/messages",
            params={"after": after},
            headers={"Authorization": f"Bearer {self.keys['identity_gateway_key']}"},
            timeout=10,
        )
        answer.raise_for_status()
        return [message for message in answer.json()["messages"] if to in (None, message["to"])]

    def newest_message_id(self) -> int:
        """The id of the newest message in the mailbox, 0 when it is empty: what `newest_code` takes as `after`."""
        return max((message["id"] for message in self.mailbox()), default=0)

    def newest_code(self, to: str, after: int = 0, wait_seconds: float = 10.0) -> str:
        """Return the six digits of the newest message to an address or number, of those after the id `after`.

        Waits for a message that has not come yet; fails when none comes.
        """
        deadline = time.monotonic() + wait_seconds
        while True:
            for message in self.mailbox(to, after):
                if code := _CODE.search(message["text"]):
                    return code[1]
            assert time.monotonic() < deadline, f"no code came to the mailbox within {wait_seconds:g} s"
            time.sleep(0.05)

    def identity_rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Read identity's database while it runs."""
        with contextlib.closing(sqlite3.connect(f"file:{self.identity_database}?mode=ro", uri=True)) as connection:
            return connection.execute(query, parameters).fetchall()

    def stop(self, name: str) -> None:
        """Stop a service (`gateway`, `engine`, `actions`, `identity`, `simulator`); it stays down until `start`."""
        self._product.stop(name)

    def start(self, name: str) -> None:
        """Start a service and wait until it is ready."""
        self._product.start(name)

    def restart(self, name: str) -> None:
        """Stop a service, start it and wait until it is ready."""
        self._product.restart(name)

    def wait_until_ready(self, *names: str) -> None:
        """Wait until the named services, or all, are ready again, as after a kill."""
        self._product.wait_until_ready(*names)

    def pid(self, name: str) -> int:
        """The process id of a service that runs; changes with every restart."""
        return self._product.pids()[name]

    def log(self, name: str) -> str:
        """All that a service has written."""
        return (self.var / "log" / f"{name}.log").read_text(encoding="utf-8")


@contextlib.contextmanager
def running_stack(var: Path, **settings: str) -> Iterator[Stack]:
    """Start a product of its own with its data in `var`; `settings` go beside and above `TEST_SETTINGS`."""
    display = PlainDisplay(Console(stderr=True))
    with product_on_free_ports(var, {**TEST_SETTINGS, **settings}, display) as product:
        yield Stack(product)
