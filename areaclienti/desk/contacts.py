"""New contacts (manual 5c): one agent asks, a second one decides, and the registration goes on by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from areaclienti.desk import agents
from areaclienti.desk.audit import record
from areaclienti.desk.hours import utc_now
from areaclienti.desk.operations import DeskRefused, Forbidden, Taken, Unknown
from areaclienti.desk.rounds import FEED
from areaclienti.desk.scope import Where, Who, may
from areaclienti.desk.texts import Texts
from areaclienti.desk.transitions import move, open_handover
from areaclienti.domain.contacts import ContactRejected, parse_contact
from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.desk import DeskAgent, DeskNote, Handover
from areaclienti.gateway.db.desk_contacts import ContactRequest
from areaclienti.gateway.db.models import Conversation
from areaclienti.gateway.handover import HAND_BACK
from areaclienti.gateway.hub import Hub
from areaclienti.gateway.identity_client import IdentityRefused, IdentityUnavailable
from areaclienti.gateway.ledger import ConversationClosed, Intent, append, ask_engine, locked
from areaclienti.logging import get_logger

log = get_logger()

REQUESTS: Final = "/v1/desk/new-contacts"
NEW_CONTACT: Final = "new_contact"  # what was settled, and why the conversation changed hands
# Codes that go on record; their words are in web/contacts.yml.
REASONS: Final[Mapping[str, tuple[str, ...]]] = {
    "confirm": ("called_on_file", "seen_in_person", "document_seen"),
    "refuse": ("not_verified", "not_the_customer", "mistyped", "suspicious"),
    "show": ("call_customer", "compare_document", "ask_colleague"),
}
UNDECIDED: Final = ("requested", "deciding")
SHOWN_FOR: Final = timedelta(days=30)
MOST_SHOWN: Final = 200
LATE: Final = timedelta(seconds=15)  # after so long a decision without an answer is asked for again


class Ask(Protocol):
    """`IdentityClient.ask`."""

    def __call__(self, method: str, path: str, *, json: dict[str, Any] | None = None) -> Awaitable[dict[str, Any]]: ...


@dataclass(frozen=True)
class Request:
    """A request as a list shows it; `why_not` is there where it was not even registered."""

    id: str
    handover_id: str
    kind: str
    masked: str
    state: str
    agency_code: str | None
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    resumed: bool
    mine: bool
    may_decide: bool
    may_read: bool


class Contacts:
    """Every method raises Unknown for an agent who is not active, and for what he may not see."""

    def __init__(
        self,
        database: Database,
        hub: Hub,
        wake: Callable[[str], None],
        texts: Texts,
        ask: Ask,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """`ask` asks identity, where alone the contact is kept; `wake` makes the turns of a conversation run."""
        self._database = database
        self._hub = hub
        self._wake = wake
        self._texts = texts
        self._ask = ask
        self._clock = clock

    async def request(self, handover_id: str, agent_id: str, contact: str) -> tuple[str, str | None]:
        """Ask for a new contact of the customer whose conversation the agent has: identity's outcome, and the mask.

        Raises Forbidden, Taken when no person has it; ValueError for what is no contact, IdentityUnavailable.
        """

        def look(session: Session) -> tuple[str, str | None]:
            agent = _active(session, agent_id)
            handover = session.get(Handover, handover_id)
            if handover is None or not may(agents.who(agent), "read", agents.where(handover)):
                raise Unknown
            if not may(agents.who(agent), "new_contact", agents.where(handover)):
                raise Forbidden
            if handover.state != "human":
                raise Taken(handover.state, None)
            return handover.conversation_id, agent.agency_code

        conversation_id, agency = await self._database.read(look)
        try:
            parse_contact(contact)
        except ContactRejected:
            raise ValueError("no contact") from None  # whatever else it is, nobody is told
        body = {
            "conversation_id": conversation_id, "agent_id": agent_id, "agency_code": agency, "contact": contact,
        }  # fmt: skip
        try:
            asked = await self._ask("POST", REQUESTS, json=body)
        except IdentityRefused:
            raise ValueError("no contact") from None
        if asked["outcome"] == "requested":
            await self._database.write(lambda session: self._registered(session, handover_id, agent_id, asked))
            self._tell(conversation_id)
        return asked["outcome"], asked["masked"]

    async def listed(self, agent_id: str) -> list[Request]:
        """What waits for a second person and the agent may see, and what was decided lately; the newest first."""

        def work(session: Session) -> list[Request]:
            agent = _active(session, agent_id)
            recent = ContactRequest.requested_at > self._clock() - SHOWN_FOR
            query = select(ContactRequest).where(or_(recent, ContactRequest.state.in_(UNDECIDED)))
            found = session.scalars(query.order_by(ContactRequest.requested_at.desc(), ContactRequest.id))
            listed = [self._view(session, agent, one) for one in found]
            return [one for one in listed if one is not None][:MOST_SHOWN]

        return await self._database.read(work)

    async def show(self, request_id: str, agent_id: str, reason: str) -> str:
        """The contact in full, to who may decide; on record, with the reason, before it is shown.

        Raises Forbidden, DeskRefused (`decided`, `limit_reached`), ValueError, IdentityUnavailable.
        """
        _check(reason, "show")

        def noted(session: Session) -> str | None:
            agent, request = self._to_decide(session, request_id, agent_id)
            if request.state != "requested":
                raise DeskRefused("decided")
            record(session, agent_id, "revealed", request.handover_id, reason, at=self._clock())
            return agent.agency_code

        agency = await self._database.write(noted)
        body = {"agent_id": agent_id, "agency_code": agency, "reason": reason}
        try:
            shown = await self._ask("POST", f"{REQUESTS}/{request_id}/show", json=body)
        except IdentityRefused as refused:
            raise DeskRefused(refused.code if refused.status == 409 else "decided") from None
        return str(shown["contact"])

    async def decide(self, request_id: str, agent_id: str, decision: str, reason: str) -> str:
        """Confirm or refuse as the second person; the state that the request has then. Confirmed, the assistant gets
        the conversation back, and goes on with the code to the new contact. The same again changes nothing.

        Raises Forbidden, DeskRefused (`decided`: somebody was faster; `limit_reached`), ValueError, IdentityUnavailable
        (then it is asked for again by itself).
        """
        if decision not in ("confirm", "refuse"):
            raise ValueError("not a decision")
        _check(reason, decision)

        def begin(session: Session) -> str:
            agent, request = self._to_decide(session, request_id, agent_id)
            change = (
                update(ContactRequest)
                .where(ContactRequest.id == request_id, ContactRequest.state == "requested")
                .values(
                    state="deciding", decided_by=agent.id, decision=decision, reason=reason, decided_at=self._clock()
                )
                .returning(ContactRequest.id)
            )
            won = session.scalar(change.execution_options(synchronize_session=False)) is not None
            session.refresh(request)
            if not won and (request.decided_by, request.decision) != (agent.id, decision):
                raise DeskRefused("decided")
            return request.state

        if await self._database.write(begin) == "deciding":
            await self._settle(request_id)
        state = await self._database.read(lambda session: session.get_one(ContactRequest, request_id).state)
        if state == "requested":  # it was taken back
            raise DeskRefused("limit_reached")
        return state

    async def go(self) -> None:
        """What nobody decided in time is over; what was decided and not answered is asked for again."""
        present = self._clock()
        over = update(ContactRequest).where(ContactRequest.state == "requested", ContactRequest.expires_at <= present)
        await self._database.write(lambda session: session.execute(over.values(state="expired")))
        late = ContactRequest.state == "deciding", ContactRequest.decided_at <= present - LATE
        query = select(ContactRequest.id).where(*late).order_by(ContactRequest.id).limit(MOST_SHOWN)
        for request_id in await self._database.read(lambda session: list(session.scalars(query))):
            try:
                await self._settle(request_id)
            except IdentityUnavailable:
                return

    # ---- how ----

    def _registered(self, session: Session, handover_id: str, agent_id: str, asked: dict[str, Any]) -> None:
        handover = session.get_one(Handover, handover_id)
        conversation = locked(session, handover.conversation_id)
        if session.get(ContactRequest, asked["request_id"]) is not None:
            return  # asked for once already
        others = ContactRequest.conversation_id == conversation.id, ContactRequest.state.in_((*UNDECIDED, "confirmed"))
        replaced = update(ContactRequest).where(*others, ContactRequest.resumed_at.is_(None))
        session.execute(replaced.values(state="replaced").execution_options(synchronize_session=False))
        session.add(
            ContactRequest(
                id=asked["request_id"],
                handover_id=handover.id,
                conversation_id=conversation.id,
                agency_code=asked["agency_code"],
                kind=asked["kind"],
                masked=asked["masked"],
                state="requested",
                requested_by=agent_id,
                requested_at=self._clock(),
                expires_at=datetime.fromisoformat(asked["expires_at"]),
            )
        )
        record(session, agent_id, "contact_requested", handover.id, asked["request_id"], at=self._clock())
        text = self._texts.contact_requested.format(contact=asked["masked"])
        append(session, conversation, "system", "notice", text)

    def _to_decide(self, session: Session, request_id: str, agent_id: str) -> tuple[DeskAgent, ContactRequest]:
        """The agent, and the request about which he may decide."""
        agent = _active(session, agent_id)
        request = session.get(ContactRequest, request_id, populate_existing=True)
        if request is None or not _sees(session, agents.who(agent), request):
            raise Unknown
        if not may(agents.who(agent), "decide_contact", _where(session, request)):
            raise Forbidden
        return agent, request

    async def _settle(self, request_id: str) -> None:
        """Have identity decide, and write what it says; of several who do so at once one writes it."""

        def look(session: Session) -> tuple[dict[str, Any], bool] | None:
            request = session.get_one(ContactRequest, request_id)
            if request.state != "deciding":
                return None
            agent = session.get_one(DeskAgent, request.decided_by)
            asked = {"agent_id": agent.id, "agency_code": agent.agency_code, "decision": request.decision}
            return asked | {"reason": request.reason}, agent.active

        found = await self._database.read(look)
        if found is None:
            return
        body, is_active = found
        outcome = await self._outcome(request_id, body) if is_active else "revoked"
        conversation_id = await self._database.write(lambda session: self._settled(session, request_id, outcome))
        if conversation_id is not None:
            self._tell(conversation_id)
            self._wake(conversation_id)

    async def _outcome(self, request_id: str, body: dict[str, Any]) -> str:
        try:
            return str((await self._ask("POST", f"{REQUESTS}/{request_id}/decision", json=body))["outcome"])
        except IdentityRefused as refused:
            log.warning("contact_decision_refused", reason=refused.code)
            return "changed"

    def _settled(self, session: Session, request_id: str, outcome: str) -> str | None:
        """The conversation, where its customer or its agents see something of it."""
        request = session.get_one(ContactRequest, request_id)
        try:
            conversation = locked(session, request.conversation_id)
        except ConversationClosed:
            return None
        session.refresh(request)
        if request.state != "deciding":
            return None
        if outcome in ("limit_reached", "revoked"):
            request.state = "requested"
            request.decided_by = request.decision = request.reason = request.decided_at = None
            return None
        request.state = outcome if outcome != "same_person" else "changed"
        action = "contact_confirmed" if outcome == "confirmed" else "contact_rejected"
        record(session, request.decided_by, action, request.handover_id, request.id, at=self._clock())
        if outcome == "confirmed":
            self._resumed(session, conversation, request)
        else:
            self._noted(session, request)
        return conversation.id

    def _resumed(self, session: Session, conversation: Conversation, request: ContactRequest) -> None:
        """The assistant goes on from where the registration stood, whoever has the conversation."""
        assert request.decided_by is not None
        if conversation.closed_at is not None:
            return
        handover = open_handover(session, conversation.id)
        by = request.decided_by
        if handover is not None and not move(session, conversation, handover, "bot", who=by, reason=NEW_CONTACT):
            raise AssertionError("the conversation was locked")
        stood = session.get_one(Handover, request.handover_id)
        text = self._texts.contact_confirmed.format(contact=request.masked)
        append(session, conversation, "system", "notice", text)
        back = {"step": stood.resume_step, "settled": [NEW_CONTACT], "missing": []}
        ask_engine(session, conversation, None, Intent(HAND_BACK, back))
        request.resumed_at = self._clock()

    def _noted(self, session: Session, request: ContactRequest) -> None:
        """Whoever asked for it reads why the customer gets no code there."""
        reasons = self._texts.contact_not_confirmed
        why = reasons.get(request.reason or "", "") if request.state == "refused" else reasons.get(request.state, "")
        text = self._texts.contact_refused.format(contact=request.masked, why=why or reasons["other"])
        session.add(
            DeskNote(
                handover_id=request.handover_id,
                conversation_id=request.conversation_id,
                agent_id=request.decided_by,
                text=text,
                at=self._clock(),
            )
        )

    def _view(self, session: Session, agent: DeskAgent, request: ContactRequest) -> Request | None:
        who = agents.who(agent)
        if not _sees(session, who, request):
            return None
        is_over = request.state == "requested" and request.expires_at <= self._clock()
        handover = session.get_one(Handover, request.handover_id)
        return Request(
            id=request.id,
            handover_id=request.handover_id,
            kind=request.kind,
            masked=request.masked,
            state="expired" if is_over else request.state,
            agency_code=request.agency_code,
            requested_by=session.get_one(DeskAgent, request.requested_by).name,
            requested_at=request.requested_at,
            expires_at=request.expires_at,
            decided_by=session.get_one(DeskAgent, request.decided_by).name if request.decided_by else None,
            decided_at=request.decided_at,
            reason=request.reason,
            resumed=request.resumed_at is not None,
            mine=request.requested_by == agent.id,
            may_decide=not is_over
            and request.state == "requested"
            and may(who, "decide_contact", _where(session, request)),
            may_read=may(who, "read", agents.where(handover)),
        )

    def _tell(self, conversation_id: str) -> None:
        self._hub.ledger_grew(conversation_id)
        self._hub.ledger_grew(FEED)


def _active(session: Session, agent_id: str) -> DeskAgent:
    agent = session.get(DeskAgent, agent_id, populate_existing=True)
    if agent is None or not agent.active:
        raise Unknown
    return agent


def _where(session: Session, request: ContactRequest) -> Where:
    """The request, as far as rights go: by the customer's agency of the registry, not by whom it was passed on to."""
    handover = session.get_one(Handover, request.handover_id)
    return Where(handover.level, request.agency_code, handover.consultant_code, None, request.requested_by)


def _sees(session: Session, who: Who, request: ContactRequest) -> bool:
    where = _where(session, request)
    is_his = who.active and request.requested_by == who.id
    return is_his or may(who, "read", where) or may(who, "decide_contact", where)


def _check(reason: str, kind: str) -> None:
    if reason not in REASONS[kind]:
        raise ValueError("not a reason")
