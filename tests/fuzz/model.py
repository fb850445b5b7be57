"""What a walk knows: conversations, registrations, codes, accounts and sessions, and what must be true of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from areaclienti.domain.contacts import parse_contact
from tests.fuzz.limits import Counted
from tests.unit.identity.world import CARLO, ELENA, LUCIA, MARIO, MARIO_TAX_CODE, OFFICINE, OFFICINE_VAT

CODE_ATTEMPTS = 5
LIFE = {"email": timedelta(minutes=10), "sms": timedelta(minutes=5)}
REGISTRATION_LIFE = timedelta(hours=2)
SIGN_IN_LIFE = timedelta(minutes=15)

PAOLO = {
    "customer_type": "persona",
    "given_name": "Paolo",
    "family_name": "Gallo",
    "contact": "paolo.gallo@posta.example",
}
# Who types something, and who it is on file: the number is the customer's.
PEOPLE: list[tuple[dict[str, str], str | None]] = [
    (MARIO, "1"),
    (MARIO | {"contact": "320 1234600"}, "1"),
    (MARIO | {"contact": "320 7654450"}, "1"),
    (ELENA, "2"),
    (CARLO, None),  # no active policy
    (LUCIA, "4"),
    (LUCIA | {"contact": "333 1112223"}, "4"),
    (PAOLO, "5"),
    (PAOLO | {"contact": "333 1112223"}, None),  # Lucia's device contact
    (OFFICINE, "6"),
    (OFFICINE | {"contact": "347 9876543"}, "6"),
    (MARIO | {"given_name": "Maria"}, None),
    (MARIO | {"contact": "nessuno@posta.example"}, None),
    (ELENA | {"contact": "320 1234600"}, None),
]
TAX_CODES = {MARIO_TAX_CODE: "1", "BNCLNE75D50F205H": "2", OFFICINE_VAT: "6", "VRDLGU80A01F205T": None}
CONTACTS = {
    "1": ["mario.rossi@posta.example", "320 1234600", "320 7654450"],
    "2": ["elena.bianchi@posta.example"],
    "4": ["mario.rossi@posta.example", "333 1112223"],
    "5": ["333 1112223", "paolo.gallo@posta.example"],
    "6": ["info@officineferrara.example", "347 9876543"],
}
HAVE_NO_MOBILE = {"2"}


def key_of(contact: str) -> str:
    return parse_contact(contact).key


@dataclass
class Code:
    """A code that was sent, as its receiver knows it."""

    challenge_id: str
    value: str
    purpose: str
    session_id: str
    contact_key: str
    expires_at: datetime
    evaluated: int = 0
    state: str = "active"  # used, replaced, spent


@dataclass
class Chat:
    id: str
    address: str
    acknowledgement_id: str | None = None
    references: dict[str, tuple[str, str, datetime]] = field(default_factory=dict)  # purpose: reference, value, until


@dataclass
class Registration:
    id: str
    chat: Chat
    expires_at: datetime
    claims: dict[str, str]
    customer: str | None = None  # matched or identified
    is_open: bool = True
    code: Code | None = None
    matched: tuple[str, str | None] | None = None  # purpose and key of the contact that codes go to, also under a limit
    offered: list[dict[str, Any]] = field(default_factory=list)
    identified: str | None = None


@dataclass
class SignIn:
    id: str
    username: str
    expires_at: datetime
    code: Code
    is_open: bool = True


@dataclass
class Account:
    username_key: str
    customer: str
    first_access: bool = False


@dataclass
class Model:
    chats: list[Chat] = field(default_factory=list)
    registrations: list[Registration] = field(default_factory=list)
    sign_ins: list[SignIn] = field(default_factory=list)
    sessions: list[str] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    codes: list[Code] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    counted: Counted = field(default_factory=Counted)

    def account_of(self, customer: str) -> Account | None:
        return next((account for account in self.accounts if account.customer == customer), None)

    def account_named(self, username_key: str) -> Account | None:
        return next((account for account in self.accounts if account.username_key == username_key), None)

    def evaluated(self, code: Code, now: datetime) -> None:
        """One guess at this code was really compared."""
        code.evaluated += 1
        assert code.evaluated <= CODE_ATTEMPTS, f"{code.evaluated} guesses of one code were evaluated"
        self.counted.add("checks of a contact", code.contact_key, now)
