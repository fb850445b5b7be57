"""One identity service under test: started, killed and started again on its database, and its customers."""

# ruff: noqa: ASYNC240 (it waits for other processes and their files)
from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from areaclienti.domain.names import canonical_name
from areaclienti.identity.db.engine import Database
from areaclienti.identity.db.migrate import upgrade
from areaclienti.identity.db.models import Contact, Customer, Policy
from areaclienti.identity.notices import load_notice
from areaclienti.supervisor.free_ports import free_ports
from benchmarks.delivery.nursery import Nursery, lives

GATEWAY_KEY, ACTIONS_KEY = "gateway-key-of-the-benchmark", "actions-key-of-the-benchmark"
PUBLIC_URL = "https://areaclienti.example"
_READY_SECONDS = 40


@dataclass(frozen=True, slots=True)
class Person:
    """A customer with one contact: a mobile or an e-mail address."""

    number: int
    kind: str

    @property
    def contact(self) -> str:
        return f"+3932{self.number:08d}" if self.kind == "mobile" else f"cliente{self.number}@posta.example"


class Identity:
    """The process; everything else that it needs lies in `folder`."""

    def __init__(self, nursery: Nursery, folder: Path, database_url: str, settings: Mapping[str, object]) -> None:
        self._nursery = nursery
        self.folder = folder
        self.database_url = database_url
        (self.port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "identity.log"
        self._settings = settings
        self._processes: list[int] = []
        self._people = 0
        self.starts = self.kills = 0

    async def prepare(self, people: int) -> None:
        """Make the database and put that many customers of either kind into it."""
        await asyncio.to_thread(upgrade, self.database_url)
        database = Database(self.database_url)
        async with database.write() as session:
            session.add_all(_customer(Person(n, kind)) for n in range(people) for kind in ("mobile", "email"))
        await database.close()

    def people(self) -> Iterator[Person]:
        """Yield customers whom nobody has used yet, a mobile and an e-mail in turn."""
        while True:
            number, kind = divmod(self._people, 2)
            self._people += 1
            yield Person(number, ("mobile", "email")[kind])

    async def start(self, step: str | None = None, marker: Path | None = None, port: int | None = None) -> None:
        """Start one (more) process and wait until it serves."""
        port = port or self.port
        if marker:
            marker.unlink(missing_ok=True)
        process = self._nursery.start(port, self._environment(), self.log, step, marker)
        self._processes.append(process)
        self.starts += 1
        async with httpx.AsyncClient() as client, asyncio.timeout(_READY_SECONDS):
            while True:
                if not lives(process):
                    raise RuntimeError(f"identity ended by itself; its log: {self.log.read_text()[-2000:]}")
                with contextlib.suppress(httpx.HTTPError):
                    if (await client.get(f"http://127.0.0.1:{port}/health/live", timeout=1)).is_success:
                        return
                if marker and marker.exists():
                    return  # it came to its step before it could say so
                await asyncio.sleep(0.05)

    def kill(self) -> None:
        """kill -9, every process of this service."""
        self.kills += sum(self._nursery.kill(process) for process in self._processes)
        self._processes.clear()

    async def register(self, person: Person) -> str:
        """Register as the assistant does, again and again until it is answered; return the challenge's id.

        The calls keep their idempotency keys, so that an answer lost in a kill makes nothing twice.
        """
        conversation = uuid.uuid4().hex
        async with httpx.AsyncClient(base_url=self.url, timeout=5) as client:
            deposit = {
                "conversation_id": conversation,
                "purpose": "password",
                "value": "Tramonto9Giallo",
                "client_address": f"address of {conversation}",
            }
            secret = await _until_answered(client, "/v1/vault/secrets", deposit, GATEWAY_KEY, conversation)
            notice = load_notice()
            seen = {
                "conversation_id": conversation,
                "channel": "web",
                "version": notice.version,
                "sha256": notice.sha256,
            }
            path = "/v1/privacy-notice/acknowledgements"
            acknowledged = await _until_answered(client, path, seen, ACTIONS_KEY, conversation)
            claims = {
                "conversation_id": conversation,
                "channel": "web",
                "customer_type": "persona",
                "given_name": _GIVEN,
                "family_name": _FAMILY,
                "contact": person.contact,
                "password_reference": secret["reference"],
                "acknowledgement_id": acknowledged["acknowledgement_id"],
            }
            match = await _until_answered(client, "/v1/registrations", claims, ACTIONS_KEY, conversation)
        if match["outcome"] != "code_sent":
            raise RuntimeError(f"the registration was answered {match['outcome']}")
        return str(match["challenge"]["challenge_id"])

    def _environment(self) -> dict[str, str]:
        settings: dict[str, object] = {
            "identity_database_url": self.database_url,
            "identity_gateway_key": GATEWAY_KEY,
            "identity_actions_key": ACTIONS_KEY,
            "code_key": "code-key-of-the-benchmark",
            "vault_key": "vault-key-of-the-benchmark",
            "var_dir": self.folder,
            "public_url": PUBLIC_URL,
            "delivery": "live",
            "answer_floor_seconds": 0,
            "password_hash_memory_kib": 8 * 1024,
            "password_hash_rounds": 1,
            "outbox_poll_seconds": 0.2,
            **self._settings,
        }
        return {f"AREACLIENTI_{name.upper()}": str(value) for name, value in settings.items()}


_GIVEN, _FAMILY = "Mario", "Rossi"


def _customer(person: Person) -> Customer:
    code = f"{person.kind}-{person.number}"
    return Customer(
        code=code,
        type="persona",
        given_name=_GIVEN,
        family_name=_FAMILY,
        given_key=canonical_name(_GIVEN),
        family_key=canonical_name(_FAMILY),
        contacts=[Contact(kind=person.kind, value=person.contact, key=person.contact)],
        policies=[
            Policy(
                number=f"P-{code}",
                product="Vita Serena",
                line="vita",
                status="attiva",
                started_on=date(2021, 3, 1),
                expires_on=date(2041, 3, 1),
                annual_premium_cents=120_000,
            )
        ],
    )


async def _until_answered(
    client: httpx.AsyncClient, path: str, body: dict[str, Any], key: str, conversation: str
) -> dict[str, Any]:
    headers = {
        "Authorization": f"Bearer {key}",
        "X-Conversation": conversation,
        "Idempotency-Key": f"{conversation}-{path.rpartition('/')[2]}",
    }
    while True:
        try:
            answer = await client.post(path, json=body, headers=headers)
        except httpx.HTTPError:
            await asyncio.sleep(0.2)  # killed, or standing still at its step: the caller tries again
            continue
        if answer.status_code < 500:
            answer.raise_for_status()
            return dict(answer.json())
        await asyncio.sleep(0.2)
