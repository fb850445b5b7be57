"""A gateway for component tests: the browser's contract over a scripted conversation, with faults on demand."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.datastructures import MutableHeaders
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from areaclienti.web.pages import STATIC_DIR, error_page, router

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
LABELS = {
    "customer_type": (1, "Chi sei"),
    "name": (2, "I tuoi dati"),
    "contact": (3, "Nome utente"),
    "password": (4, "Password"),
    "privacy_notice": (4, "Informativa privacy"),
    "recheck": (4, "Verifica dei dati"),
    "tax_code": (4, "Codice fiscale o partita IVA"),
    "choose_contact": (4, "Scelta del recapito"),
    "verification_code": (5, "Codice di verifica"),
}
EXPECTS = {
    "customer_type": "choice",
    "contact": "email_or_mobile",
    "password": "secret:password",
    "privacy_notice": "choice",
    "recheck": "choice",
    "tax_code": "secret:tax_code",
    "choose_contact": "choice",
    "verification_code": "code",
}
NOTICE = {
    "version": "2026-03",
    "sha256": "0" * 64,
    "title": "Informativa sul trattamento dei dati personali",
    "text": "## Chi tratta i tuoi dati\nIl titolare del trattamento è la Compagnia.\n\n## Perché\n"
    + "Usiamo i tuoi dati per creare e proteggere il tuo account. " * 12
    + "\n\n## I tuoi diritti\nPuoi chiedere di vedere, correggere o cancellare i tuoi dati.",
    "published_on": "2026-03-01",
}
GREETING = "Ciao! Sono l’assistente di Area Clienti. Ti aiuto a registrarti: bastano pochi minuti. Da dove partiamo?"

Say = tuple[str, dict[str, Any]]


class Policy:
    """Adds the content security policy to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Content-Security-Policy"] = CSP
            await send(message)

        await self._app(scope, receive, with_policy if scope["type"] == "http" else send)


@dataclass
class Conversation:
    """One browser's conversation: its ledger, its state, and what the stub was told about it."""

    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    ledger: list[dict[str, Any]] = field(default_factory=list)
    step: str = "idle"
    owner: str = "bot"
    choices: dict[str, str] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)
    streams: set[asyncio.Queue[tuple[str, Any]]] = field(default_factory=set)

    def state(self) -> dict[str, Any]:
        place = LABELS.get(self.step)
        progress = {"current": place[0], "total": 5, "label": place[1]} if place and self.owner == "bot" else None
        expects = EXPECTS.get(self.step, "text") if self.owner == "bot" else "text"
        return {"step": self.step, "expects": expects, "progress": progress, "owner": self.owner}

    def tell(self, event: str, data: Any) -> None:
        for stream in list(self.streams):
            stream.put_nowait((event, data))

    def append(self, author: str, kind: str, text: str, **more: Any) -> int:
        seq = len(self.ledger) + 1
        message = {"seq": seq, "author": author, "kind": kind, "text": text, "choices": [], "card": None}
        message |= {"at": datetime.now(UTC).isoformat(), "client_id": None} | more
        self.ledger.append(message)
        self.tell("message", message)
        return seq

    def bot(self, text: str, step: str | None = None, titles: tuple[str, ...] = (), **more: Any) -> None:
        offered = [{"id": secrets.token_urlsafe(6), "title": title} for title in titles]
        self.choices |= {choice["id"]: choice["title"] for choice in offered}
        self.append("bot", "text", text, choices=offered, **more)
        self.step = step or self.step


