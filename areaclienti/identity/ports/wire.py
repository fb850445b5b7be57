"""What the bodies of all ports have in common."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from areaclienti.domain.contacts import ContactRejected, parse_contact

# No control characters: PostgreSQL could not store U+0000, and a log or a page must not be written into.
Line = Annotated[str, Field(min_length=1, pattern=r"^[^\x00-\x1f\x7f]*$")]
CustomerNumber = Annotated[str, Field(pattern=r"^[A-Za-z0-9_./-]{1,32}$")]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Body(BaseModel):
    """A service may answer with more fields than are described: they are not looked at."""

    model_config = ConfigDict(from_attributes=True, hide_input_in_errors=True)


class ContactBody(Body):
    """An e-mail address, or an Italian mobile in E.164 (`+393201234600`)."""

    kind: Literal["email", "mobile"]
    value: Annotated[str, Field(min_length=3, max_length=320)]


class RefusalBody(Body):
    """A refusal: a code, and words for operators that never repeat an input value."""

    code: str
    message: str


def contact_key(contact: ContactBody) -> str:
    """What is equal for all spellings of one contact (`areaclienti.domain.contacts.Contact.key`)."""
    try:
        return parse_contact(contact.value).key
    except ContactRejected:
        return contact.value.casefold()
