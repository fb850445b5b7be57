"""Who writes on WhatsApp: one person under Meta's user id, whatever becomes of the number, with one conversation."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

import phonenumbers
from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from areaclienti.gateway.db.models import Conversation, now
from areaclienti.gateway.db.whatsapp import WhatsappInbound, WhatsappOutgoing, WhatsappPerson
from areaclienti.gateway.ledger import begun, end
from areaclienti.gateway.session import IDLE_LIMIT

CHANNEL = "whatsapp"
_LONGEST_ADDRESS = 64  # what identity takes
_MOBILES = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)


@dataclass(frozen=True)
class Sender:
    """Who a delivered message says that it is from. Meta's documents promise one of the two; since 2026 the number
    may be missing ("Business-scoped user IDs").
    """

    user_id: str | None
    wa_id: str | None

    @property
    def key(self) -> str | None:
        """What the person is known by, as long as nothing better is known of him."""
        return self.user_id or self.wa_id


def known_person(session: Session, sender: Sender) -> WhatsappPerson:
    """The sender's person, a new one where none is known yet, for this transaction alone; its number is brought up to
    date. Who was known by his number alone gets his user id; a number that somebody else has now is nobody else's.

    Raises ValueError for a sender without any id.
    """
    if sender.key is None:
        raise ValueError("neither user id nor number")
    person = _find(session, sender)
    if person is None:
        person = WhatsappPerson(user_id=sender.key, sent_seq=0)
        session.add(person)
    elif sender.user_id is not None and person.user_id != sender.user_id:
        person = _renamed(session, person, sender.user_id)
    if sender.wa_id is not None and person.wa_id != sender.wa_id:
        former_owner = (WhatsappPerson.wa_id == sender.wa_id) & (WhatsappPerson.user_id != person.user_id)
        session.execute(update(WhatsappPerson).where(former_owner).values(wa_id=None, mobile=None))
        person.wa_id, person.mobile = sender.wa_id, mobile_of(sender.wa_id)
    session.flush()
    return person


def current_conversation(session: Session, person: WhatsappPerson, at: datetime | None = None) -> Conversation:
    """The person's open conversation, locked; a new one where there is none, or where it was quiet for too long when
    the person wrote (`at`, by default now). The number that the person writes from is noted in it.
    """
    conversation = session.get(Conversation, person.conversation_id or "", with_for_update=True)
    if conversation is not None and _is_over(conversation, at or now()):
        end(session, conversation)
        conversation = None
    if conversation is None:
        conversation = begun(session, CHANNEL, None, secrets.token_urlsafe(32), mobile=person.mobile)
        person.conversation_id, person.sent_seq = conversation.id, 0
        session.flush()
    elif conversation.mobile != person.mobile:
        conversation.mobile = person.mobile
    return conversation


def heard(session: Session, sender: Sender, at: datetime, wamid: str | None) -> None:
    """Note that somebody whom we know wrote: the window for free answers is open from then on, and that message can be
    marked as read. Messages may come in any order; nothing moves back.
    """
    person = _find(session, sender)
    if person is not None and (person.last_inbound_at is None or person.last_inbound_at <= at):
        person.last_inbound_at, person.last_message_id = at, wamid


def client_address_of(user_id: str) -> str:
    """What identity counts this person's codes and tax codes by."""
    return f"wa:{user_id}"[:_LONGEST_ADDRESS]


def person_of(session: Session, conversation_id: str) -> WhatsappPerson | None:
    """Whose present conversation it is."""
    return session.scalar(select(WhatsappPerson).where(WhatsappPerson.conversation_id == conversation_id))


def changed_id(session: Session, former: Sender, present: Sender) -> None:
    """Meta says that a person's user id or number is another one from now on."""
    person = _find(session, former)
    if person is None:
        return
    if present.user_id is not None and present.user_id != person.user_id:
        person = _renamed(session, person, present.user_id)
    known_person(session, Sender(person.user_id, present.wa_id))


def mobile_of(wa_id: str) -> str | None:
    """The number in E.164, when it is a mobile's of any country."""
    try:
        number = phonenumbers.parse(f"+{wa_id}")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number) or phonenumbers.number_type(number) not in _MOBILES:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _is_over(conversation: Conversation, at: datetime) -> bool:
    return conversation.closed_at is not None or conversation.updated_at < at - IDLE_LIMIT


def _find(session: Session, sender: Sender) -> WhatsappPerson | None:
    if sender.user_id is not None:
        person = session.get(WhatsappPerson, sender.user_id, with_for_update=True)
        # until Meta sent user ids the number was the key
        by_number = (WhatsappPerson.user_id == sender.wa_id) if sender.wa_id is not None else None
        return person or _only(session, by_number)
    return _only(session, WhatsappPerson.user_id == sender.wa_id) or _only(
        session, WhatsappPerson.wa_id == sender.wa_id
    )


def _only(session: Session, condition: ColumnElement[bool] | None) -> WhatsappPerson | None:
    if condition is None:
        return None
    return session.scalar(select(WhatsappPerson).where(condition).limit(1).with_for_update())


def _renamed(session: Session, person: WhatsappPerson, user_id: str) -> WhatsappPerson:
    """The same person under another user id: what waits, in and out, goes with it."""
    former = person.user_id
    present = session.get(WhatsappPerson, user_id, with_for_update=True)
    if present is not None:
        return present
    for table in (WhatsappInbound, WhatsappOutgoing):
        session.execute(update(table).where(table.user_id == former).values(user_id=user_id))
    person.user_id = user_id
    session.flush()
    return person