class Stub:
    """The application and its switches. Faults are set by the tests, from another thread."""

    address = ""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self.conversations: dict[str, Conversation] = {}
        self.posts: list[tuple[str, dict[str, Any]]] = []
        self.fail_posts = 0  # the next n posts are taken, but their answer never arrives
        self.refuse_posts = 0  # the next n posts get 503
        self.streams_blocked = False
        self.streams_opened = 0
        self.mute_heartbeat = False
        self.answer_after = 0.15  # seconds
        self.acknowledge_after = 0.0
        self.outcomes: list[dict[str, Any]] = []  # of the next calls to sign-in
        self.mail: list[dict[str, Any]] = []
        self.sign_in_over = False
        self.signed_in = True
        self.sessions = [a_session("Chrome", "Windows", current=True), a_session("Safari", "iPhone o iPad")]
        self.app = self._build()

    def only(self) -> Conversation:
        """The one conversation there is."""
        (conversation,) = self.conversations.values()
        return conversation

    def drop_streams(self) -> None:
        """End every event stream, as a broken line does."""
        for conversation in self.conversations.values():
            self._in_loop(conversation.tell, "drop", None)

    def move_streams(self) -> None:
        """End every event stream in good order, as one of a replaced cookie ends."""
        for conversation in self.conversations.values():
            self._in_loop(conversation.tell, "moved", {})
        self.drop_streams()

    def say(self, text: str, **more: Any) -> None:
        """Let the assistant say something of itself; returns when it is in the ledger."""
        said = threading.Event()
        self._in_loop(lambda: (self.only().bot(text, **more), said.set()))
        assert said.wait(5)

    def _in_loop(self, action: Callable[..., object], *arguments: object) -> None:
        assert self._loop is not None, "no browser has come yet"
        self._loop.call_soon_threadsafe(action, *arguments)

    def _build(self) -> FastAPI:
        app = FastAPI(openapi_url=None)
        app.include_router(router)
        app.mount("/static", StaticFiles(directory=STATIC_DIR))

        app.add_middleware(Policy)

        @app.exception_handler(404)
        async def not_found(request: Request, _: Exception) -> Response:
            return error_page(request, 404)

        @app.get("/broken")
        async def broken(request: Request) -> Response:
            return error_page(request, 500)

        app.post("/api/session")(self._session)
        app.delete("/api/session")(self._end)
        app.post("/api/messages")(self._message)
        app.post("/api/secrets")(self._secret)
        app.get("/api/events")(self._events)
        app.get("/api/privacy-notice")(self._notice)
        app.get("/api/mailbox")(self._mailbox)
        app.get("/api/sign-in")(self._sign_in_state)
        app.delete("/api/sign-in")(self._sign_out)
        for path in ("/api/sign-in", "/api/sign-in/verification", "/api/sign-in/code"):
            app.post(path)(self._sign_in)
        app.get("/api/me")(self._me)
        app.get("/api/sessions")(self._sessions)
        for path in ("step-up", "step-up/verification", "step-up/code", "password-reset", "account/{operation}",
                     "password-reset/verification", "password-reset/code", "password-reset/password"):  # fmt: skip
            app.post(f"/api/{path}")(self._account)
        return app

    def _of(self, request: Request) -> Conversation | None:
        return self.conversations.get(request.cookies.get("ac_session", ""))

    async def _session(self, request: Request) -> Response:
        self._loop = asyncio.get_running_loop()
        conversation = self._of(request)
        token = request.cookies.get("ac_session", "")
        if conversation is None:
            token, conversation = secrets.token_urlsafe(32), Conversation()
            self.conversations[token] = conversation
            conversation.bot(GREETING, "idle", ("Voglio registrarmi", "Ho una domanda"))
        state = {"csrf_token": conversation.csrf, "last_seq": len(conversation.ledger), "state": conversation.state()}
        response = JSONResponse(state)
        response.set_cookie("ac_session", token, httponly=True, samesite="lax")
        return response

    async def _end(self, request: Request) -> Response:
        conversation = self.conversations.pop(request.cookies.get("ac_session", ""), None)
        if conversation:
            conversation.tell("drop", None)
        return Response(status_code=204)

    async def _post(self, request: Request) -> tuple[Conversation, dict[str, Any]] | Response:
        conversation = self._of(request)
        if conversation is None:
            return _error(401, "no_session")
        if request.headers.get("X-CSRF-Token") != conversation.csrf:
            return _error(403, "bad_csrf")
        body = await request.json()
        self.posts.append((request.url.path, body))
        if self.refuse_posts:
            self.refuse_posts -= 1
            return _error(503, "unavailable")
        return conversation, body

    async def _message(self, request: Request) -> Response:
        taken = await self._post(request)
        if isinstance(taken, Response):
            return taken
        conversation, body = taken
        client_id = body["client_id"]
        if client_id not in conversation.taken:
            if "choice_id" in body and body["choice_id"] not in conversation.choices:
                return _error(409, "choice_expired")
            kind = "choice" if "choice_id" in body else "text"
            text = conversation.choices[body["choice_id"]] if kind == "choice" else body["text"]
            conversation.taken[client_id] = conversation.append("customer", kind, text, client_id=client_id)
            _later(self._turn(conversation, text))
        return self._accepted(conversation.taken[client_id])

    async def _secret(self, request: Request) -> Response:
        taken = await self._post(request)
        if isinstance(taken, Response):
            return taken
        conversation, body = taken
        client_id, purpose, value = body["client_id"], body["purpose"], body["value"]
        failed = _failed_rules(purpose, value)
        if failed:
            return JSONResponse({"code": "secret_rejected", "message": "x", "failed_rules": failed}, status_code=422)
        if client_id not in conversation.taken:
            text = {"password": "Password inserita in modo sicuro"}.get(purpose, "Codice inserito")
            conversation.taken[client_id] = conversation.append("customer", "secret", text, client_id=client_id)
            right = purpose != "verification_code" or value == "123456"
            _later(self._turn(conversation, f"secret:{purpose}:{'right' if right else 'wrong'}"))
        await asyncio.sleep(self.acknowledge_after)
        return self._accepted(conversation.taken[client_id])

    def _accepted(self, seq: int) -> Response:
        if self.fail_posts:
            self.fail_posts -= 1
            # The message is in the ledger, but the browser never learns it from this answer.
            return StreamingResponse(_broken(), status_code=202, headers={"Content-Length": "9"})
        return JSONResponse({"seq": seq}, status_code=202)

    async def _turn(self, conversation: Conversation, text: str) -> None:
        conversation.tell("typing", {"on": True})
        await asyncio.sleep(self.answer_after)
        _reply(conversation, text)
        conversation.tell("typing", {"on": False})
        conversation.tell("state", conversation.state())

    async def _events(self, request: Request, after: int = 0) -> Response:
        conversation = self._of(request)
        if conversation is None:
            return _error(401, "no_session")
        if self.streams_blocked:
            return _error(503, "unavailable")
        self.streams_opened += 1
        stream: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        conversation.streams.add(stream)
        for message in conversation.ledger:
            if message["seq"] > after:
                stream.put_nowait(("message", message))
        stream.put_nowait(("state", conversation.state()))
        return StreamingResponse(self._stream(conversation, stream), media_type="text/event-stream")

    async def _stream(self, conversation: Conversation, stream: asyncio.Queue[tuple[str, Any]]) -> AsyncIterator[str]:
        try:
            while True:
                try:
                    event, data = await asyncio.wait_for(stream.get(), 0.3)
                except TimeoutError:
                    if not self.mute_heartbeat:
                        yield "event: heartbeat\ndata: {}\n\n"
                    continue
                if event == "drop":
                    return
                identity = f"id: {data['seq']}\n" if event == "message" else ""
                yield f"{identity}event: {event}\ndata: {json.dumps(data)}\n\n"
        finally:
            conversation.streams.discard(stream)

    async def _notice(self) -> dict[str, str]:
        return NOTICE

    async def _mailbox(self, after: str | None = None) -> dict[str, Any]:
        return {"messages": self.mail}

    async def _sign_in_state(self) -> dict[str, Any]:
        return {"csrf_token": "token", "state": "signed_out"}

    async def _sign_in(self, request: Request) -> Any:
        if self.sign_in_over:
            return _error(409, "sign_in_expired")
        empty = {"sign_in_id": None, "challenge": None, "retry_after_seconds": None}
        return empty | (self.outcomes.pop(0) if self.outcomes else {"outcome": "rejected"})

    async def _sign_out(self) -> Response:
        return Response(status_code=204)

    async def _account(self, request: Request) -> Response:
        """The next of `outcomes`: an answer, or a refusal with `status`; 204 without one."""
        self.posts.append((request.url.path, await request.json()))
        outcome = dict(self.outcomes.pop(0)) if self.outcomes else {"status": 204}
        status = outcome.pop("status", 200)
        return Response(status_code=204) if status == 204 else JSONResponse(outcome, status)

    async def _sessions(self) -> Response:
        return JSONResponse({"sessions": self.sessions}) if self.signed_in else _error(401, "no_session")

    async def _me(self) -> Response:
        return JSONResponse(CUSTOMER) if self.signed_in else _error(401, "no_session")


