"""What may stand where: secrets in the few places made for them, contacts where docs/privacy.md says."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass

from benchmarks.canary.encodings import Kind
from benchmarks.canary.office import STAFF, STRANGER
from benchmarks.canary.people import ASKED_FOR
from benchmarks.canary.scan import Canary
from benchmarks.product import ROOT

PRIVACY_PAGE = ROOT / "docs" / "privacy.md"
_HEADING = "## Where telephone numbers and e-mail addresses are kept"
SECRETS: Set[Kind] = {"password", "code", "tax_code"}
CONTACTS: Set[Kind] = {"phone", "email"}

# The registry's own columns, and the local mailbox of the embedded default, which stands for the customer's phone.
SECRETS_BY_PURPOSE: dict[Kind, Set[str]] = {
    "password": set(),
    "code": {"identity.mailbox_messages.text", "identity.mailbox_messages.html"},
    "tax_code": {"identity.customers.codice_fiscale", "identity.customers.partita_iva"},
}


@dataclass(frozen=True)
class Passage:
    """What may go over a link: kinds, in requests (or answers) whose method and path fit."""

    link: str
    direction: str  # request or answer
    path: re.Pattern[str]
    kinds: Set[Kind]


def _passage(link: str, direction: str, path: str, *kinds: Kind) -> Passage:
    return Passage(link, direction, re.compile(path), frozenset(kinds))


# Contacts that the customer typed go where the dialogue goes; secrets go from the gateway to identity and nowhere else.
PASSAGES: tuple[Passage, ...] = (
    _passage("gateway-identity", "request", r"POST /v1/vault/secrets$", "password", "code", "tax_code"),
    _passage("gateway-identity", "request", r"POST /v1/sign-in$", "password", "phone", "email", "name"),
    _passage(
        "gateway-identity", "request", r"POST /v1/(sign-in|step-ups|password-resets)/[\w-]+/verification$", "code"
    ),
    _passage("gateway-identity", "request", r"PUT /v1/account/password$", "password"),
    _passage("gateway-identity", "request", r"POST /v1/password-resets$", "phone", "email", "name"),
    _passage("gateway-identity", "request", r"PUT /v1/password-resets/[\w-]+/password$", "password"),
    _passage("gateway-engine", "request", r"POST /webhooks/turn/(turns|classify)$", "phone", "email", "name"),
    _passage("gateway-engine", "answer", r"POST /webhooks/turn/turns$", "phone", "email", "name"),
    _passage("gateway-engine", "answer", r"POST /webhooks/turn/conversations/given$", "phone", "email", "name"),
    _passage("engine-actions", "request", r"POST /webhook$", "phone", "email", "name"),
    _passage("engine-actions", "answer", r"POST /webhook$", "phone", "email", "name"),
    _passage("actions-identity", "request", r"POST /v1/registrations(/[\w-]+/recheck)?$", "phone", "email", "name"),
    _passage("actions-identity", "answer", r"POST /v1/registrations/[\w-]+/verification$", "name"),
    _passage("gateway-identity", "answer", r"GET /v1/customers/me$", "name"),
    _passage("gateway-identity", "request", r"POST /v1/desk/new-contacts$", "email", "phone"),
    _passage("gateway-identity", "answer", r"POST /v1/desk/new-contacts/[\w-]+/show$", "email", "phone"),
)

# What the desk shows of a conversation to whom it may be shown: the customer's own words. Everything else nowhere.
WORDS_SHOWN: Set[str] = {
    "GET /desk/api/queue",  # the last words in one's own conversations
    "GET /desk/api/events",
    "GET /desk/api/handovers/{handover_id}",
    "GET /desk/api/handovers/{handover_id}/events",
    "POST /desk/api/handovers/{handover_id}/claim",
    "POST /desk/api/handovers/{handover_id}/force-take",
    "POST /desk/api/handovers/{handover_id}/given/{field}",  # one of them, on record
    "GET /desk/cerca",  # an excerpt, and the words that were looked for
}
_CONTACT_SHOWN = "POST /desk/recapiti/{request_id}/mostra"


def may_pass(canary: Canary, link: str, direction: str, method: str, path: str) -> bool:
    """Whether the canary may be in that message. What is only on file never passes."""
    asked = f"{method} {path}"
    return canary.typed and any(
        passage.link == link
        and passage.direction == direction
        and canary.kind in passage.kinds
        and passage.path.match(asked)
        for passage in PASSAGES
    )


def may_be_read(canary: Canary, who: str, method: str, route: str) -> bool:
    """Whether an agent may find the canary in the desk's answer. What is only on file never; whoever is of another
    agency nothing; a contact that was asked for is shown to the second person, once.
    """
    if canary.kind in SECRETS or not canary.typed or who not in STAFF or who == STRANGER:
        return False
    asked = f"{method} {route}"
    return asked == _CONTACT_SHOWN if canary.said == ASKED_FOR else asked in WORDS_SHOWN


def may_stand(canary: Canary, place: str, named: Set[str]) -> bool:
    """Whether the canary may be at `database.table`, `database.table.column` or `file:NAME` (`named`: for contacts)."""
    if canary.kind in SECRETS:
        allowed = SECRETS_BY_PURPOSE[canary.kind]
        return place in allowed or place in {column.rpartition(".")[0] for column in allowed}
    table = ".".join(place.split(".")[:2])
    if canary.kind == "name":
        return not place.startswith(("file:", "log:"))  # names are looked for in logs, and after an erasure everywhere
    return place in named or table in named


def named_for_contacts() -> frozenset[str]:
    """The first column of docs/privacy.md's table: `database.table` or `file:NAME`. Raises ValueError without one."""
    page = PRIVACY_PAGE.read_text(encoding="utf-8")
    _, found, rest = page.partition(_HEADING)
    if not found:
        raise ValueError(f"docs/privacy.md has no heading {_HEADING!r}")
    section = rest.partition("\n## ")[0]
    named = frozenset(re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE))
    if not named:
        raise ValueError("docs/privacy.md names no place for contacts")
    return named
