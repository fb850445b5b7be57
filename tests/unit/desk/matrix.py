"""Every route of the desk, tried by everybody on everything: what scope.py does not allow must be refused.

The routes come from the routers. RIGHTS says which right each one is under; a route that is not there is a finding.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product
from typing import Any, Final, Literal, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from areaclienti.desk import agents
from areaclienti.desk.scope import Action, Role, Where, Who, may, overall
from areaclienti.gateway.db.desk import DeskAgent, DeskDraft, DeskNote, Handover
from areaclienti.gateway.db.desk_contacts import ContactRequest
from areaclienti.gateway.db.models import Conversation, Message, Turn, now
from areaclienti.gateway.ledger import begun

ORIGIN = "http://localhost:8000"
Kind = Literal["open", "signed_in", "handover", "request", "overall"]
OWN, OTHER = "AG-01", "AG-02"
ROLES: Sequence[Role] = get_args(Role)


@dataclass(frozen=True)
class Right:
    """What a route is under, and a body that is good: what is refused must be refused for the right alone.

    `open`: the door itself. `signed_in`: one's own, or a list in which only what one may see stands. `handover` and
    `request`: the action of scope.py on what the path names. `overall`: the action on all that he may see.
    """

    kind: Kind
    action: Action = "read"
    body: Mapping[str, Any] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)


_HANDOVER = "/desk/api/handovers/{handover_id}"
RIGHTS: Final[Mapping[tuple[str, str], Right]] = {
    ("GET", "/desk/accesso"): Right("open"),
    ("POST", "/desk/accesso"): Right("open", form={"email": "a@example.it", "password": "x"}),
    ("GET", "/desk/accesso/codice"): Right("open"),
    ("POST", "/desk/accesso/codice"): Right("open", form={"codice": "123456"}),
    ("POST", "/desk/uscita"): Right("open"),
    ("GET", "/desk/accesso/oidc"): Right("open"),
    ("GET", "/desk/accesso/oidc/ritorno"): Right("open"),
    ("GET", "/desk/invito/{token}"): Right("open", path={"token": "unknown"}),
    ("POST", "/desk/invito/{token}"): Right("open", path={"token": "unknown"}),
    ("GET", "/desk"): Right("signed_in"),
    ("GET", "/desk/api/queue"): Right("signed_in"),
    ("GET", "/desk/api/agents"): Right("signed_in"),
    ("POST", "/desk/api/heartbeat"): Right("signed_in"),
    ("PUT", "/desk/api/presence"): Right("signed_in", body={"presence": "paused"}),
    ("GET", "/desk/api/events"): Right("signed_in"),
    ("GET", "/desk/recapiti"): Right("signed_in"),
    ("GET", "/desk/conversazioni/{handover_id}"): Right("handover"),
    ("GET", _HANDOVER): Right("handover"),
    ("GET", f"{_HANDOVER}/summary"): Right("handover"),
    ("GET", f"{_HANDOVER}/given"): Right("handover"),
    ("POST", f"{_HANDOVER}/given/{{field}}"): Right(
        "handover", "reveal", {"reason": "call_customer"}, path={"field": "contact"}
    ),
    ("GET", f"{_HANDOVER}/events"): Right("handover"),
    ("POST", f"{_HANDOVER}/claim"): Right("handover", "claim"),
    ("POST", f"{_HANDOVER}/force-take"): Right("handover", "force_take"),
    ("POST", f"{_HANDOVER}/transfer"): Right("handover", "transfer", {"agency_code": "AG-09"}),
    ("POST", f"{_HANDOVER}/release"): Right("handover", "release"),
    ("POST", f"{_HANDOVER}/replies"): Right(
        "handover", "reply", {"client_id": "client-id-1", "text": "Buongiorno", "epoch": 0}
    ),
    ("POST", f"{_HANDOVER}/notes"): Right("handover", "note", {"text": "Nota"}),
    ("PUT", f"{_HANDOVER}/draft"): Right("handover", "draft", {"text": "Bozza"}),
    ("POST", f"{_HANDOVER}/hand-back"): Right("handover", "hand_back", {"step": "contact"}),
    ("POST", f"{_HANDOVER}/close"): Right("handover", "close", {"outcome": "solved"}),
    ("POST", f"{_HANDOVER}/new-contact"): Right("handover", "new_contact", {"contact": "nuovo@example.it"}),
    ("POST", "/desk/recapiti/{request_id}/mostra"): Right(
        "request", "decide_contact", form={"motivo": "call_customer"}
    ),
    ("POST", "/desk/recapiti/{request_id}/decisione"): Right(
        "request", "decide_contact", form={"decisione": "confirm", "motivo": "called_on_file"}
    ),
    ("GET", "/desk/cerca"): Right("signed_in"),
    ("GET", "/desk/cerca.csv"): Right("overall", "export"),
    ("GET", "/desk/andamento"): Right("overall", "figures"),
    ("GET", "/desk/andamento/{table}.csv"): Right("overall", "figures", path={"table": "funnel"}),
}  # fmt: skip


@dataclass(frozen=True)
class Caller:
    """Who asks; `standing` is what became of him since he signed in."""

    role: Role
    agency_code: str | None
    standing: Literal["active", "revoked", "signed_out"]
    agent_id: str
    cookie: str

    def __str__(self) -> str:
        return f"{self.role} of {self.agency_code or 'the pool'}, {self.standing}"


@dataclass(frozen=True)
class Place:
    """How the handover that a request names stands then. `mine`: the caller has it."""

    name: str
    level: str | None
    agency_code: str | None
    mine: bool = False


PLACES: Final = (
    Place("waits in the own agency", "agency", OWN),
    Place("waits in another agency", "agency", OTHER),
    Place("waits for another agency's consultant", "consultant", OTHER),
    Place("waits at the pool", "pool", None),
    Place("nobody knows yet whose", None, None),
    Place("is the caller's, of the own agency", "agency", OWN, mine=True),
    Place("is the caller's, of another agency", "agency", OTHER, mine=True),
)


@dataclass(frozen=True)
class Answer:
    status: int
    body: str


class Matrix:
    """The desk with one caller of each kind, and marked customers of both agencies, of the pool and of nobody yet."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.served = app.state.services
        self.callers: list[Caller] = []
        self.marked: dict[str, Where] = {}  # a text that only who may read there may ever get
        self.subject = self.conversation = self.request = ""

    async def prepare(self) -> None:
        """Fill the database."""
        await self.served.database.write(self._customers)
        for role, agency, standing in product(ROLES, (OWN, OTHER, None), ("active", "revoked")):
            self.callers.append(await self._caller(role, agency, standing))  # type: ignore[arg-type]
        self.callers.append(await self._caller("supervisore", None, "signed_out"))

    async def findings(
        self, routers: Sequence[APIRouter], rights: Mapping[tuple[str, str], Right], role: Role | None = None
    ) -> list[str]:
        """What is wrong, a line each; and the routes that nobody gave a right. `role`: for those who have it alone."""
        routes = list(routes_of(routers))
        found = [f"{method} {path}: no right is declared" for method, path in routes if (method, path) not in rights]
        known = [(method, path, rights[method, path]) for method, path in routes if (method, path) in rights]
        for caller in (one for one in self.callers if role in (None, one.role)):
            # nobody can give an auditor a conversation, and who has one may ask for it again
            places = [place for place in PLACES if not (place.mine and caller.role == "auditor")]
            for number, place in enumerate(places if caller.standing == "active" else places[:1]):
                tried = [one for one in known if number == 0 or one[2].kind in ("handover", "request")]
                found += await self._tried(tried, caller, place)
        return found

    async def _tried(self, routes: Sequence[tuple[str, str, Right]], caller: Caller, place: Place) -> list[str]:
        found, is_set = [], False
        for method, path, right in routes:
            if not is_set:
                who, where = await self.served.database.write(lambda session: self._set(session, caller, place))
            values = {"handover_id": self.subject, "request_id": self.request, **right.path}
            answer = await self._ask(method, path.format(**values), right, caller)
            is_set = method == "GET" or answer.status in (401, 403, 404)
            wrong = _judge(right, caller, who, where, answer) + self._leaks(right, who, caller, answer)
            found += [f"{method} {path}, {caller}, which {place.name}: {one}" for one in wrong]
        return found

    def _leaks(self, right: Right, who: Who, caller: Caller, answer: Answer) -> list[str]:
        sees_nothing = caller.standing != "active" or right.kind == "open"
        return [
            f"shows {mark} of {where}"
            for mark, where in self.marked.items()
            if mark in answer.body and (sees_nothing or not may(who, "read", where))
        ]

    # ---- what is there ----

    def _customers(self, session: Session) -> None:
        somebody = agents.new_agent("Somebody Else", "somebody@example.it", ["agente"], agency_code=OWN)
        session.add(somebody)
        session.flush()
        for number, place in enumerate(PLACES[:5]):
            conversation, handover = self._waiting(session, place)
            mark = f"mark-of-{number}-{place.level}-{place.agency_code}"
            session.add(Message(conversation_id=conversation.id, seq=1, author="customer", kind="text", text=mark))
            session.add(
                DeskNote(handover_id=handover.id, conversation_id=conversation.id, agent_id=somebody.id, text=mark)
            )
            self.marked[mark] = self.marked[handover.id] = agents.where(handover)
        conversation, handover = self._waiting(session, PLACES[0])
        self.subject, self.conversation, self.request = handover.id, conversation.id, "req-of-the-matrix"
        session.add(
            ContactRequest(
                id=self.request, handover_id=handover.id, conversation_id=conversation.id, agency_code=OWN,
                kind="email", masked="n***@example.it", state="requested", requested_by=somebody.id,
                expires_at=now() + timedelta(days=1),
            )
        )  # fmt: skip

    @staticmethod
    def _waiting(session: Session, place: Place) -> tuple[Conversation, Handover]:
        conversation = begun(session, "web", None, "csrf")
        conversation.owner, conversation.last_seq = "queued", 1
        handover = Handover(
            id=conversation.id[::-1], conversation_id=conversation.id, reason="requested", resume_step="contact",
            resume_expects="email_or_mobile", state="queued", queued_at=now(), level=place.level,
            agency_code=place.agency_code, consultant_code="CONS-99" if place.level == "consultant" else None,
        )  # fmt: skip
        session.add(handover)
        session.flush()
        return conversation, handover

    async def _caller(
        self, role: Role, agency: str | None, standing: Literal["active", "revoked", "signed_out"]
    ) -> Caller:
        made = agents.new_agent(
            f"{role} {agency}", f"{role}.{agency}.{standing}@example.it", [role], agency_code=agency
        )
        made.presence, made.seen_at = "paused", now()
        sessions = self.served.desk.access.sessions

        def work(session: Session) -> str:
            session.add(made)
            session.flush()
            token: str = sessions.open(session, made, "password")
            made.active = standing != "revoked"
            return token

        token = await self.served.database.write(work)
        if standing == "signed_out":
            await sessions.end((await sessions.find(token)).session_id)
        return Caller(role, agency, standing, made.id, f"ac_desk={token}")

    def _set(self, session: Session, caller: Caller, place: Place) -> tuple[Who, Where]:
        """The handover as the place says, whatever the last request made of it."""
        owner = "human" if place.mine else "queued"
        holder = caller.agent_id if place.mine else None
        session.execute(delete(Turn).where(Turn.conversation_id == self.conversation))
        session.execute(delete(DeskDraft).where(DeskDraft.handover_id == self.subject))
        # an epoch that was there before must not come again
        epoch = (session.scalar(select(Conversation.epoch).where(Conversation.id == self.conversation)) or 0) + 1
        session.execute(
            update(Conversation)
            .where(Conversation.id == self.conversation)
            .values(owner=owner, epoch=epoch, closed_at=None)
        )
        session.execute(
            update(Handover)
            .where(Handover.id == self.subject)
            .values(
                state=owner, level=place.level, agency_code=place.agency_code, agent_id=holder, ended_at=None,
                outcome=None, consultant_code="CONS-99" if place.level == "consultant" else None, offered_until=None,
                wrap_up_until=None,
            )
        )  # fmt: skip
        session.execute(
            update(ContactRequest).values(
                agency_code=place.agency_code, state="requested", decided_by=None, decision=None
            )
        )
        session.execute(
            update(DeskAgent).where(DeskAgent.id == caller.agent_id).values(presence="paused", seen_at=now())
        )
        handover = session.get_one(Handover, self.subject, populate_existing=True)
        where = agents.where(handover)
        requested_by = session.scalar(select(ContactRequest.requested_by))
        who = agents.who(session.get_one(DeskAgent, caller.agent_id))
        return who, Where(where.level, where.agency_code, where.consultant_code, where.agent_id, requested_by)

    async def _ask(self, method: str, path: str, right: Right, caller: Caller) -> Answer:
        """The answer to a request of one of our pages; of a stream, what comes first."""
        cookie = caller.cookie if right.kind != "open" else ""  # the way out would end his session
        is_form = bool(right.form) or not path.startswith("/desk/api/")
        body = urlencode(right.form).encode() if is_form else json.dumps(dict(right.body)).encode()
        content = b"application/x-www-form-urlencoded" if is_form else b"application/json"
        headers = [(b"host", b"localhost:8000"), (b"cookie", cookie.encode()), (b"content-type", content)]
        headers.append((b"content-length", str(len(body)).encode()))
        if method != "GET":
            headers.append((b"origin", ORIGIN.encode()))
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": method,
            "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
            "headers": headers, "client": ("203.0.113.7", 1), "server": ("localhost", 8000),
        }  # fmt: skip
        status, got, is_sent = 0, b"", False
        enough = asyncio.Event()

        async def receive() -> dict[str, Any]:
            nonlocal is_sent
            if not is_sent:
                is_sent = True
                return {"type": "http.request", "body": body, "more_body": False}
            await enough.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            nonlocal status, got
            if message["type"] == "http.response.start":
                status = message["status"]
                return
            got += message.get("body", b"")
            if got:
                enough.set()

        await asyncio.wait_for(self.app(scope, receive, send), 60)
        return Answer(status, got.decode())


