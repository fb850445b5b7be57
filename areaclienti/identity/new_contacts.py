"""A contact that is not on file: one agent asks for it, a second one confirms, one registration uses it (manual 5c)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from areaclienti.crypto import new_id, same
from areaclienti.domain.contacts import Contact as TypedContact
from areaclienti.domain.contacts import ContactKind, ContactRejected, parse_contact
from areaclienti.domain.masking import mask_contact
from areaclienti.identity import limits, matching, telling
from areaclienti.identity.db.models import Account, Contact, Customer, NewContact, Registration
from areaclienti.identity.errors import Refused
from areaclienti.identity.ports.references import contact_row
from areaclienti.identity.ports.registry.contract import ContactOnFile, CustomerOnFile
from areaclienti.identity.work import Work

Decision = Literal["confirm", "refuse"]
OPEN = ("requested", "confirmed")
_NOBODY = ""


@dataclass(frozen=True)
class Agent:
    """Who asks, as the desk knows him: its id for him, and his agency, None for the insurer's own people."""

    id: str
    agency_code: str | None


@dataclass(frozen=True)
class Asked:
    """`not_possible` says no more: somebody else's username or device contact, one on file already, no policy, an
    account already, an agent of another agency, all the same.
    """

    outcome: Literal["requested", "not_identified", "not_possible", "limit_reached"]
    request_id: str | None = None
    kind: str | None = None
    masked: str | None = None
    agency_code: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Decided:
    """`changed`: what was asked for is not what stands there now (another customer, another agency, the registration
    over, the stored value not the one that was stored). `not_possible`: taken by somebody meanwhile.
    """

    outcome: Literal["confirmed", "refused", "expired", "changed", "not_possible", "same_person", "limit_reached"]


@dataclass(frozen=True)
class Shown:
    kind: str
    contact: str


async def ask(work: Work, conversation_id: str, agent: Agent, contact: str) -> Asked:
    """Registers a request for the customer that the conversation's open registration has identified.

    The customer's agency is the registry's, whatever the desk says of the conversation. An older request of the
    registration is replaced; the same again by the same agent gives the same. The customer is told at his contacts on
    file. Each try counts for the agent, and each that names a customer for him.

    Raises `Refused` (422 `invalid_input`) for what is no e-mail address and no Italian mobile.
    """
    typed = _parsed(contact)
    registration = await _open_registration(work, conversation_id)
    registration_id = registration.id if registration else _NOBODY
    before = await _open_request(work, registration_id)
    if before is not None and before.expires_at > work.now and _is_same(work, before, agent, typed):
        return _asked(before)
    if await _is_full(work, limits.NEW_CONTACT_BY, agent.id, work.settings.new_contacts_per_day_of_agent):
        return _not_asked(work, "limit_reached", "agent_limit", conversation_id)
    code = await _identified(work, registration)
    if registration is None or code is None:
        return _not_asked(work, "not_identified", "not_identified", conversation_id)
    if await _is_full(work, limits.NEW_CONTACT_FOR, code, work.settings.new_contacts_per_day_of_customer):
        return _not_asked(work, "limit_reached", "customer_limit", conversation_id)
    customer, agency = await _customer(work, code)
    why_not = "other_agency" if agent.agency_code not in (None, agency) else None
    why_not = why_not or await _why_not(work, customer, code, typed.kind, typed.key)
    if why_not is not None or customer is None:
        return _not_asked(work, "not_possible", why_not or "no_customer", conversation_id)
    if before is not None:
        _end(work, before, "replaced")
        await work.session.flush()
    request = _request(work, registration, code, agency, agent, typed)
    work.session.add(request)
    registration.expires_at = max(registration.expires_at, request.expires_at)  # it waits for the second person
    await _tell(work, customer, "new_contact_requested")
    work.note("new_contact_requested", f"agent_{agent.id}"[:40], request.id, conversation_id)
    return _asked(request)


