"""Asks the engine: one turn, or what a text means."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterator
from typing import Annotated, Any, Literal, TypeVar

import httpx
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

Step = Literal[
    "idle", "customer_type", "name", "company_name", "contact", "password", "privacy_notice", "verification_code",
    "recheck", "tax_code", "choose_contact", "done", "handover",
]  # fmt: skip
Expects = Literal["text", "choice", "email_or_mobile", "secret:password", "secret:tax_code", "code"]
HandoverReason = Literal[
    "requested", "not_recognised", "codes_spent", "not_understood", "back_end_down", "no_mobile", "other_contact",
]  # fmt: skip


Model = TypeVar("Model", bound=BaseModel)
MOST_AT_ONCE = 100
Asked = Callable[[str, str, float], None]  # what the engine was asked, what became of it, after how many seconds
_CALLS = {"/webhooks/turn/turns": "turn", "/webhooks/turn/classify": "classify"}


class EngineError(Exception):
    """A turn that has no answer. `code` says why; `retriable` whether asking again can help."""

    def __init__(self, code: str, *, retriable: bool) -> None:
        super().__init__(code)
        self.code = code
        self.retriable = retriable


class _Answer(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)


class Choice(_Answer):
    """A button: its label and what pressing it means to the engine."""

    title: str = Field(min_length=1)
    intent: str = Field(min_length=1)
    entities: dict[str, Any] = {}


class NoticeCard(_Answer):
    """Shows the privacy notice."""

    type: Literal["privacy_notice"]


def _safe_link(url: str) -> str:
    if not re.match(r"/(?![/\\])|https://", url):
        raise ValueError("a link is a path of this site or https")
    return url


class LinkCard(_Answer):
    """A link to a page of ours or to an https address."""

    type: Literal["link"]
    url: Annotated[str, AfterValidator(_safe_link)]
    title: str


class BotMessage(_Answer):
    """One message of the assistant."""

    text: str
    utterance: str | None = None  # which response of the domain it is
    choices: list[Choice] = []
    card: NoticeCard | LinkCard | None = None


class HandoverAsked(_Answer):
    """The assistant stops for a person: why, and the point where the registration stood and can go on."""

    reason: HandoverReason
    resume_step: Step
    resume_expects: Expects


class TurnAnswer(_Answer):
    """What the assistant says, where the registration stands afterwards, what input comes next."""

    messages: list[BotMessage] = Field(min_length=1)
    step: Step
    expects: Expects
    handover: HandoverAsked | None = None
    customer_type: Literal["persona", "azienda"] | None = None  # as far as it is known


class Classification(_Answer):
    """What a text seems to mean; confidence from 0 to 1."""

    intent: str
    confidence: float


class ErasedInEngine(_Answer):
    """How many of the conversations the engine had, and whether no byte of them is left in its file."""

    erased: int
    clean: bool


class Given(_Answer):
    """What the customer said who he is, as the registration stands now; None for what he has not said."""

    customer_type: Literal["persona", "azienda"] | None = None
    given_name: str | None = None
    family_name: str | None = None
    company_name: str | None = None
    contact: str | None = None


class KeptConversations(_Answer):
    """What the engine keeps of conversations, as it keeps it."""

    conversations: list[dict[str, Any]]


class MentioningConversations(_Answer):
    """Conversations in which something was said."""

    conversation_ids: list[str]


class EngineClient:
    """The engine behind its HTTP contract. Retries nothing; the caller decides."""

    def __init__(
        self, url: str, key: str, turn_timeout_seconds: float, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.asked: Asked = lambda call, outcome, seconds: None
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"},
            timeout=httpx.Timeout(turn_timeout_seconds, connect=3.0),
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=20),
            transport=transport,
        )

    async def turn(self, body: dict[str, Any]) -> TurnAnswer:
        """The engine's answer to one turn (docs/contracts.md, "Turn"). Raises EngineError."""
        return await self._post("/webhooks/turn/turns", body, TurnAnswer)

    async def classify(self, text: str) -> Classification:
        """What `text` seems to mean; the engine stores nothing of it. Raises EngineError."""
        return await self._post("/webhooks/turn/classify", {"text": text}, Classification)

    async def erase(self, conversation_ids: Collection[str], *, rewrite: bool) -> ErasedInEngine:
        """Has the engine forget conversations, whose turns it refuses from here on; `rewrite`: its file is written anew
        (docs/privacy.md). Raises EngineError: some may be gone then, and asking again finishes.
        """
        erased, clean = 0, True
        for ids in batched(conversation_ids):
            body = {"conversation_ids": ids, "rewrite": rewrite}
            part = await self._post("/webhooks/turn/conversations/erase", body, ErasedInEngine)
            erased, clean = erased + part.erased, part.clean
        return ErasedInEngine(erased=erased, clean=clean)

    async def read(self, conversation_ids: Collection[str]) -> list[dict[str, Any]]:
        """What the engine keeps of conversations. Raises EngineError."""
        found: list[dict[str, Any]] = []
        for ids in batched(conversation_ids):
            body = {"conversation_ids": ids}
            found += (await self._post("/webhooks/turn/conversations/read", body, KeptConversations)).conversations
        return found

    async def given(self, conversation_id: str) -> Given:
        """What the customer said who he is; all None for a conversation not known. Raises EngineError."""
        return await self._post("/webhooks/turn/conversations/given", {"conversation_id": conversation_id}, Given)

    async def mentioning(self, words: Collection[str]) -> list[str]:
        """The ids of the conversations in which one of the words was said or understood. Raises EngineError."""
        found: list[str] = []
        for part in batched(words):
            path = "/webhooks/turn/conversations/mentioning"
            found += (await self._post(path, {"words": part}, MentioningConversations)).conversation_ids
        return found

    async def is_ready(self) -> bool:
        """Whether the engine says that it is ready."""
        try:
            response = await self._http.get("/webhooks/turn/health/ready", timeout=2.0)
        except httpx.HTTPError:
            return False
        return response.is_success

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    async def _post(self, path: str, body: dict[str, Any], model: type[Model]) -> Model:
        begun, outcome = time.monotonic(), "given_up"  # by whoever asked
        try:
            answer = await self._answer(path, body, model)
            outcome = "answered"
            return answer
        except EngineError as error:
            outcome = error.code
            raise
        finally:
            self.asked(_CALLS.get(path, "personal_data"), outcome, time.monotonic() - begun)

    async def _answer(self, path: str, body: dict[str, Any], model: type[Model]) -> Model:
        try:
            response = await self._http.post(path, json=body)
        except httpx.TimeoutException:
            raise EngineError("engine_timeout", retriable=True) from None
        except httpx.HTTPError:
            raise EngineError("engine_unreachable", retriable=True) from None
        if not response.is_success:
            raise EngineError(_error_code(response), retriable=response.status_code >= 500) from None
        try:
            return model.model_validate_json(response.content)
        except ValidationError:
            raise EngineError("engine_answer_invalid", retriable=True) from None


def batched(values: Collection[str]) -> Iterator[list[str]]:
    """The values in lists of as many as the engine takes at once."""
    listed = list(values)
    for start in range(0, len(listed), MOST_AT_ONCE):
        yield listed[start : start + MOST_AT_ONCE]


def _error_code(response: httpx.Response) -> str:
    try:
        code = response.json()["code"]
    except (ValueError, KeyError, TypeError):
        code = None
    known = {"bad_turn", "turn_failed", "no_reply", "conversation_erased"}
    return code if code in known else f"engine_{response.status_code}"
