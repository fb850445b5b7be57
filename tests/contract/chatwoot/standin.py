"""A stand-in for Chatwoot: its public and application API and its webhooks, as its source says that they behave.

Sources, all in chatwoot/chatwoot: app/controllers/public/api/v1/inboxes (contacts, conversations, messages),
app/controllers/api/v1/accounts (conversations and what hangs on them, contacts, agents), app/finders/message_finder.rb,
app/builders (message, conversation, contact inbox), app/presenters/conversations/event_data_presenter.rb,
app/listeners/webhook_listener.rb, lib/webhooks/trigger.rb. Nothing of the adapter is imported.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ACCOUNT, INBOX = 7, "inbox-identifier-1234"
TOKEN, HMAC_TOKEN, SECRET = "api-access-token-for-tests", "hmac-token-for-tests", "webhook-secret-for-tests"
OWN_ID, BOT_ID = 90, 5
PUBSUB = "pubsub-token-that-nobody-may-log"
TYPES = {"incoming": 0, "outgoing": 1, "activity": 2, "template": 3}
PAGE = 100

Deliver = Callable[[bytes, dict[str, str]], Awaitable[int]]


@dataclass
class Person:
    """Who works there."""

    id: int
    name: str
    availability: str = "online"

    def card(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name, "available_name": self.name, "type": "user"}


@dataclass
class Contact:
    """A customer, as an inbox knows him."""

    id: int
    source_id: str
    name: str
    is_proven: bool


@dataclass
class Conversation:
    """What agents see."""

    id: int
    source_id: str
    status: str = "open"
    assignee: int | None = None
    team: int | None = None
    labels: list[str] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    updated_at: float = 0.0


@dataclass
class Chatwoot:
    """`answers`: what the next requests meet, in order; each may be kept for paths that contain a word."""

    people: dict[int, Person] = field(
        default_factory=lambda: {one.id: one for one in (Person(OWN_ID, "Area Clienti"), Person(11, "Giulia Conti"),
                                                         Person(12, "Marco Riva"))}
    )  # fmt: skip
    contacts: dict[str, Contact] = field(default_factory=dict)
    conversations: dict[int, Conversation] = field(default_factory=dict)
    deleted: list[int] = field(default_factory=list)
    online_contacts: set[int] = field(default_factory=set)
    answers: list[tuple[str, str]] = field(default_factory=list)  # (word in "METHOD path", what goes wrong)
    is_down: bool = False
    token: str = TOKEN
    signs: bool = True
    keeps_source_ids: bool = True
    webhook_timeout: float = 5.0
    retries: int = 0  # API inboxes: none; an agent bot's webhook twice more, on 429 and 500 only
    holds_webhooks: bool = False
    webhooks: list[tuple[bytes, str]] = field(default_factory=list)  # held back: body, delivery id
    deliveries: list[int] = field(default_factory=list)  # statuses of all tries, 0 for a time-out
    requests: list[tuple[str, str]] = field(default_factory=list)
    seen_bytes: bytearray = field(default_factory=bytearray)  # all that was ever sent here
    deliver: Deliver | None = None
    holds: Path | None = None  # takes the next message, makes this file and answers late
    gate: asyncio.Event | None = None  # messages are taken when it is set

    def __post_init__(self) -> None:
        self._next_id = 0
        self._jobs: set[asyncio.Task[None]] = set()
        public = "/public/api/v1/inboxes/{inbox}/contacts"
        account = "/api/v1/accounts/{account:int}"
        one = account + "/conversations/{id:int}"
        self.app = Starlette(
            routes=[
                Route(public, self._create_contact, methods=["POST"]),
                Route(public + "/{source}", self._show_contact, methods=["GET"]),
                Route(public + "/{source}/conversations", self._conversations_of, methods=["GET", "POST"]),
                Route(public + "/{source}/conversations/{id:int}/messages", self._customer_says, methods=["POST"]),
                Route(one, self._show, methods=["GET"]),
                Route(one + "/messages", self._messages, methods=["GET", "POST"]),
                Route(one + "/messages/{message:int}", self._mark, methods=["PATCH"]),
                Route(one + "/labels", self._labels, methods=["POST"]),
                Route(one + "/assignments", self._assign, methods=["POST"]),
                Route(one + "/toggle_status", self._toggle_status, methods=["POST"]),
                Route(account + "/agents", self._agents, methods=["GET"]),
                Route(account + "/contacts/{contact:int}", self._delete_contact, methods=["DELETE"]),
                Route(account + "/labels", self._all_labels, methods=["GET"]),
                Route(account + "/teams", self._teams, methods=["GET"]),
                Route(account + "/inboxes", self._inboxes, methods=["GET"]),
                Route("/api/v1/profile", self._profile, methods=["GET"]),
            ]
        )
        self.account_labels: list[str] = []
        self.teams: dict[int, str] = {3: "agenzia ferrara", 4: "direzione"}
        self.inbox: dict[str, Any] = {
            "id": 2, "name": "Area Clienti", "channel_type": "Channel::Api", "inbox_identifier": INBOX,
            "webhook_url": "", "hmac_mandatory": False, "hmac_token": HMAC_TOKEN, "csat_survey_enabled": False,
            "greeting_enabled": False, "lock_to_single_conversation": False,
        }  # fmt: skip
        self.role = "administrator"

    # ---- the way to it ----

    @property
    def transport(self) -> httpx.MockTransport:
        """In-process, with what goes wrong on the way."""
        inner = httpx.ASGITransport(self.app)

        async def handle(request: httpx.Request) -> httpx.Response:
            what = f"{request.method} {request.url.path}"
            self.requests.append((request.method, request.url.path))
            self.seen_bytes += request.url.raw_path + request.content
            fault = self._fault(what)
            if self.is_down or fault == "unreachable":
                raise httpx.ConnectError("refused")
            if fault is not None and fault.isdigit():
                return httpx.Response(int(fault), json={"error": "…"}, headers={"retry-after": "0"})
            if self.gate is not None and what.endswith("/messages") and request.method == "POST":
                await self.gate.wait()
            forwarded = httpx.Request(request.method, request.url, headers=request.headers, content=request.content)
            response = await inner.handle_async_request(forwarded)
            body = await response.aread()
            if fault == "lost":
                raise httpx.ReadError("reset")
            return httpx.Response(response.status_code, content=body, headers=response.headers)

        return httpx.MockTransport(handle)

    def _fault(self, what: str) -> str | None:
        for position, (word, fault) in enumerate(self.answers):
            if word in what:
                del self.answers[position]
                return fault
        return None

    # ---- what tests look at and what agents do ----

    @property
    def only(self) -> Conversation:
        """The one conversation that there is."""
        (conversation,) = self.conversations.values()
        return conversation

    def said(self, *types: str, private: bool = False) -> list[str]:
        """The texts of the only conversation's messages, in order."""
        wanted = {TYPES[one] for one in types}
        found = (one for one in self.only.messages if one["message_type"] in wanted)
        return [one["content"] for one in found if one["private"] == private]

    def writes(self, person: int, text: str, *, private: bool = False, files: bool = False) -> dict[str, Any]:
        """An agent writes on his screen."""
        message = self._say(self.only, text, "outgoing", self.people[person].card(), private=private)
        if files:
            message["attachments"] = [{"id": 1, "file_type": "file"}]
        self._tell_of_message(message, self.only)
        return message

    def assigns(self, person: int | None) -> None:
        """Somebody gives the conversation to an agent, or to nobody."""
        self.only.assignee = person
        self._changed(self.only, "conversation_updated", "assignee_id")

    def labels(self, *labels: str) -> None:
        """An agent puts labels on it."""
        self.only.labels = [*self.only.labels, *labels]
        self._changed(self.only, "conversation_updated", "label_list")

    def resolves(self, *labels: str) -> None:
        """An agent, or his macro: labels, then resolved."""
        if labels:
            self.labels(*labels)
        self.only.status = "resolved"
        self._changed(self.only, "conversation_status_changed", "status")

    async def settle(self) -> None:
        """Wait until no webhook is under way."""
        while self._jobs:
            await asyncio.wait(list(self._jobs))

    async def release(self, *, backwards: bool = False, times: int = 1) -> None:
        """Deliver what was held back, one after the other."""
        held, self.webhooks = self.webhooks, []
        for body, delivery in reversed(held) if backwards else held:
            for _ in range(times):
                await self._deliver(body, delivery)

    # ---- public API ----

    def _inbox(self, request: Request) -> Response | None:
        return None if request.path_params["inbox"] == INBOX else _not_found()

    def _is_proven(self, given: Any) -> bool | None:
        """None: the proof is wrong, which Chatwoot answers with an internal error."""
        proof, identifier = given.get("identifier_hash"), str(given.get("identifier") or "")
        if not proof:
            return None if self.inbox["hmac_mandatory"] else False
        expected = hmac.digest(HMAC_TOKEN.encode(), identifier.encode(), hashlib.sha256).hex()
        return True if proof == expected else None

    async def _create_contact(self, request: Request) -> Response:
        if (missing := self._inbox(request)) is not None:
            return missing
        body = await request.json()
        assert set(body) <= {
            "source_id",
            "identifier",
            "identifier_hash",
            "email",
            "name",
            "phone_number",
            "avatar_url",
        }
        proven = self._is_proven(body)
        if proven is None:
            return JSONResponse({"error": "HMAC failed"}, 500)
        source = body.get("source_id") or str(uuid.uuid4())
        if source not in self.contacts:  # ContactInboxWithContactBuilder finds by source_id
            self.contacts[source] = Contact(self._id(), source, body.get("name", ""), proven)
        return JSONResponse(self._contact(self.contacts[source]))

    async def _show_contact(self, request: Request) -> Response:
        contact = self.contacts.get(request.path_params["source"])
        if self._inbox(request) is not None or contact is None:
            return _not_found()
        return JSONResponse(self._contact(contact))

    async def _conversations_of(self, request: Request) -> Response:
        source = request.path_params["source"]
        if self._inbox(request) is not None or source not in self.contacts:
            return _not_found()
        if request.method == "GET":
            return JSONResponse([self._public(one) for one in self.conversations.values() if one.source_id == source])
        conversation = Conversation(len(self.conversations) + 101, source, updated_at=time.time())
        self.conversations[conversation.id] = conversation
        self._changed(conversation, "conversation_created")
        return JSONResponse(self._public(conversation))

    async def _customer_says(self, request: Request) -> Response:
        conversation = self.conversations.get(request.path_params["id"])
        if self._inbox(request) is not None or conversation is None:
            return _not_found()
        if conversation.source_id != request.path_params["source"]:
            return _not_found()
        body = await request.json()
        assert set(body) <= {"content", "echo_id", "attachments"} and 0 < len(body["content"]) <= 150_000
        if conversation.status == "resolved":  # Message#reopen_conversation
            conversation.status = "open"
            self._changed(conversation, "conversation_status_changed", "status")
        sender = {"id": self.contacts[conversation.source_id].id, "name": "…", "type": "contact"}
        # echo_id goes back to the screen that sent it, and nowhere else: the same one twice is two messages
        message = self._say(conversation, body["content"], "incoming", sender)
        self._tell_of_message(message, conversation)
        await self._maybe_hold()
        return JSONResponse(message | {"echo_id": body.get("echo_id")})

    # ---- application API ----

    def _denied(self, request: Request) -> Response | None:
        if request.headers.get("api_access_token") != self.token:
            return JSONResponse({"error": "Invalid Access Token"}, 401)
        account, number = request.path_params.get("account"), request.path_params.get("id")
        if account not in (None, ACCOUNT):
            return JSONResponse({"error": "Account not found"}, 404)
        return _not_found() if number is not None and number not in self.conversations else None

    async def _show(self, request: Request) -> Response:
        if (denied := self._denied(request)) is not None:
            return denied
        return JSONResponse(self._push(self.conversations[request.path_params["id"]]))

    async def _messages(self, request: Request) -> Response:
        if (denied := self._denied(request)) is not None:
            return denied
        conversation = self.conversations[request.path_params["id"]]
        if request.method == "GET":
            after = int(request.query_params["after"])
            found = [one for one in conversation.messages if one["id"] > after][:PAGE]
            return JSONResponse({"meta": {}, "payload": found})
        body = await request.json()
        assert body["message_type"] in ("outgoing", "incoming") and 0 < len(body["content"]) <= 150_000
        sender = self.people[OWN_ID].card()
        if body.get("sender_type") == "AgentBot":
            assert body["sender_id"] == BOT_ID
            sender = {"id": BOT_ID, "name": "Assistente", "type": "agent_bot"}
        message = self._say(conversation, body["content"], "outgoing", sender, private=body.get("private", False))
        message["source_id"] = body.get("source_id") if self.keeps_source_ids else None
        self._tell_of_message(message, conversation)
        return JSONResponse(message)

    async def _mark(self, request: Request) -> Response:
        if (denied := self._denied(request)) is not None:
            return denied
        body = await request.json()
        messages = self.conversations[request.path_params["id"]].messages
        for message in messages:
            if message["id"] == request.path_params["message"]:
                assert body["status"] in ("sent", "delivered", "read", "failed")
                message["status"], message["external_error"] = body["status"], body.get("external_error")
                return JSONResponse(message)
        return _not_found()

    async def _labels(self, request: Request) -> Response:
        if (denied := self._denied(request)) is not None:
            return denied
        conversation = self.conversations[request.path_params["id"]]
        conversation.labels = list((await request.json())["labels"])
        self._changed(conversation, "conversation_updated", "label_list")
        return JSONResponse({"payload": conversation.labels})

    async def _assign(self, request: Request) -> Response:
        if (denied := self._denied(request)) is not None:
            return denied
        conversation, body = self.conversations[request.path_params["id"]], await request.json()
        if "assignee_id" in body:
            conversation.assignee = body["assignee_id"] if body["assignee_id"] in self.people else None
            changed = "assignee_id"
        else:
            conversation.team = body["team_id"] if body["team_id"] in self.teams else None
            changed = "team_id"
        self._changed(conversation, "conversation_updated", changed)
        return JSONResponse(None)

    async def _toggle_status(self, request: Request) -> Response:
        if (denied := self._denied(request)) is not None:
            return denied
        conversation, body = self.conversations[request.path_params["id"]], await request.json()
        assert body["status"] in ("open", "resolved", "pending", "snoozed")
        is_change = conversation.status != body["status"]
        conversation.status = body["status"]
        if conversation.status == "open" and self.role == "agent":  # handle_human_open
            conversation.assignee = OWN_ID
        if is_change:
            self._changed(conversation, "conversation_status_changed", "status")
        return JSONResponse({"payload": {"success": True, "current_status": conversation.status}})

    async def _agents(self, request: Request) -> Response:
        if (denied := self._denied(request)) is not None:
            return denied
        return JSONResponse(
            [one.card() | {"availability_status": one.availability, "email": f"{one.id}@chatwoot.example",
                           "role": "agent"} for one in self.people.values()]
        )  # fmt: skip

    async def _delete_contact(self, request: Request) -> Response:
        if (denied := self._denied(request)) is not None:
            return denied
        number = request.path_params["contact"]
        found = next((one for one in self.contacts.values() if one.id == number), None)
        if found is None:
            return _not_found()
        if number in self.online_contacts:
            return JSONResponse({"message": "online"}, 422)
        del self.contacts[found.source_id]
        self.conversations = {  # dependent: :destroy_async
            one.id: one for one in self.conversations.values() if one.source_id != found.source_id
        }
        self.deleted.append(number)
        return Response()

    async def _profile(self, request: Request) -> Response:
        if request.headers.get("api_access_token") != self.token:
            return JSONResponse({"error": "Invalid Access Token"}, 401)
        account = {"id": ACCOUNT, "role": self.role, "name": "Alleanza"}
        return JSONResponse({"id": OWN_ID, "name": "Area Clienti", "type": "user", "accounts": [account]})

    async def _all_labels(self, request: Request) -> Response:
        denied = self._denied(request)
        return denied or JSONResponse({"payload": [{"id": 1, "title": one} for one in self.account_labels]})

    async def _teams(self, request: Request) -> Response:
        denied = self._denied(request)
        return denied or JSONResponse([{"id": number, "name": name} for number, name in self.teams.items()])

    async def _inboxes(self, request: Request) -> Response:
        return self._denied(request) or JSONResponse({"payload": [self.inbox]})

    # ---- what is told ----

    def _say(
        self, conversation: Conversation, text: str, kind: str, sender: dict[str, Any], *, private: bool = False
    ) -> dict[str, Any]:
        message = {
            "id": self._id(), "content": text, "message_type": TYPES[kind], "private": private, "sender": sender,
            "source_id": None, "status": "sent", "content_type": "text", "content_attributes": {},
            "created_at": int(time.time()), "conversation_id": conversation.id, "inbox_id": 2,
        }  # fmt: skip
        conversation.messages.append(message)
        return message

    def _tell_of_message(self, message: dict[str, Any], conversation: Conversation) -> None:
        kind = next(name for name, number in TYPES.items() if number == message["message_type"])
        payload = message | {"message_type": kind, "conversation": self._push(conversation), "inbox": {"id": 2}}
        self._tell(payload | {"event": "message_created", "account": {"id": ACCOUNT, "name": "Alleanza"}})

    def _changed(self, conversation: Conversation, event: str, *what: str) -> None:
        conversation.updated_at = max(time.time(), conversation.updated_at + 0.000_001)
        changed = [{name: {"previous_value": None, "current_value": None}} for name in what]
        self._tell(self._push(conversation) | {"event": event, "changed_attributes": changed})

    def _tell(self, payload: dict[str, Any]) -> None:
        body, delivery = json.dumps(payload).encode(), str(uuid.uuid4())
        if self.holds_webhooks:
            self.webhooks.append((body, delivery))
        elif self.deliver is not None:
            job = asyncio.create_task(self._deliver(body, delivery))
            self._jobs.add(job)
            job.add_done_callback(self._jobs.discard)

    async def _deliver(self, body: bytes, delivery: str) -> None:
        assert self.deliver is not None
        for _ in range(1 + self.retries):
            headers = {"Content-Type": "application/json"}
            if self.signs:
                stamp = str(int(time.time()))
                mac = hmac.digest(SECRET.encode(), stamp.encode() + b"." + body, hashlib.sha256).hex()
                headers |= {"X-Chatwoot-Delivery": delivery, "X-Chatwoot-Timestamp": stamp,
                            "X-Chatwoot-Signature": f"sha256={mac}"}  # fmt: skip
            try:
                async with asyncio.timeout(self.webhook_timeout):
                    status = await self.deliver(body, headers)
            except (TimeoutError, httpx.HTTPError):
                status = 0
            self.deliveries.append(status)
            if status not in (429, 500):  # RETRYABLE_AGENT_BOT_STATUSES; a time-out is none of them
                break
        if not 200 <= status < 300:
            self._failed(json.loads(body))

    def _failed(self, payload: dict[str, Any]) -> None:
        """Webhooks::Trigger#update_message_status: an API inbox's message whose webhook failed is shown as failed."""
        for conversation in self.conversations.values():
            for message in conversation.messages:
                if payload["event"] == "message_created" and message["id"] == payload["id"]:
                    message["status"] = "failed"

    def _push(self, conversation: Conversation) -> dict[str, Any]:
        assignee = self.people[conversation.assignee].card() if conversation.assignee else None
        contact = self.contacts[conversation.source_id]
        return {
            "id": conversation.id, "account_id": ACCOUNT, "inbox_id": 2, "status": conversation.status,
            "labels": list(conversation.labels), "updated_at": conversation.updated_at, "messages": [],
            "contact_inbox": {"source_id": contact.source_id, "pubsub_token": PUBSUB},
            "meta": {"sender": self._contact(contact), "assignee": assignee, "team": None},
        }  # fmt: skip

    def _public(self, conversation: Conversation) -> dict[str, Any]:
        return {"id": conversation.id, "uuid": str(uuid.uuid4()), "inbox_id": 2, "status": conversation.status}

    def _contact(self, contact: Contact) -> dict[str, Any]:
        return {"source_id": contact.source_id, "pubsub_token": PUBSUB, "id": contact.id, "name": contact.name}

    async def _maybe_hold(self) -> None:
        """Whoever asked is killed meanwhile."""
        if self.holds is not None:
            held, self.holds = self.holds, None
            held.touch()
            await asyncio.sleep(1)

    def _id(self) -> int:
        self._next_id += 1
        return self._next_id


def _not_found() -> Response:
    return JSONResponse({"error": "Resource could not be found"}, 404)
