"""Asks Chatwoot: its public API as the customer, its application API as the product's user there; retries nothing."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Any

import httpx

from areaclienti.desk.chatwoot.events import Said, State, said_in, state_in
from areaclienti.settings import GatewaySettings

TIMEOUT_SECONDS = 10.0
_CONNECT_SECONDS = 5.0
_PAGE = 100  # messages that Chatwoot lists at once after an id
_NOT_TAKEN = frozenset({429})


class Refused(Exception):
    """Chatwoot's answer is an error, and nothing was done."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP status {status}")
        self.status = status

    @property
    def is_about_token(self) -> bool:
        """Whether no request can be right until an operator has done something."""
        return self.status in (401, 402, 403)


class Unanswered(Exception):
    """No answer that can be read. `maybe_done`: what was asked may have been done all the same."""

    def __init__(self, reason: str, *, maybe_done: bool, retry_after_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.maybe_done = maybe_done
        self.retry_after_seconds = retry_after_seconds


class ChatwootClient:
    """One inbox of one account. Every method raises Refused and Unanswered."""

    def __init__(
        self,
        settings: GatewaySettings,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        """The settings are those of `handover` "chatwoot"."""
        url, account = str(settings.chatwoot_url).rstrip("/"), settings.chatwoot_account_id
        self._public = f"{url}/public/api/v1/inboxes/{settings.chatwoot_inbox_identifier}/contacts"
        self._application = f"{url}/api/v1/accounts/{account}"
        self._profile = f"{url}/api/v1/profile"
        token, proof = settings.chatwoot_api_token, settings.chatwoot_hmac_token
        self._token = {"api_access_token": token.get_secret_value() if token else ""}
        self._proof = proof.get_secret_value() if proof else None
        self._bot_id = settings.chatwoot_bot_id
        self._seconds = timeout_seconds
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(timeout_seconds, connect=min(_CONNECT_SECONDS, timeout_seconds)),
            transport=transport,
            follow_redirects=False,
        )

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    # ---- as the customer ----

    async def create_contact(self, identifier: str, name: str) -> int:
        """The contact of that identifier, made unless it is there: asking again changes nothing. Its id."""
        body = {"source_id": identifier, "identifier": identifier, "name": name, **self._proven(identifier)}
        return _id(await self._ask("POST", self._public, body))

    async def find_contact(self, identifier: str) -> int | None:
        """The contact's id; None when there is none."""
        try:
            return _id(
                await self._ask("GET", f"{self._public}/{identifier}", params=self._proven(identifier, full=True))
            )
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    async def create_conversation(self, identifier: str) -> int:
        """A new conversation of the contact: asking again makes another one."""
        return _id(await self._ask("POST", f"{self._public}/{identifier}/conversations", {}))

    async def conversations_of(self, identifier: str) -> list[int]:
        """The contact's conversations, the first one first."""
        found = await self._ask("GET", f"{self._public}/{identifier}/conversations")
        return sorted(_id(one) for one in found) if isinstance(found, list) else []

    async def say_as_customer(self, identifier: str, chatwoot_id: int, text: str, echo_id: str) -> int:
        """A line of the customer's; the message's id. `echo_id` comes back on screens and keeps nothing from being
        said twice.
        """
        path = f"{self._public}/{identifier}/conversations/{chatwoot_id}/messages"
        return _id(await self._ask("POST", path, {"content": text, "echo_id": echo_id}))

    # ---- as the product's user ----

    async def say(self, chatwoot_id: int, text: str, source_id: str, *, is_private: bool) -> int:
        """A line of the assistant's, or a note for agents alone; the message's id. `source_id` stays with it."""
        as_bot = {"sender_type": "AgentBot", "sender_id": self._bot_id} if self._bot_id and not is_private else {}
        body = {"content": text, "message_type": "outgoing", "private": is_private, "source_id": source_id, **as_bot}
        return _id(await self._ask("POST", f"{self._of(chatwoot_id)}/messages", body, is_ours=True))

    async def messages_after(self, chatwoot_id: int, message_id: int) -> list[Said]:
        """All messages with a greater id, in the order of the ids."""
        said: dict[int, Said] = {}
        while True:
            found = await self._ask(
                "GET", f"{self._of(chatwoot_id)}/messages", params={"after": str(message_id)}, is_ours=True
            )
            payload = found.get("payload") if isinstance(found, dict) else None
            page = [one for one in map(said_in, _objects(payload)) if one is not None and one.id > message_id]
            said.update({one.id: one for one in page})
            if len(page) < _PAGE:
                return [said[number] for number in sorted(said)]
            message_id = max(said)

    async def state(self, chatwoot_id: int) -> State:
        """How the conversation stands."""
        found = await self._ask("GET", self._of(chatwoot_id), is_ours=True)
        state = state_in(found) if isinstance(found, dict) else None
        if state is None:
            raise Unanswered("answer_unreadable", maybe_done=False)
        return state

    async def set_labels(self, chatwoot_id: int, labels: Sequence[str]) -> None:
        """These labels and no others."""
        await self._ask("POST", f"{self._of(chatwoot_id)}/labels", {"labels": list(labels)}, is_ours=True)

    async def assign_team(self, chatwoot_id: int, team_id: int) -> None:
        """Let this team have it."""
        await self._ask("POST", f"{self._of(chatwoot_id)}/assignments", {"team_id": team_id}, is_ours=True)

    async def assign_agent(self, chatwoot_id: int, agent_id: int | None) -> None:
        """Let this agent have it, or nobody."""
        await self._ask("POST", f"{self._of(chatwoot_id)}/assignments", {"assignee_id": agent_id}, is_ours=True)

    async def set_status(self, chatwoot_id: int, status: str) -> None:
        """`open` or `resolved`."""
        await self._ask("POST", f"{self._of(chatwoot_id)}/toggle_status", {"status": status}, is_ours=True)

    async def mark(self, chatwoot_id: int, message_id: int, why: str | None) -> None:
        """Show beside an agent's message that the customer has it, or why he has not."""
        body = {"status": "delivered"} if why is None else {"status": "failed", "external_error": why}
        await self._ask("PATCH", f"{self._of(chatwoot_id)}/messages/{message_id}", body, is_ours=True)

    async def agents_there(self) -> dict[int, bool]:
        """Everybody who may answer, and whether he is there (online or busy)."""
        found = await self._ask("GET", f"{self._application}/agents", is_ours=True)
        return {_id(one): one.get("availability_status") in ("online", "busy") for one in _objects(found)}

    async def own_id(self) -> int:
        """The id of the product's user."""
        return _id(await self._ask("GET", self._profile, is_ours=True))

    async def delete_contact(self, contact_id: int) -> None:
        """Delete the contact and all his conversations; one that is not there is no error."""
        try:
            await self._ask("DELETE", f"{self._application}/contacts/{contact_id}", is_ours=True)
        except Refused as refused:
            if refused.status != 404:
                raise

    # ---- how ----

    def _of(self, chatwoot_id: int) -> str:
        return f"{self._application}/conversations/{chatwoot_id}"

    def _proven(self, identifier: str, *, full: bool = False) -> dict[str, str]:
        """The proof that an inbox with identity validation asks for. Source: docs of the API channel, HMAC."""
        if self._proof is None:
            return {}
        proof = {"identifier_hash": hmac.digest(self._proof.encode(), identifier.encode(), hashlib.sha256).hex()}
        return proof | ({"identifier": identifier} if full else {})

    async def _ask(
        self,
        method: str,
        url: str,
        body: dict[str, Any] | None = None,
        *,
        params: dict[str, str] | None = None,
        is_ours: bool = False,
    ) -> Any:
        changes = method != "GET"
        try:
            async with asyncio.timeout(self._seconds):  # in all: httpx counts each step of a request by itself
                response = await self._http.request(
                    method, url, json=body, params=params, headers=self._token if is_ours else {}
                )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise Unanswered("unreachable", maybe_done=False) from None
        except (httpx.HTTPError, TimeoutError):
            raise Unanswered("answer_lost", maybe_done=changes) from None
        if response.status_code in _NOT_TAKEN:
            raise Unanswered("slow_down", maybe_done=False, retry_after_seconds=_retry_after(response))
        if response.status_code >= 500:
            raise Unanswered(f"error_{response.status_code}", maybe_done=changes)
        if not response.is_success:
            raise Refused(response.status_code)
        if not response.content.strip():
            return None
        try:
            return response.json()
        except ValueError:
            raise Unanswered("answer_unreadable", maybe_done=changes) from None


def _id(answer: Any) -> int:
    number = answer.get("id") if isinstance(answer, dict) else None
    if not isinstance(number, int) or isinstance(number, bool):
        raise Unanswered("answer_unreadable", maybe_done=True)
    return number


def _objects(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("retry-after", "")
    return float(value) if re.fullmatch(r"[0-9]{1,4}", value) else None
