"""A running identity service on a real database, a small registry, and a client that speaks the contract."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import func, select

from areaclienti.domain.companies import canonical_company
from areaclienti.domain.contacts import parse_contact
from areaclienti.domain.names import canonical_name
from areaclienti.identity.app import create_app
from areaclienti.identity.db.models import Agency, Consultant, Contact, Customer, OutboxMessage, Policy
from areaclienti.identity.services import Services
from areaclienti.settings import IdentitySettings
from tests.unit.known_routes import with_known_routes

GATEWAY_KEY = "gateway-key-of-the-tests"
ACTIONS_KEY = "actions-key-of-the-tests"
PASSWORD = "Tramonto9Giallo"

MARIO_TAX_CODE = "RSSMRA80A01H501U"
OFFICINE_VAT = "00743110157"


class SetClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


def settings_for(database_url: str, **changes: Any) -> IdentitySettings:
    """Production limits, with cheap hashes and no waiting for uniform answers unless a test wants them."""
    defaults: dict[str, Any] = {
        "identity_database_url": database_url,
        "identity_gateway_key": GATEWAY_KEY,
        "identity_actions_key": ACTIONS_KEY,
        "code_key": "code-key-of-the-tests",
        "vault_key": "vault-key-of-the-tests",
        "password_hash_memory_kib": 8 * 1024,
        "password_hash_rounds": 1,
        "identity_migrate_on_start": False,
        "answer_floor_seconds": 0,
        "outbox_poll_seconds": 0.3,  # what is enqueued wakes it: to look more often costs more than the tests do
    }
    return IdentitySettings(_env_file=None, **(defaults | changes))


@dataclass
class World:
    app: FastAPI
    services: Services
    clock: SetClock
    http: httpx.AsyncClient
    _keys: Any = field(default_factory=itertools.count)

    async def gateway(self, method: str, path: str, json: Any = None, **headers: str) -> httpx.Response:
        sent = {"Authorization": f"Bearer {GATEWAY_KEY}"} | headers
        return await self.http.request(method, path, json=json, headers=sent)

    async def actions(
        self, path: str, json: Any, conversation: str = "conv-1", key: str | None = None
    ) -> httpx.Response:
        headers = {
            "Authorization": f"Bearer {ACTIONS_KEY}",
            "X-Conversation": conversation,
            "Idempotency-Key": key or f"key-{next(self._keys)}",
        }
        return await self.http.post(path, json=json, headers=headers)

    async def deposit(
        self, purpose: str, value: str, conversation: str = "conv-1", client_address: str | None = "own"
    ) -> str:
        """Puts a secret in the vault, from an address of the conversation's own unless another is given."""
        asked = {"conversation_id": conversation, "purpose": purpose, "value": value}
        if client_address is not None:
            asked["client_address"] = f"address of {conversation}" if client_address == "own" else client_address
        answer = await self.gateway("POST", "/v1/vault/secrets", asked)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["reference"])

    async def acknowledge(self, conversation: str = "conv-1") -> str:
        notice = self.services.notice
        asked = {
            "conversation_id": conversation,
            "channel": "web",
            "version": notice.version,
            "sha256": notice.sha256,
        }
        answer = await self.actions("/v1/privacy-notice/acknowledgements", asked, conversation)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["acknowledgement_id"])

    async def register(self, conversation: str = "conv-1", key: str | None = None, **claims: str) -> httpx.Response:
        """Deposits a password, acknowledges the notice and begins a registration with these claims."""
        asked = (
            MARIO
            | claims
            | {
                "conversation_id": conversation,
                "channel": "web",
                "password_reference": await self.deposit("password", PASSWORD, conversation),
                "acknowledgement_id": await self.acknowledge(conversation),
            }
        )
        return await self.actions("/v1/registrations", asked, conversation, key)

    async def verify(
        self, registration_id: str, code: str, conversation: str = "conv-1", key: str | None = None
    ) -> httpx.Response:
        reference = await self.deposit("verification_code", code, conversation)
        path = f"/v1/registrations/{registration_id}/verification"
        return await self.actions(path, {"code_reference": reference}, conversation, key)

    async def identify(self, registration_id: str, tax_code: str, conversation: str = "conv-1") -> httpx.Response:
        reference = await self.deposit("tax_code", tax_code, conversation)
        path = f"/v1/registrations/{registration_id}/identification"
        return await self.actions(path, {"tax_code_reference": reference}, conversation)

    async def sign_in(
        self, username: str, password: str = PASSWORD, client_address: str = "192.0.2.1"
    ) -> httpx.Response:
        asked = {"username": username, "password": password, "client_address": client_address}
        return await self.gateway("POST", "/v1/sign-in", asked)

    async def mail(self) -> list[dict[str, Any]]:
        """Everything sent so far, newest first."""
        self.services.outbox_worker.wake()  # the clock may have been moved
        while await self._unsent():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        answer = await self.gateway("GET", "/v1/mailbox/messages")
        return list(answer.json()["messages"])

    async def newest(self, channel: str) -> dict[str, Any]:
        """The newest message of a channel: which of two channels is faster is chance."""
        return next(message for message in await self.mail() if message["channel"] == channel)

    async def _unsent(self) -> int:
        unsent = select(func.count()).where(
            OutboxMessage.status.in_(("pending", "claimed")),
            OutboxMessage.due_at <= self.clock() + timedelta(minutes=2),
        )
        async with self.services.database.read() as session:
            return await session.scalar(unsent) or 0

    async def newest_code(self) -> str:
        for message in await self.mail():
            if found := re.search(r"\b\d{6}\b", message["text"]):
                return found[0]
        raise AssertionError("no code was sent")

    async def account_of_mario(self, contact: str = "mario.rossi@posta.example") -> None:
        registration = (await self.register(contact=contact)).json()
        answer = await self.verify(registration["registration_id"], await self.newest_code())
        assert answer.json()["outcome"] == "account_created", answer.text

    async def session_of_mario(self) -> str:
        """Registers Mario, signs him in with the code of the first access, and gives the session's token."""
        await self.account_of_mario()
        pending = (await self.sign_in("mario.rossi@posta.example")).json()
        answer = await self.gateway(
            "POST", f"/v1/sign-in/{pending['sign_in_id']}/verification", {"code": await self.newest_code()}
        )
        return str(answer.json()["session_token"])


