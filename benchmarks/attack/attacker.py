"""Whoever attacks: speaks the contract as gateway and actions would, from many conversations and addresses at once."""

from __future__ import annotations

import asyncio
import itertools
import re
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import delete

from areaclienti.crypto import new_token, sha256_hex
from areaclienti.identity import notices, vault
from areaclienti.identity.db.models import VaultEntry
from areaclienti.password_hashes import Passwords
from benchmarks.attack.target import Target

PASSWORD = "Tramonto9Giallo"
CONNECTIONS = 200
_CODE = re.compile(r"(?<!\d)(\d{6})(?!\d)")
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Conversation:
    """One chat, and the address that the attacker's requests in it seem to come from."""

    id: str
    address: str


class Attacker:
    """Sends requests, each on a connection of its own so that they really run at the same time."""

    def __init__(self, target: Target, connections: Sequence[httpx.AsyncClient], password_hash: str) -> None:
        self.target = target
        self._connections = connections
        self._turn = itertools.count()
        self._numbers = itertools.count(1)
        self._password_hash = password_hash
        keys = target.settings
        self._gateway_key = keys.identity_gateway_key.get_secret_value()
        self._actions_key = keys.identity_actions_key.get_secret_value()

    def conversation(self, address: str | None = None) -> Conversation:
        """A new chat, from a new address unless one is given."""
        number = next(self._numbers)
        return Conversation(f"attack-{secrets.token_hex(8)}", address or address_number(number))

    async def gateway(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return await self._send(method, path, body, {"Authorization": f"Bearer {self._gateway_key}"} | headers)

    async def actions(self, path: str, body: Any, conversation: Conversation, key: str | None = None) -> httpx.Response:
        headers = {
            "Authorization": f"Bearer {self._actions_key}",
            "X-Conversation": conversation.id,
            "Idempotency-Key": key or secrets.token_hex(12),
        }
        return await self._send("POST", path, body, headers)

    async def deposit(self, conversation: Conversation, purpose: str, value: str) -> httpx.Response:
        body = {
            "conversation_id": conversation.id,
            "purpose": purpose,
            "value": value,
            "client_address": conversation.address,
        }
        return await self.gateway("POST", "/v1/vault/secrets", body)

    async def reference(self, conversation: Conversation, purpose: str, value: str) -> str:
        return str((await self.deposit(conversation, purpose, value)).json()["reference"])

    async def references(self, conversation: Conversation, purpose: str, values: Sequence[str]) -> list[str]:
        """References to secrets that are written straight into the database, all of them good at once."""
        services, references = self.target.services, [f"vlt_{new_token()}" for _ in values]
        async with services.database.write() as session:
            for reference, value in zip(references, values, strict=True):
                digest = sha256_hex(reference)
                session.add(
                    VaultEntry(
                        reference_sha256=digest,
                        conversation_id=conversation.id,
                        purpose=purpose,
                        sealed=services.sealer.seal(value, f"vault {digest}"),
                        expires_at=services.clock() + timedelta(minutes=10),
                    )
                )
        return references

    async def references_anew(self, conversation: Conversation, purpose: str, values: Sequence[str]) -> list[str]:
        """As `references`, in place of what the conversation has in the vault already."""
        async with self.target.services.database.write() as session:
            await session.execute(
                delete(VaultEntry).where(VaultEntry.conversation_id == conversation.id, VaultEntry.purpose == purpose)
            )
        return await self.references(conversation, purpose, values)

    async def registration_body(self, conversation: Conversation, claims: Mapping[str, str]) -> dict[str, str]:
        """What begins a registration. Password and acknowledgement are put in by the product's own code, in process:
        argon2id would cost 0.2 s of a core each, and is not what is attacked here.
        """
        async with self.target.services.work() as work:
            notice = self.target.services.notice
            known = await notices.acknowledge(work, notice, conversation.id, "web", notice.version, notice.sha256)
            deposited = await vault.deposit(
                work, conversation.id, "password", self._password_hash, conversation.address
            )
            acknowledgement_id = known.id
        return dict(claims) | {
            "conversation_id": conversation.id,
            "channel": "web",
            "password_reference": deposited.reference,
            "acknowledgement_id": acknowledgement_id,
        }

    async def begin(self, conversation: Conversation, claims: Mapping[str, str]) -> httpx.Response:
        return await self.actions("/v1/registrations", await self.registration_body(conversation, claims), conversation)

    async def on(self, conversation: Conversation, registration_id: str, action: str, body: Any) -> httpx.Response:
        return await self.actions(f"/v1/registrations/{registration_id}/{action}", body, conversation)

    async def guess(self, conversation: Conversation, registration_id: str, code: str) -> httpx.Response:
        """Deposits a code and has it checked."""
        reference = await self.reference(conversation, "verification_code", code)
        return await self.on(conversation, registration_id, "verification", {"code_reference": reference})

    async def identify(self, conversation: Conversation, registration_id: str, tax_code: str) -> httpx.Response:
        reference = await self.reference(conversation, "tax_code", tax_code)
        return await self.on(conversation, registration_id, "identification", {"tax_code_reference": reference})

    async def sign_in(self, username: str, password: str, address: str) -> httpx.Response:
        body = {"username": username, "password": password, "client_address": address}
        return await self.gateway("POST", "/v1/sign-in", body)

    async def newest_code(self, recipient: str, after: int = 0) -> str:
        """What the owner of the contact reads in his inbox."""
        query = "SELECT text FROM mailbox_messages WHERE recipient = :to AND id > :after ORDER BY id DESC"
        until = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
        while asyncio.get_running_loop().time() < until:
            for (text,) in await self.target.rows(query, to=recipient, after=after):
                if found := _CODE.search(text):
                    return found[1]
            await asyncio.sleep(0.1)
        raise RuntimeError("a code that was sent did not arrive")

    async def newest_message(self) -> int:
        return await self.target.number("SELECT coalesce(max(id), 0) FROM mailbox_messages")

    async def _send(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> httpx.Response:
        turn = next(self._turn)
        url = self.target.urls[turn % len(self.target.urls)]
        connection = self._connections[turn % len(self._connections)]
        return await connection.request(method, url + path, json=body, headers=headers)


@asynccontextmanager
async def attacking(target: Target) -> AsyncIterator[Attacker]:
    """An attacker with as many connections as there are clients in a race."""
    password_hash = await Passwords(8 * 1024, 1, 1).hash(PASSWORD)
    # One pool for all would look through all its connections for each request.
    connections = [
        httpx.AsyncClient(
            timeout=_PATIENCE_SECONDS,
            verify=False,
            limits=httpx.Limits(max_connections=8, keepalive_expiry=60),  # sooner than the server gives up
        )
        for _ in range(CONNECTIONS)
    ]
    try:
        yield Attacker(target, connections, password_hash)
    finally:
        for connection in connections:
            await connection.aclose()


def address_number(number: int) -> str:
    """One of 16 million IPv4 addresses, of the range that carriers use inside (RFC 6598 and 10/8)."""
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def wrong(code: str, by: int = 1) -> str:
    """Another code; `by` from 1 to 999,999 tells which."""
    return f"{(int(code) + by) % 1_000_000:06d}"
