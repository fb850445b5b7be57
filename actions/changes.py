"""Whether a message gives a value that is known already in another way: «anzi, la ditta è …»."""

from __future__ import annotations

from contextlib import suppress

from rasa_sdk import Tracker

from actions import answers
from areaclienti.domain.companies import clean_company
from areaclienti.domain.contacts import ContactRejected, parse_contact
from areaclienti.domain.names import NameRejected, PersonName, same_person, split_full_name


def changed_fields(tracker: Tracker) -> list[str]:
    """The fields (`name`, `company_name`, `contact`) that are known and stand in the message with another value."""
    checks = {"name": _name_differs, "company_name": _company_differs, "contact": _contact_differs}
    changed = []
    for field, differs in checks.items():
        with suppress(NameRejected, ContactRejected):
            if differs(tracker):
                changed.append(field)
    return changed


def _name_differs(tracker: Tracker) -> bool:
    given, family = tracker.get_slot("given_name"), tracker.get_slot("family_name")
    if not (given and family):
        return False
    typed = split_full_name(answers.person(tracker, requested=False) or "")
    return typed is not None and not same_person(typed, PersonName(given, family))


def _company_differs(tracker: Tracker) -> bool:
    known, typed = tracker.get_slot("company_name"), answers.entity(tracker, "company")
    return bool(known and typed) and clean_company(str(typed)).casefold() != str(known).casefold()


def _contact_differs(tracker: Tracker) -> bool:
    known, typed = tracker.get_slot("contact"), answers.contact(tracker, requested=False)
    return bool(known and typed) and parse_contact(str(typed)).value != known
