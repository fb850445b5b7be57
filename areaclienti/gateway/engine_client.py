"""Asks the engine: one turn, or what a text means."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeVar

import httpx
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

Step = Literal[
    "idle", "customer_type", "name", "company_name", "contact", "password", "privacy_notice", "verification_code",
    "recheck", "tax_code", "choose_contact", "done", "handover",
]  # fmt: skip
Expects = Literal["text", "choice", "email_or_mobile", "secret:password", "secret:tax_code", "code"]


Model = TypeVar("Model", bound=BaseModel)


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
    choices: list[Choice] = []
    card: NoticeCard | LinkCard | None = None


class TurnAnswer(_Answer):
    """What the assistant says, where the registration stands afterwards, what input comes next."""

    messages: list[BotMessage] = Field(min_length=1)
    step: Step
    expects: Expects


class Classification(_Answer):
    """What a text seems to mean; confidence from 0 to 1."""

    intent: str
    confidence: float


class EngineClient:
    """The engine behind its HTTP contract. Retries nothing; the caller decides."""

    def __init__(
        self, url: str, key: str, turn_timeout_seconds: float, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
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


def _error_code(response: httpx.Response) -> str:
    try:
        code = response.json()["code"]
    except (ValueError, KeyError, TypeError):
        code = None
    return code if code in {"bad_turn", "turn_failed", "no_reply"} else f"engine_{response.status_code}"