async def show(work: Work, request_id: str, agent: Agent, reason: str) -> Shown:
    """The contact in full, to who may decide about it; each time is recorded with the reason and counted.

    Raises `Refused`: 404 `request_unknown`, 409 `same_person`, `decided`, `limit_reached`.
    """
    request = await _to_decide(work, request_id, agent)
    if request.requested_by == agent.id:
        raise Refused(409, "same_person", "Whoever asked for it does not decide about it.")
    if request.state != "requested" or request.expires_at <= work.now:
        raise Refused(409, "decided", "The request does not wait for a decision any more.")
    if await _is_full(work, limits.NEW_CONTACT_SHOWN, agent.id, work.settings.new_contact_decisions_per_day):
        raise Refused(409, "limit_reached", "This agent has looked at too many contacts today.")
    opened = _opened(work, request)
    if opened is None:
        raise Refused(409, "decided", "The request does not wait for a decision any more.")
    work.note("new_contact_shown", reason, request.id, request.conversation_id)
    work.note("new_contact_shown_to", f"agent_{agent.id}"[:40], request.id, request.conversation_id)
    return Shown(opened.kind, opened.display)


async def decide(work: Work, request_id: str, agent: Agent, decision: Decision, reason: str) -> Decided:
    """A second person of the customer's agency confirms or refuses; of several at once one does. The same by the same
    again gives the same. What a confirmation needs is looked at again now, and the customer is told.

    Raises `Refused`: 404 `request_unknown` (also for people of other agencies), 409 `decided`.
    """
    # The registration is locked before the request, as everywhere, so that nobody waits for somebody who waits for him.
    registration = await _registration_of(work, request_id)
    request = await _to_decide(work, request_id, agent)
    if request.requested_by == agent.id:
        work.note("new_contact_same_person", f"agent_{agent.id}"[:40], request.id, request.conversation_id)
        return Decided("same_person")
    wanted: Literal["confirmed", "refused"] = "confirmed" if decision == "confirm" else "refused"
    if request.decided_by == agent.id and (request.state == wanted or (wanted, request.state) == ("confirmed", "used")):
        return Decided(wanted)
    if request.state == "expired" or (request.state == "requested" and request.expires_at <= work.now):
        _end(work, request, "expired")
        return Decided("expired")
    if request.state != "requested":
        raise Refused(409, "decided", "The request does not wait for a decision any more.")
    if await _is_full(work, limits.NEW_CONTACT_DECIDED, agent.id, work.settings.new_contact_decisions_per_day):
        return Decided("limit_reached")
    if wanted == "confirmed":
        customer, why_not = await _still_holds(work, request, registration)
        if registration is None or customer is None or why_not is not None:
            _end(work, request, "void")
            work.note("new_contact_void", why_not, request.id, request.conversation_id)
            return Decided("not_possible" if why_not == "not_possible" else "changed")
        life = timedelta(seconds=work.settings.registration_life_seconds)
        registration.expires_at = max(registration.expires_at, work.now + life)
        await _tell(work, customer, "new_contact_confirmed")
    if not await _win(work, request, agent, wanted, reason):
        raise Refused(409, "decided", "Somebody else was faster.")
    work.note(f"new_contact_{wanted}", reason, request.id, request.conversation_id)
    work.note(f"new_contact_{wanted}_by", f"agent_{agent.id}"[:40], request.id, request.conversation_id)
    return Decided(wanted)


async def confirmed_for(work: Work, registration: Registration) -> tuple[CustomerOnFile, Contact] | None:
    """The customer, and the contact that was confirmed for this registration, if he may use it; its row is made here.

    None when there is none, or when it was taken by somebody meanwhile.
    """
    request = await _open_request(work, registration.id)
    if request is None or request.state != "confirmed":
        return None
    typed = _opened(work, request)
    customer = await work.ports.registry.customer(work, request.customer_code)
    if typed is None or customer is None or await _identified(work, registration) != request.customer_code:
        return None
    if await _why_not(work, customer, request.customer_code, typed.kind, typed.key) is not None:
        return None
    contact = ContactOnFile(typed.kind, typed.value, typed.key, False)
    return customer, await contact_row(work, customer, contact, is_on_file=False)


async def granted(work: Work, registration: Registration, key: str) -> ContactOnFile | None:
    """The contact with that key, if it was confirmed for this registration. The same is asked whatever the answer."""
    request = await _open_request(work, registration.id)
    if request is None or request.state != "confirmed" or not same(request.contact_hmac, contact_hmac(work, key)):
        return None
    typed = _opened(work, request)
    return ContactOnFile(typed.kind, typed.value, typed.key, False) if typed else None