def routes_of(routers: Sequence[APIRouter]) -> Iterator[tuple[str, str]]:
    """Every method and path that the routers answer."""
    for router in routers:
        for route in router.routes:
            for method in sorted(getattr(route, "methods", None) or ("GET",)):
                yield method, str(getattr(route, "path", "?"))


def _judge(right: Right, caller: Caller, who: Who, where: Where, answer: Answer) -> list[str]:
    """What is wrong with an answer, by scope.py alone."""
    if answer.status >= 500 and answer.status != 503:
        return [f"{answer.status}"]
    if right.kind == "open":
        return []
    if caller.standing != "active":
        is_refused = answer.status == 401 or (answer.status == 303 and not answer.body)
        return [] if is_refused else [f"{answer.status} for nobody who is signed in"]
    if right.kind == "signed_in":
        return [] if answer.status in (200, 204) else [f"{answer.status} for what everybody may"]
    if right.kind == "overall":
        where = overall(who)
    is_allowed = may(who, right.action, where)
    if is_allowed:
        return [f"{answer.status} for what he may"] if answer.status in (401, 403, 404) else []
    if right.kind == "handover" and not may(who, "read", where):
        return [] if answer.status == 404 else [f"{answer.status} for what he may not see"]
    return [] if answer.status in (403, 404, 409) else [f"{answer.status} for what he may not"]
