"""The number that the customer writes from, as the contact to register with: a tap instead of typing (manual 4a)."""

from __future__ import annotations

import re

from rasa_sdk import Tracker

from actions.message import intent, text
from areaclienti.domain.contacts import ContactRejected, parse_contact
from areaclienti.domain.masking import mask_own_mobile
from areaclienti.domain.text import fold

BUTTON = "own_mobile"  # what the buttons say in place of the number, so that no choice holds it
THIS, OTHER = "this", "other"

_THIS = re.compile(
    r"\b(?:quest[oa]|il mio|lo stesso) (?:numero|cellulare|cell|telefono)\b"
    r"|\bda cui (?:ti |vi )?(?:sto scrivendo|scrivo)\b"
)
_THIS_ALONE = re.compile(r"(?:(?:si|ok|certo|va bene|usa|uso|usiamo|prendi) )*questo(?: qui| va bene)?")
_OTHER = re.compile(r"\baltr[oa]\b|\bdivers[oa]\b|\be?-?mail\b|\bposta elettronica\b")
_NOT = re.compile(r"\b(?:no|non|mai|senza)\b")
# a contact of its own, or a question
_NAMES_ONE = re.compile(r"[@?\d]|^(?:(?:e|ma) )?(?:qual[ei]?|che|cosa|come|dove|perche|posso|devo|si puo)\b")


def known(tracker: Tracker) -> str | None:
    """The number in E.164, when it is a mobile to register with: an Italian one; else None."""
    try:
        contact = parse_contact(tracker.get_slot("own_mobile") or "")
    except ContactRejected:
        return None
    return contact.value if contact.kind == "mobile" else None


def masked(tracker: Tracker) -> str | None:
    """The number as it is shown in a question that offers it, `+39 *** *** 4567`; None when it is not to be offered:
    there is none, the customer has declined it, or it is what he has just called wrong.
    """
    number = known(tracker)
    if number is None or tracker.get_slot("own_mobile_declined") or number == _replaced(tracker):
        return None
    return mask_own_mobile(number)


def is_offered(tracker: Tracker) -> bool:
    """Whether the question for the contact is whether to use the number, so that a yes or a no answers it.

    Where another contact is being corrected, a yes leaves that one as it was.
    """
    waits = tracker.get_slot("suggested_contact") or _replaced(tracker)
    return not waits and masked(tracker) is not None


def meant(tracker: Tracker, value: str | None) -> str | None:
    """The value of a button, with the number where the button stands for it."""
    return known(tracker) if value == BUTTON else value


def said(tracker: Tracker, asked: bool) -> str | None:
    """THIS or OTHER, as far as the text says it in words; `asked`: where the contact was asked for."""
    typed = re.sub(r"[^\w@?' -]+", " ", fold(text(tracker)))
    words = " ".join(typed.split())
    if not words or known(tracker) is None or _NAMES_ONE.search(words):
        return None
    if not asked:
        return THIS if "da cui" in words and _THIS.search(words) and not _NOT.search(words) else None
    offered = is_offered(tracker)
    if _OTHER.search(words):
        return OTHER if offered else None
    if _NOT.search(words) or intent(tracker) == "deny":
        return None
    return THIS if _THIS.search(words) or (offered and _THIS_ALONE.fullmatch(words)) else None


def _replaced(tracker: Tracker) -> str | None:
    return (tracker.get_slot("replaced") or {}).get("contact")
