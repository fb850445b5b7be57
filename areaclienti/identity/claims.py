"""What a customer says about himself or his company, cleaned by the domain's rules."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

from areaclienti.domain.companies import clean_company
from areaclienti.domain.contacts import Contact, ContactRejected, parse_contact
from areaclienti.domain.names import NameRejected, PersonName, clean_name
from areaclienti.identity.errors import Refused

CustomerType = Literal["persona", "azienda"]


@dataclass(frozen=True)
class Claims:
    """`person` for a persona, `company` for an azienda, and the contact that is to become the username."""

    customer_type: CustomerType
    person: PersonName | None
    company: str | None
    contact: Contact

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Claims:
        fields = json.loads(text)
        person = fields["person"]
        return cls(
            customer_type=fields["customer_type"],
            person=PersonName(*person) if person else None,
            company=fields["company"],
            contact=Contact(**fields["contact"]),
        )


def read_claims(
    customer_type: CustomerType,
    given_name: str | None,
    family_name: str | None,
    company_name: str | None,
    contact: str,
) -> Claims:
    """Raises `Refused` (422 `invalid_input`) when a name is missing or something typed cannot be what it should be."""
    try:
        if customer_type == "persona":
            person = PersonName(clean_name(given_name or ""), clean_name(family_name or ""))
            return Claims("persona", person, None, parse_contact(contact))
        return Claims("azienda", None, clean_company(company_name or ""), parse_contact(contact))
    except (NameRejected, ContactRejected):
        raise Refused(422, "invalid_input", "A name or the contact does not have the form that it should.") from None
