"""In-process doubles of the engine and of identity that hold callers to docs/contracts.md."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Annotated, Any, Literal

from annotated_types import Len
from fastapi import FastAPI, Header, HTTPException, Request
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, model_validator
from starlette.responses import JSONResponse, Response

from areaclienti.domain.passwords import failed_rules
from areaclienti.domain.taxcodes import TaxCodeRejected, parse_tax_code

ENGINE_KEY = "engine-key-for-tests"
IDENTITY_KEY = "identity-key-for-tests"


class TurnBody(BaseModel):
    """What the contract lets a turn be, and nothing else."""

    model_config = ConfigDict(extra="forbid")
    conversation_id: str
    message_id: str
    channel: Literal["web", "whatsapp"]
    locale: Literal["it"]
    mobile: Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{5,14}$")] | None = None
    text: str | None = None
    intent: str | None = None
    entities: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _text_or_intent(self) -> TurnBody:
        assert (self.text is None) != (self.intent is None), "either text or intent"
        assert (self.intent is None) == (self.entities is None), "entities go with an intent"
        return self


class EraseBody(BaseModel):
    """Conversations to forget."""

    model_config = ConfigDict(extra="forbid")
    conversation_ids: Annotated[list[str], Len(1, 100)]
    rewrite: bool


class Engine:
    """An engine that answers what the test set, idempotently, and remembers what it was asked."""

    def __init__(self) -> None:
        self.turns: list[TurnBody] = []  # each one processed, once
        self.requests = 0
        self.classified: list[str] = []
        self.erased: list[str] = []
        self.refused = 0  # erasures, while it was not ready
        self.overlapping = 0
        self.step, self.expects = "customer_type", "choice"
        self.choices: list[dict[str, Any]] = []
        self.card: dict[str, Any] | None = None
        self.handover: dict[str, str] | None = None
        self.customer_type: str | None = None
        self.given: dict[str, str | None] = {}  # what customers said who they are
        self.delay = 0.0
        self.ready = True
        self.gate: asyncio.Event | None = None
        self.failures: list[Literal["no_reply", "turn_failed", "bad_turn", "nonsense", "answer_lost"]] = []
        self.meaning = {"intent": "nlu_fallback", "confidence": 0.3}
        self._answers: dict[tuple[str, str], dict[str, Any]] = {}
        self._running: defaultdict[str, int] = defaultdict(int)
        self.app = self._build()

    def expect(self, step: str, expects: str, choices: list[dict[str, Any]] | None = None) -> None:
        """What the next answers say."""
        self.step, self.expects, self.choices = step, expects, choices or []

    def _build(self) -> FastAPI:
        app = FastAPI()

        @app.post("/webhooks/turn/turns")
        async def turns(request: Request, authorization: str = Header("")) -> Response:
            if authorization != f"Bearer {ENGINE_KEY}":
                raise HTTPException(401)
            try:
                turn = TurnBody.model_validate(await request.json())
            except ValidationError:
                return JSONResponse({"code": "bad_turn", "message": "bad turn"}, 400)
            self.requests += 1
            self._running[turn.conversation_id] += 1
            self.overlapping += self._running[turn.conversation_id] > 1
            try:
                return await self._answer(turn)
            finally:
                self._running[turn.conversation_id] -= 1

        @app.post("/webhooks/turn/classify")
        async def classify(request: Request, authorization: str = Header("")) -> Response:
            if authorization != f"Bearer {ENGINE_KEY}":
                raise HTTPException(401)
            self.classified.append((await request.json())["text"])
            return JSONResponse(self.meaning)

        @app.post("/webhooks/turn/conversations/erase")
        async def erase(body: EraseBody, authorization: str = Header("")) -> Response:
            if authorization != f"Bearer {ENGINE_KEY}":
                raise HTTPException(401)
            if not self.ready:
                self.refused += 1
                return JSONResponse({"code": "turn_failed", "message": "down"}, 500)
            gone = {turn.conversation_id for turn in self.turns} & set(body.conversation_ids) - set(self.erased)
            self.erased += body.conversation_ids
            return JSONResponse({"erased": len(gone), "clean": True})

        @app.post("/webhooks/turn/conversations/given")
        async def given(body: dict[str, str]) -> Response:
            if not self.ready:
                return JSONResponse({"code": "turn_failed", "message": "down"}, 500)
            return JSONResponse(self.given if body["conversation_id"] not in self.erased else {})

        @app.post("/webhooks/turn/conversations/mentioning")
        async def mentioning(body: dict[str, list[str]]) -> dict[str, list[str]]:
            kept = [turn for turn in self.turns if turn.conversation_id not in self.erased]
            said = [(turn.conversation_id, (turn.text or "").lower()) for turn in kept]
            return {"conversation_ids": sorted({one for one, text in said for word in body["words"] if word in text})}

        @app.get("/webhooks/turn/health/ready")
        async def ready() -> Response:
            return JSONResponse({}, 200 if self.ready else 503)

        return app

    async def _answer(self, turn: TurnBody) -> Response:
        if self.gate is not None:
            await self.gate.wait()
        await asyncio.sleep(self.delay)
        failure = self.failures.pop(0) if self.failures else None
        if failure == "nonsense":
            return JSONResponse({"messages": []})
        if failure == "bad_turn":
            return JSONResponse({"code": failure, "message": failure}, 400)
        if failure in ("no_reply", "turn_failed"):
            return JSONResponse({"code": failure, "message": failure}, 500)
        key = (turn.conversation_id, turn.message_id)
        if key not in self._answers:
            self.turns.append(turn)
            heard = turn.text or turn.intent
            message = {"text": f"[{len(self.turns)}] {heard}", "utterance": "utter_test", "choices": self.choices}
            if self.card:
                message["card"] = self.card
            self._answers[key] = {"messages": [message], "step": self.step, "expects": self.expects}
            if self.customer_type:
                self._answers[key]["customer_type"] = self.customer_type
            if self.handover:
                self._answers[key]["handover"] = self.handover
        if failure == "answer_lost":
            return Response(status_code=502)
        return JSONResponse(self._answers[key])


class Identity:
    """An identity that keeps secrets in memory and answers the sign-in as the test set."""

    def __init__(self) -> None:
        self.deposits: list[dict[str, str]] = []
        self.down = False
        self.refused = 0  # requests, while it was down
        self.mailbox_on = True
        self.sign_in: dict[str, Any] = {"outcome": "rejected"}
        self.signed_in_from: list[str] = []
        self.seen_codes: list[tuple[str, str]] = []
        self.sessions = {"customer-session-token"}
        self.receipts: list[tuple[str, dict[str, Any]]] = []
        self.receipts_answer = 200
        self.devices: list[dict[str, str | None]] = []
        self.asked: list[tuple[str, str, Any]] = []  # of the account and of password resets: method, path, body
        self.answers: dict[str, dict[str, Any]] = {}  # by path; a `status` in it is the answer's
        self.app = self._build()

    def _build(self) -> FastAPI:
        app = FastAPI()

        @app.middleware("http")
        async def key_and_faults(request: Request, call_next: Any) -> Response:
            if self.down:
                self.refused += 1
                return JSONResponse({"code": "internal", "message": "down"}, 500)
            if request.headers.get("authorization") != f"Bearer {IDENTITY_KEY}":
                return JSONResponse({"code": "unauthorized", "message": "key"}, 401)
            response: Response = await call_next(request)
            return response

        @app.post("/v1/vault/secrets")
        async def deposit(body: dict[str, str]) -> Response:
            assert set(body) == {"conversation_id", "purpose", "value", "client_address"}
            broken = _broken_rules(body["purpose"], body["value"])
            if broken:
                refusal = {"code": "secret_rejected", "message": "rejected", "failed_rules": broken}
                return JSONResponse(refusal, 422)
            await asyncio.sleep(0.005)
            self.deposits.append(body)
            reference = f"vlt_{len(self.deposits)}"
            return JSONResponse(
                {"reference": reference, "purpose": body["purpose"], "expires_at": "2026-11-23T12:00:00Z"}, 201
            )

        @app.get("/v1/privacy-notice")
        async def notice() -> dict[str, str]:
            return {
                "version": "1",
                "sha256": "0" * 64,
                "title": "Informativa",
                "text": "x",
                "published_on": "2026-01-01",
            }

        @app.get("/v1/mailbox/messages")
        async def mailbox(after: str | None = None) -> Response:
            if not self.mailbox_on:
                return JSONResponse({"code": "not_found", "message": "off"}, 404)
            return JSONResponse({"messages": [{"id": "m2", "after": after}]})

        @app.post("/v1/sign-in")
        async def sign_in(body: dict[str, Any]) -> dict[str, Any]:
            assert set(body) == {"username", "password", "client_address", "device"}
            self.devices.append(body["device"])
            self.signed_in_from.append(body["client_address"])
            return self.sign_in

        @app.post("/v1/sign-in/{sign_in_id}/verification")
        async def verification(sign_in_id: str, body: dict[str, Any]) -> Response:
            assert set(body) == {"code", "device"}
            self.seen_codes.append((sign_in_id, body["code"]))
            if sign_in_id != "sgn_1":
                return JSONResponse({"code": "sign_in_unknown", "message": "?"}, 404)
            return JSONResponse(self.sign_in)

        @app.post("/v1/sign-in/{sign_in_id}/code")
        async def code(sign_in_id: str) -> dict[str, Any]:
            return {"outcome": "too_soon", "challenge": None, "retry_after_seconds": 30}

        @app.get("/v1/customers/me")
        async def me(x_session_token: str = Header("")) -> Response:
            if x_session_token not in self.sessions:
                return JSONResponse({"code": "session_invalid", "message": "over"}, 401)
            return JSONResponse({"display_name": "Mario Rossi", "policies": []})

        @app.delete("/v1/sessions/current", status_code=204)
        async def end(x_session_token: str = Header("")) -> None:
            self.sessions.discard(x_session_token)

        @app.post("/v1/receipts/sms/{provider}")
        async def receipts(provider: str, body: dict[str, Any]) -> Response:
            assert set(body) == {"path_token", "query", "headers", "body"}
            self.receipts.append((provider, body))
            return JSONResponse({"outcomes": []}, self.receipts_answer)

        async def account(request: Request, x_session_token: str = Header("")) -> Response:
            path = request.url.path
            if not path.startswith("/v1/password-resets") and x_session_token not in self.sessions:
                return JSONResponse({"code": "session_invalid", "message": "over"}, 401)
            body = await request.body()
            self.asked.append((request.method, path, await request.json() if body else None))
            answer = dict(self.answers.get(path, {"status": 204}))
            status = answer.pop("status", 200)
            return Response(status_code=204) if status == 204 else JSONResponse(answer, status)

        for path in ("/v1/sessions", "/v1/sessions/end-others", "/v1/step-ups", "/v1/account/{rest}",
                     "/v1/step-ups/{step_up_id}/{rest}", "/v1/password-resets",
                     "/v1/password-resets/{reset_id}/{rest}"):  # fmt: skip
            app.add_api_route(path, account, methods=["GET", "POST", "PUT"])

        @app.get("/health/ready")
        async def ready() -> dict[str, str]:
            return {}

        return app


def _broken_rules(purpose: str, value: str) -> list[str]:
    if purpose == "password":
        return failed_rules(value)
    if purpose == "verification_code":
        return [] if len(value) == 6 and value.isdigit() else ["six_digits"]
    try:
        parse_tax_code(value)
    except TaxCodeRejected:
        return ["not_a_tax_code"]
    return []
