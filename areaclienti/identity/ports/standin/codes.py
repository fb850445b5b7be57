"""The code service as an insurer runs it."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import select, update

from areaclienti.crypto import sha256_hex
from areaclienti.identity import challenges
from areaclienti.identity.db.engine import insert_if_absent
from areaclienti.identity.db.models import Challenge, Contact, Customer, IdempotencyRecord
from areaclienti.identity.errors import Refused
from areaclienti.identity.ports.challenges.contract import Compared
from areaclienti.identity.ports.challenges.wire import CheckAsked, CheckBody, SendAsked, SendBody
from areaclienti.identity.ports.standin.customers import customer_id
from areaclienti.identity.ports.wire import ContactBody, contact_key
from areaclienti.identity.services import Services
from areaclienti.identity.work import Work

_NOBODYS = "codes"  # the customer number under which contacts are kept that the registry beside it does not hold
_COMPARED: dict[str, Compared] = {
    "right": "right",
    "wrong_code": "wrong",
    "code_expired": "expired",
    "code_spent": "spent",
    "limit_reached": "spent",
}


def router(services: Services) -> APIRouter:
    routes = APIRouter(prefix="/v1/codes", tags=["challenges"])

    @routes.post("/send", operation_id="sendCode")
    async def send(asked: SendAsked) -> SendBody:
        """Makes a code and sends it. The same challenge again sends nothing more."""
        await services.do(lambda work: _send(work, asked))
        return SendBody(outcome="sent")

    @routes.post("/check", operation_id="checkCode")
    async def check(asked: CheckAsked) -> CheckBody:
        """Compares, and counts the attempt before it does. Right at most once; the same attempt again is no new one."""
        return CheckBody(outcome=await services.do(lambda work: _check(work, asked)))

    return routes


async def _send(work: Work, asked: SendAsked) -> None:
    contact = await _contact(work, asked.contact)
    challenge = Challenge(
        id=asked.challenge,
        purpose=asked.purpose,
        session_id=asked.challenge,
        contact_id=contact.id,
        contact_hmac=work.mac.hex("contact", contact.key),
        channel="email" if contact.kind == "email" else "sms",
        code_hmac="",
        attempts_used=0,
        attempts_allowed=asked.attempts,
        created_at=work.now,
        expires_at=asked.expires_at,
    )
    await work.database.serialise(work.session, "challenge", asked.challenge)
    if await work.session.get(Challenge, asked.challenge) is None:
        work.session.add(challenge)
        await work.ports.challenges.send(work, challenge, contact)


async def _check(work: Work, asked: CheckAsked) -> Compared:
    key = sha256_hex(f"attempt {asked.challenge} {asked.attempt}")
    is_new = await insert_if_absent(
        work.session, IdempotencyRecord, key_sha256=key, request_hmac="", created_at=work.now
    )
    if not is_new:
        return _COMPARED[(await work.session.get_one(IdempotencyRecord, key)).response or "wrong_code"]
    outcome = await _compare(work, asked)
    await work.session.execute(
        update(IdempotencyRecord).where(IdempotencyRecord.key_sha256 == key).values(response=outcome)
    )
    return _COMPARED[outcome]


async def _compare(work: Work, asked: CheckAsked) -> str:
    challenge = await work.session.get(Challenge, asked.challenge)
    if challenge is None:
        return "wrong_code"
    try:
        return (await challenges.check(work, _purpose(challenge), challenge.id, asked.code)).outcome
    except Refused:  # used by another attempt
        return "code_spent"


def _purpose(challenge: Challenge) -> challenges.Purpose:
    purposes: tuple[challenges.Purpose, ...] = (
        "registration",
        "contact_confirmation",
        "first_access",
        "step_up",
        "password_reset",
    )
    return next(purpose for purpose in purposes if purpose == challenge.purpose)


async def _contact(work: Work, contact: ContactBody) -> Contact:
    key = contact_key(contact)
    on_file = select(Contact).join(Contact.customer).where(Contact.key == key).order_by(Customer.code == _NOBODYS)
    known = (await work.session.scalars(on_file.limit(1))).first()
    if known is not None:
        return known
    owner = await customer_id(work, _NOBODYS)
    await insert_if_absent(
        work.session, Contact, customer_id=owner, kind=contact.kind, value=contact.value, key=key, is_device=False
    )
    return (await work.session.scalars(select(Contact).where(Contact.customer_id == owner, Contact.key == key))).one()