MARIO = {
    "customer_type": "persona",
    "given_name": "Mario",
    "family_name": "Rossi",
    "contact": "mario.rossi@posta.example",
}
ELENA = {  # no mobile on file: manual 10a
    "customer_type": "persona",
    "given_name": "Elena",
    "family_name": "Bianchi",
    "contact": "elena.bianchi@posta.example",
}
CARLO = {  # no active policy: manual A
    "customer_type": "persona",
    "given_name": "Carlo",
    "family_name": "Verdi",
    "contact": "carlo.verdi@posta.example",
}
LUCIA = {  # shares her e-mail with Mario's
    "customer_type": "persona",
    "given_name": "Lucia",
    "family_name": "Rossi",
    "contact": "mario.rossi@posta.example",
}
OFFICINE = {
    "customer_type": "azienda",
    "company_name": "Officine Ferrara S.r.l.",
    "contact": "info@officineferrara.example",
}


def a_registry() -> list[Customer]:
    agency = Agency(code="A1", name="Agenzia di Ferrara", phone="+390532000000", email="ferrara@agenzia.example")
    anna = Consultant(code="C1", agency=agency, name="Anna Neri", phone="+393330000001")
    return [
        _person(
            "1", "Mario", "Rossi", anna, ["mario.rossi@posta.example", "320 1234600", "320 7654450"], MARIO_TAX_CODE
        ),
        _person("2", "Elena", "Bianchi", None, ["elena.bianchi@posta.example"], "BNCLNE75D50F205H"),
        _person("3", "Carlo", "Verdi", anna, ["carlo.verdi@posta.example"], None, status="scaduta"),
        _person("4", "Lucia", "Rossi", anna, ["mario.rossi@posta.example", "333 1112223"], None, device="333 1112223"),
        _person("5", "Paolo", "Gallo", anna, ["333 1112223", "paolo.gallo@posta.example"], None),
        Customer(
            code="6",
            type="azienda",
            company_name="Officine Ferrara S.r.l.",
            company_key=canonical_company("Officine Ferrara S.r.l.").name,
            legal_form_key=canonical_company("Officine Ferrara S.r.l.").legal_form,
            partita_iva=OFFICINE_VAT,
            contacts=[_contact("info@officineferrara.example"), _contact("347 9876543")],
            policies=[_policy("P6", "attiva")],
        ),
    ]


def _person(
    code: str,
    given: str,
    family: str,
    consultant: Consultant | None,
    contacts: list[str],
    tax_code: str | None,
    status: str = "attiva",
    device: str | None = None,
) -> Customer:
    return Customer(
        code=code,
        type="persona",
        given_name=given,
        family_name=family,
        given_key=canonical_name(given),
        family_key=canonical_name(family),
        codice_fiscale=tax_code,
        consultant=consultant,
        contacts=[_contact(contact, contact == device) for contact in contacts],
        policies=[_policy(f"P{code}", status)],
    )


def _contact(text: str, is_device: bool = False) -> Contact:
    contact = parse_contact(text)
    return Contact(kind=contact.kind, value=contact.value, key=contact.key, is_device=is_device)


def _policy(number: str, status: str) -> Policy:
    return Policy(
        number=number,
        product="Vita Serena",
        line="vita",
        status=status,
        started_on=date(2021, 3, 1),
        expires_on=date(2041, 3, 1),
        annual_premium_cents=120_000,
    )


@asynccontextmanager
async def running(
    settings: IdentitySettings, with_registry: bool = True, clock: SetClock | None = None
) -> AsyncIterator[World]:
    clock = clock or SetClock()
    app = with_known_routes(create_app(settings, clock))
    async with app.router.lifespan_context(app):
        services: Services = app.state.services
        if with_registry:
            async with services.database.write() as session:
                session.add_all(a_registry())
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://identity") as http:
            yield World(app, services, clock, http)