def a_session(browser: str | None, system: str | None, current: bool = False) -> dict[str, Any]:
    """One of the customer's sessions, begun an hour ago."""
    since, seen = (datetime.now(UTC) - timedelta(minutes=minutes) for minutes in (60, 0 if current else 12))
    times = {"signed_in_at": since.isoformat(), "last_seen_at": seen.isoformat()}
    return {"browser": browser, "system": system, "current": current} | times


CUSTOMER = {
    "display_name": "Mario Rossi",
    "customer_type": "persona",
    "username_masked": "ma*****@gm***.com",
    "policies": [
        {
            "number": "30-0041872",
            "product": "Piano Risparmio Futuro",
            "line": "risparmio",
            "status": "attiva",
            "started_on": "2019-05-02",
            "expires_on": "2034-05-02",
            "annual_premium_cents": 120000,
        },
        {
            "number": "30-0019004",
            "product": "Protezione Famiglia",
            "line": "protezione",
            "status": "scaduta",
            "started_on": "2014-01-15",
            "expires_on": "2024-01-15",
            "annual_premium_cents": 38450,
        },
    ],
    "consultant": {
        "name": "Giulia Bianchi",
        "agency": "Agenzia di Milano Centro",
        "phone": "+39 02 5550 0100",
        "email": "giulia.bianchi@agenzia.example",
    },
}


