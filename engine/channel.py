"""The one input channel of the engine: the turn contract of docs/contracts.md over HTTP."""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any
from weakref import WeakValueDictionary

from rasa.core.agent import Agent
from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint, response
from sanic.exceptions import InvalidUsage
from sanic.request import Request
from sanic.response import HTTPResponse

from engine.opening import OPENING, greet
from engine.store import ConversationStore
from engine.turn import Collector, Turn, TurnFailed, current

logger = logging.getLogger(__name__)

MAX_TEXT = 4000
SYNTHETIC_CONFIDENCE = 1.0
_MOBILE = re.compile(r"\+[0-9]{6,18}", re.ASCII)
_LEADING_SLASHES = re.compile(r"^[\s/]+")  # `/ /restart` as well
MOST_AT_ONCE = 100
LONGEST_WORD = 320
GIVEN = ("customer_type", "given_name", "family_name", "company_name", "contact")  # what the customer said who he is


class BadTurn(Exception):
    """The request is not a turn of the contract; the text names the field, never its value."""


class TurnChannel(InputChannel):  # type: ignore[misc]
    """`POST turns`, `POST classify`, `GET health/live`, `GET health/ready` under /webhooks/turn, and what ends or shows
    the personal data of conversations: `POST conversations/erase`, `…/read`, `…/given`, `…/mentioning`.
    """

    def __init__(self, key: str) -> None:
        if len(key) < 16:
            raise ValueError("the engine key (AREACLIENTI_ENGINE_KEY) has to have at least 16 characters")
        self._key = key
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @classmethod
    def name(cls) -> str:
        return "turn"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> TurnChannel:
        return cls(str((credentials or {})["key"]))

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        blueprint = Blueprint("turn")

        @blueprint.get("/health/live")
        async def live(request: Request) -> HTTPResponse:
            return response.json({"status": "live"})

        @blueprint.get("/health/ready")
        async def ready(request: Request) -> HTTPResponse:
            agent: Agent | None = getattr(request.app.ctx, "agent", None)
            if agent is None or not agent.is_ready():
                return response.json({"not_ready": ["model"]}, 503)
            try:
                agent.tracker_store.check()
            except Exception:
                return response.json({"not_ready": ["store"]}, 503)
            return response.json({"status": "ready", "model": agent.model_name})

        @blueprint.post("/turns")
        async def turns(request: Request) -> HTTPResponse:
            return await self._answer(request, self._turn)

        @blueprint.post("/classify")
        async def classify(request: Request) -> HTTPResponse:
            return await self._answer(request, self._classify)

        @blueprint.post("/conversations/erase")
        async def erase(request: Request) -> HTTPResponse:
            return await self._answer(request, self._erase)

        @blueprint.post("/conversations/read")
        async def read(request: Request) -> HTTPResponse:
            return await self._answer(request, self._read)

        @blueprint.post("/conversations/given")
        async def given(request: Request) -> HTTPResponse:
            return await self._answer(request, self._given)

        @blueprint.post("/conversations/mentioning")
        async def mentioning(request: Request) -> HTTPResponse:
            return await self._answer(request, self._mentioning)

        return blueprint

    async def _answer(
        self, request: Request, handle: Callable[[Agent, dict[str, Any]], Awaitable[dict[str, Any]]]
    ) -> HTTPResponse:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self._key.encode()):
            return _error(401, "unauthorized", "the engine key is missing or wrong")
        try:
            return response.json(await handle(request.app.ctx.agent, _body(request)))
        except BadTurn as bad:
            return _error(400, "bad_turn", f"not a turn of the contract: {bad}")
        except TurnFailed as failed:
            return _error(500, failed.code, "nothing of this turn was stored; it can be sent again")
        except Exception as error:
            # Only the type: the text of an exception may repeat what the customer wrote.
            logger.error("turn failed: %s", type(error).__name__)
            return _error(500, "turn_failed", "nothing of this turn was stored; it can be sent again")

    async def _classify(self, agent: Agent, body: dict[str, Any]) -> dict[str, Any]:
        text = _text(body, "text")
        parsed = await agent.processor.parse_message(UserMessage(neutralised(text)))
        return {"intent": parsed["intent"]["name"], "confidence": float(parsed["intent"]["confidence"])}

    async def _turn(self, agent: Agent, body: dict[str, Any]) -> dict[str, Any]:
        conversation_id, message_id = _identifier(body, "conversation_id"), _identifier(body, "message_id")
        lock = self._locks.setdefault(conversation_id, asyncio.Lock())
        async with lock:
            store: ConversationStore = agent.tracker_store
            if (answer := store.answer(conversation_id, message_id)) is not None:
                return answer
            turn = Turn(conversation_id, message_id, Collector(str(body.get("channel", "web"))), _mobile(body))
            message = _user_message(body, turn)
            if body.get("intent") != OPENING and not store.knows(conversation_id):
                await greet(agent, turn)
            token = current.set(turn)
            try:
                await agent.handle_message(message)
            finally:
                current.reset(token)
            if turn.answer is None:
                raise TurnFailed("turn_failed")
            return turn.answer

    async def _erase(self, agent: Agent, body: dict[str, Any]) -> dict[str, Any]:
        store: ConversationStore = agent.tracker_store
        gone = 0
        for conversation_id in _strings(body, "conversation_ids"):
            async with self._locks.setdefault(conversation_id, asyncio.Lock()):  # after the turn that is under way
                gone += store.erase([conversation_id])
        clean = await asyncio.to_thread(store.forget_deleted, rewrite=body.get("rewrite") is True)
        return {"erased": gone, "clean": clean}

    async def _read(self, agent: Agent, body: dict[str, Any]) -> dict[str, Any]:
        store: ConversationStore = agent.tracker_store
        found = [store.read(conversation_id) for conversation_id in _strings(body, "conversation_ids")]
        return {"conversations": [conversation for conversation in found if conversation]}

    async def _given(self, agent: Agent, body: dict[str, Any]) -> dict[str, Any]:
        tracker = await agent.tracker_store.retrieve(_identifier(body, "conversation_id"))
        return {slot: tracker.get_slot(slot) if tracker else None for slot in GIVEN}

    async def _mentioning(self, agent: Agent, body: dict[str, Any]) -> dict[str, Any]:
        store: ConversationStore = agent.tracker_store
        return {"conversation_ids": await asyncio.to_thread(store.mentioning, _strings(body, "words"))}


