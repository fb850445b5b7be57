"""A business that answers on WhatsApp by a script: its webhook, and its messages to the simulator's Graph side."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

LONG = (
    "Ho trovato più recapiti in archivio. *A quale* vuoi che ti inviamo il codice? Quello che scegli diventa il tuo "
    "nome utente.\n\nSe non li riconosci, contatta il tuo Consulente o la tua Agenzia."
)
PRIVACY = "https://area.example/informativa-privacy"


def text(body: str) -> dict[str, Any]:
    return {"type": "text", "text": {"body": body}}


def buttons(body: str, *titles: str) -> dict[str, Any]:
    replies = [{"type": "reply", "reply": {"id": f"choice-{title}", "title": title}} for title in titles]
    return {
        "type": "interactive",
        "interactive": {"type": "button", "body": {"text": body}, "action": {"buttons": replies}},
    }


def rows(body: str, *titles: str) -> dict[str, Any]:
    listed = [
        {"id": f"row-{title}", "title": title, "description": f"Riceverai il codice qui: {title}"} for title in titles
    ]
    action = {"button": "Scegli il recapito", "sections": [{"title": "I tuoi recapiti", "rows": listed}]}
    return {"type": "interactive", "interactive": {"type": "list", "body": {"text": body}, "action": action}}


def link(body: str, label: str, url: str) -> dict[str, Any]:
    action = {"name": "cta_url", "parameters": {"display_text": label, "url": url}}
    footer = {"text": "Il link vale 10 minuti"}
    interactive = {"type": "cta_url", "body": {"text": body}, "footer": footer, "action": action}
    return {"type": "interactive", "interactive": interactive}


# What it answers to a text or a title; to anything else, that it didn't understand.
ANSWERS: dict[str, list[dict[str, Any]]] = {
    "Ciao! Vorrei registrarmi": [
        buttons(
            "Ciao, sono l’assistente virtuale di *Area Clienti*. Ti aiuto a registrarti: bastano pochi minuti.\n\n"
            "Sei un cliente privato o un’azienda?",
            "Persona",
            "Azienda",
        )
    ],
    "Persona": [text("Perfetto. Come ti chiami? Scrivi *nome e cognome*.")],
    "Mario Rossi": [
        buttons(
            "Grazie, Mario. Quale contatto vuoi usare come nome utente?\n\n"
            "Vuoi usare il numero +39 *** *** 4600 da cui scrivi?",
            "Uso questo numero",
            "Un’email",
            "Un altro numero",
        )
    ],
    "Uso questo numero": [
        link(
            "Ora scegli la tua *password*: almeno 8 caratteri, con una maiuscola, una minuscola e un numero. Non "
            "scriverla qui, aprila sulla pagina protetta.",
            "Crea la password",
            "https://area.example/riservato/prova",
        )
    ],
    "elenco": [rows(LONG, "18*****@m**.com", "mic*****@gm**.com", "*****600", "*****450")],
    "formati": [
        text(
            "*grassetto* _corsivo_ ~barrato~ `codice`\n> una citazione\n- primo\n- secondo\nhttps://area.example/x, "
            "5*3*2 resta così\n<b>non è grassetto</b>"
        )
    ],
    "lungo": [text("parola " * 120 + "x" * 300)],
}


class Business:
    """Answers every webhook; `silent` lets it refuse them instead, as while it is away."""

    def __init__(self, graph: str, token: str) -> None:
        self._client = httpx.Client(base_url=graph, headers={"Authorization": f"Bearer {token}"}, trust_env=False)
        self.messages: list[dict[str, Any]] = []
        self.statuses: list[str] = []
        self.silent = False
        self._answering: list[threading.Thread] = []
        self.typing_first = threading.Event()  # set: it shows its dots and waits for `go`
        self.go = threading.Event()
        self.app = Starlette(routes=[Route("/webhooks/whatsapp", self._take, methods=["GET", "POST"])])

    def say(self, to: str, message: dict[str, Any]) -> httpx.Response:
        """Send a message of its own."""
        recipient = {"recipient": to} if "." in to else {"to": to}
        return self._post({"messaging_product": "whatsapp", **recipient, **message})

    def received(self, count: int) -> list[dict[str, Any]]:
        """All messages so far, once there are as many as `count`, at most a minute later.

        The phone's page shows what its person did before the webhook of it is here.
        """
        ends = time.monotonic() + 60
        while len(self.messages) < count and time.monotonic() < ends:
            time.sleep(0.05)
        return list(self.messages)

    def close(self) -> None:
        """Let go of the connection, when every answer is out."""
        self.go.set()
        for answering in self._answering:
            answering.join(10)
        self._client.close()

    async def _take(self, request: Request) -> Response:
        if request.method == "GET":
            return PlainTextResponse(request.query_params["hub.challenge"])
        if self.silent:
            return JSONResponse({}, 503)
        value = json.loads(await request.body())["entry"][0]["changes"][0]["value"]
        self.statuses += [status["status"] for status in value.get("statuses", [])]
        for message in value.get("messages", []):
            self.messages.append(message)
            answering = threading.Thread(target=self._answer, args=(message, value["contacts"][0]))
            answering.start()
            self._answering.append(answering)
        return JSONResponse({})

    def _answer(self, message: dict[str, Any], contact: dict[str, Any]) -> None:
        if message["type"] in ("reaction", "revoke"):
            return
        receipt = {"messaging_product": "whatsapp", "status": "read", "message_id": message["id"]}
        self._post(receipt | {"typing_indicator": {"type": "text"}})
        if self.typing_first.is_set():
            self.go.wait(10)
        for answer in ANSWERS.get(_said(message), [text("Non ho capito bene. Puoi scriverlo in un altro modo?")]):
            self.say(contact["user_id"], answer)

    def _post(self, body: dict[str, Any]) -> httpx.Response:
        return self._client.post("/v23.0/100000000000001/messages", json=body)


def _said(message: dict[str, Any]) -> str:
    if message["type"] == "text":
        return str(message["text"]["body"])
    reply = message.get("interactive", {})
    return str(reply.get("button_reply", reply.get("list_reply", {})).get("title", ""))