async def _broken() -> AsyncIterator[bytes]:
    yield b""
    raise ConnectionResetError("the line broke while the answer was on its way")


_running: set[asyncio.Task[None]] = set()


def _later(turn: Any) -> None:
    task = asyncio.ensure_future(turn)
    _running.add(task)
    task.add_done_callback(_running.discard)


def _error(status: int, code: str) -> Response:
    headers = {"Retry-After": "7"} if status == 429 else {}
    return JSONResponse({"code": code, "message": code}, status_code=status, headers=headers)


def _failed_rules(purpose: str, value: str) -> list[str]:
    if purpose == "password":
        return ["too_common"] if value.lower() == "password1" else []
    if purpose == "verification_code":
        return [] if re.fullmatch(r"\d{6}", value) else ["six_digits"]
    return [] if len(value) in (11, 16) else ["not_a_tax_code"]


def _reply(talk: Conversation, text: str) -> None:
    step = talk.step
    if talk.owner != "bot":
        talk.append("agent", "text", "Buongiorno, sono qui per aiutarti. Ho letto la conversazione.")
    elif text == "Parla con una persona":
        talk.append(
            "system", "notice", "Ti sto mettendo in contatto con una persona. Quello che hai scritto resta qui."
        )
        talk.owner, talk.step = "human", "handover"
    elif text == "errore":
        talk.append("system", "failure", "C’è stato un problema tecnico. Quello che hai inserito è al sicuro.")
    elif text == "vai al codice fiscale":
        talk.bot("Non ti ho ancora riconosciuto. Inserisci il tuo Codice Fiscale o la Partita IVA.", "tax_code")
    elif text == "vai alla password":
        talk.bot("Crea la tua password.", "password")
    elif text == "vai al codice":
        talk.bot("Ti ho inviato un codice di verifica al numero 320 ****600.", "verification_code")
    elif text == "Richiedi nuovo codice":
        talk.bot("Ti ho inviato un nuovo codice al numero 320 ****600. Quello di prima non vale più.")
    elif text.endswith("?"):
        talk.bot(
            "Trovi la polizza tra i documenti che ti ha consegnato il tuo Consulente.\n\nRiprendiamo da dove eravamo."
        )
    elif step == "idle":
        talk.bot("Per registrarti devi avere almeno una polizza Alleanza.")
        talk.bot("Sei un Cliente Privato o un Cliente Business?", "customer_type", ("Persona", "Azienda"))
    elif step == "customer_type":
        talk.bot("Inserisci il tuo Nome e Cognome.", "name")
    elif step == "name":
        talk.bot("Quale contatto vuoi usare come nome utente? Puoi utilizzare email o numero di cellulare.", "contact")
    elif step == "contact":
        talk.bot("Perfetto. Ora crea la tua password.", "password")
    elif step == "password":
        talk.bot(
            "Prendi visione dell’Informativa Privacy per continuare.",
            "privacy_notice",
            ("Ho preso visione",),
            card={"type": "privacy_notice"},
        )
    elif step in ("privacy_notice", "tax_code"):
        talk.bot(
            "Ti ho inviato un codice di verifica al numero 320 ****600.",
            "verification_code",
            ("Richiedi nuovo codice",),
        )
    elif text == "secret:verification_code:wrong":
        talk.bot("Il codice non è corretto: hai ancora 4 tentativi.")
    elif step == "verification_code":
        card = {"type": "link", "url": "/accedi", "title": "Accedi"}
        talk.bot("Il tuo account è pronto! Accedi con il tuo nome utente e la password.", "done", card=card)
    else:
        talk.bot("Sono qui se ti serve altro.")