def neutralised(text: str) -> str:
    """Without the leading slashes that Rasa would read as an intent (`/restart`, `/intent{...}`)."""
    return _LEADING_SLASHES.sub("", text)


def _user_message(body: dict[str, Any], turn: Turn) -> UserMessage:
    parse_data = None
    if "intent" in body:
        intent, entities = _identifier(body, "intent"), body.get("entities") or {}
        if not isinstance(entities, dict):
            raise BadTurn("entities")
        text = ""
        parse_data = _parsed(intent, entities)
    else:
        text = neutralised(_text(body, "text"))
        if not text:
            parse_data = _parsed("nlu_fallback", {})
    return UserMessage(
        text=text,
        output_channel=turn.collector,
        sender_id=turn.conversation_id,
        parse_data=parse_data,
        input_channel=turn.collector.name(),
        message_id=turn.message_id,
    )


def _parsed(intent: str, entities: dict[str, Any]) -> dict[str, Any]:
    return {
        "text": "",
        "intent": {"name": intent, "confidence": SYNTHETIC_CONFIDENCE},
        "entities": [{"entity": name, "value": value, "extractor": "channel"} for name, value in entities.items()],
    }


def _mobile(body: dict[str, Any]) -> str | None:
    value = body.get("mobile")
    if value is not None and not (isinstance(value, str) and _MOBILE.fullmatch(value)):
        raise BadTurn("mobile")
    return value


def _body(request: Request) -> dict[str, Any]:
    try:
        body = request.json
    except InvalidUsage:
        raise BadTurn("body") from None
    if not isinstance(body, dict):
        raise BadTurn("body")
    return body


def _identifier(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        raise BadTurn(name)
    return value


def _strings(body: dict[str, Any], name: str) -> list[str]:
    values = body.get(name)
    if not isinstance(values, list) or len(values) > MOST_AT_ONCE:
        raise BadTurn(name)
    if not all(isinstance(value, str) and 0 < len(value) <= LONGEST_WORD for value in values):
        raise BadTurn(name)
    return values


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise BadTurn(name)
    return value


def _error(status: int, code: str, message: str) -> HTTPResponse:
    return response.json({"code": code, "message": message}, status)