async def use(work: Work, registration: Registration, key: str) -> None:
    """The customer's code was right and the account is made: what was confirmed is done, and goes to the registry."""
    request = await _open_request(work, registration.id)
    if request is not None and request.state == "confirmed" and same(request.contact_hmac, contact_hmac(work, key)):
        request.state, request.take_over_due_at = "used", work.now
        work.note("new_contact_used", request.kind, request.id, request.conversation_id)


async def hand_over_next(work: Work) -> str | None:
    """Gives one used contact to whoever keeps the registry, and forgets its value here; the request's id, if there was
    one. Raises `BackEndUnavailable`: it is tried again later (`put_off`).
    """
    request = await work.session.scalar(
        select(NewContact)
        .where(NewContact.take_over_due_at <= work.now)
        .order_by(NewContact.take_over_due_at, NewContact.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if request is None:
        return None
    typed = _opened(work, request)
    if typed is not None:
        contact = ContactOnFile(typed.kind, typed.value, typed.key, False)
        taken = await work.ports.registry.take_over(work, request.id, request.customer_code, contact)
        request.taken_over_at = work.now if taken else None
        work.note("new_contact_handed_over", "taken" if taken else "refused", request.id, request.conversation_id)
    request.sealed = request.take_over_due_at = None
    return request.id


async def put_off(work: Work, seconds: float) -> None:
    """The registry does not answer: what is due waits."""
    later = work.now + timedelta(seconds=seconds)
    change = update(NewContact).where(NewContact.take_over_due_at <= work.now).values(take_over_due_at=later)
    await work.session.execute(change.execution_options(synchronize_session=False))


async def not_on_file(session: AsyncSession) -> list[tuple[str, str, str]]:
    """Customer number, kind and contact of what customers use as their usernames and the registry does not have yet."""
    query = (
        select(Customer.code, Contact.kind, Contact.value)
        .join(Contact, Contact.customer_id == Customer.id)
        .join(Account, Account.username_key == Contact.key)
        .where(~Contact.is_on_file, Account.customer_id == Customer.id)
        .order_by(Customer.code, Contact.id)
    )
    return [(code, kind, value) for code, kind, value in await session.execute(query)]


async def _to_decide(work: Work, request_id: str, agent: Agent) -> NewContact:
    request = await work.session.scalar(
        select(NewContact)
        .where(NewContact.id == request_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if request is None or request.agency_code != agent.agency_code:
        raise Refused(404, "request_unknown", "This agency has no such request.")
    return request


async def _registration_of(work: Work, request_id: str) -> Registration | None:
    """The registration that a request is about, locked."""
    asked_for = select(NewContact.registration_id).where(NewContact.id == request_id).scalar_subquery()
    return await work.session.scalar(select(Registration).where(Registration.id == asked_for).with_for_update())


async def _win(work: Work, request: NewContact, agent: Agent, state: str, reason: str) -> bool:
    """One statement decides between several: reading first and writing then would let all of them win."""
    values = {"state": state, "decided_by": agent.id, "decided_at": work.now, "reason": reason}
    if state == "refused":
        values["sealed"] = None
    change = (
        update(NewContact)
        .where(
            NewContact.id == request.id,
            NewContact.state == "requested",
            NewContact.requested_by != agent.id,
            NewContact.expires_at > work.now,
        )
        .values(**values)
        .returning(NewContact.id)
    )
    won = await work.session.scalar(change.execution_options(synchronize_session=False))
    await work.session.refresh(request)
    return won is not None


async def _still_holds(
    work: Work, request: NewContact, registration: Registration | None
) -> tuple[CustomerOnFile | None, str | None]:
    """The customer, and why the request does not hold any more, if so."""
    typed = _opened(work, request)
    is_open = registration is not None and registration.status == "open" and registration.expires_at > work.now
    if typed is None or not is_open or await _identified(work, registration) != request.customer_code:
        return None, "changed"
    customer, agency = await _customer(work, request.customer_code)
    if agency != request.agency_code:
        return None, "changed"
    why_not = await _why_not(work, customer, request.customer_code, typed.kind, typed.key)
    return customer, "not_possible" if why_not else None


async def _why_not(work: Work, customer: CustomerOnFile | None, code: str, kind: ContactKind, key: str) -> str | None:
    """Why the customer can't have that contact as his username, as a code for the audit (manual A, B, 4a)."""
    registered, taken = await matching.in_use(work, code, [(kind, key)])
    if customer is None:
        return "no_customer"
    if not customer.is_insured:
        return "no_active_policy"
    if registered:
        return "account_exists"
    if taken:
        return "contact_in_use"
    return "on_file_already" if customer.contact(key) else None


async def _customer(work: Work, code: str) -> tuple[CustomerOnFile | None, str | None]:
    """The customer and his agency's code."""
    profile = await work.ports.registry.profile(work, code)
    consultant = profile.consultant if profile else None
    return (profile.customer if profile else None), (consultant.agency_code if consultant else None)


async def _open_registration(work: Work, conversation_id: str) -> Registration | None:
    return await work.session.scalar(
        select(Registration)
        .where(
            Registration.conversation_id == conversation_id,
            Registration.status == "open",
            Registration.expires_at > work.now,
        )
        .order_by(Registration.created_at.desc())
        .limit(1)
        .with_for_update()
    )


async def _open_request(work: Work, registration_id: str) -> NewContact | None:
    return await work.session.scalar(
        select(NewContact).where(NewContact.registration_id == registration_id, NewContact.state.in_(OPEN))
    )


async def _identified(work: Work, registration: Registration | None) -> str | None:
    """The number of the customer that an exact match, or the tax code, named."""
    if registration is None:
        return None
    if registration.matched_contact_id is not None:
        contact = await work.session.get_one(Contact, registration.matched_contact_id)
        return (await work.session.get_one(Customer, contact.customer_id)).code
    if registration.identified_customer_id is not None:
        return (await work.session.get_one(Customer, registration.identified_customer_id)).code
    return None


def _request(
    work: Work, registration: Registration, code: str, agency: str | None, agent: Agent, typed: TypedContact
) -> NewContact:
    request = NewContact(
        id=new_id("ncr"),
        registration_id=registration.id,
        conversation_id=registration.conversation_id,
        customer_code=code,
        agency_code=agency,
        kind=typed.kind,
        masked=mask_contact(typed)[:80],
        contact_hmac=contact_hmac(work, typed.key),
        state="requested",
        requested_by=agent.id,
        requested_at=work.now,
        expires_at=work.now + timedelta(hours=work.settings.new_contact_hours),
    )
    request.sealed = work.sealer.seal(typed.display, _belongs_to(request))
    return request


def _opened(work: Work, request: NewContact) -> TypedContact | None:
    """The contact; None when it was erased, or is not the one that was stored with this request."""
    if request.sealed is None:
        return None
    try:
        typed = parse_contact(work.sealer.open(request.sealed, _belongs_to(request)))
    except (ValueError, ContactRejected):
        return None
    return typed if same(contact_hmac(work, typed.key), request.contact_hmac) else None


def _belongs_to(request: NewContact) -> str:
    return f"new contact {request.id} {request.registration_id} {request.customer_code}"


def contact_hmac(work: Work, key: str) -> str:
    """What a request is found by, by who knows the contact."""
    return work.mac.hex("new contact", key)


def _is_same(work: Work, request: NewContact, agent: Agent, typed: TypedContact) -> bool:
    by_him = request.state == "requested" and request.requested_by == agent.id
    return by_him and same(request.contact_hmac, contact_hmac(work, typed.key))


def _parsed(contact: str) -> TypedContact:
    try:
        return parse_contact(contact)
    except ContactRejected:
        raise Refused(422, "invalid_input", "Neither an e-mail address nor an Italian mobile.") from None


def _end(work: Work, request: NewContact, state: str) -> None:
    request.state, request.sealed = state, None


async def _is_full(work: Work, kind: str, key: str, allowed: int) -> bool:
    return await limits.reserve(work, kind, key, allowed) is not None


def _asked(request: NewContact) -> Asked:
    return Asked("requested", request.id, request.kind, request.masked, request.agency_code, request.expires_at)


def _not_asked(
    work: Work, outcome: Literal["not_identified", "not_possible", "limit_reached"], reason: str, conversation_id: str
) -> Asked:
    work.note("new_contact_refused_at_once", reason, None, conversation_id)
    return Asked(outcome)


async def _tell(work: Work, customer: CustomerOnFile, template: str) -> None:
    """At all contacts on file, so that nobody's new contact goes unseen."""
    for contact in customer.contacts:
        await telling.tell(work, contact, template)
