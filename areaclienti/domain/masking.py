"""Masks contacts as the manual shows them (3c, 4c): `320 ****600`, `mic*****@gm**.com`; widths never tell lengths."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from areaclienti.domain.contacts import Contact

_LOCAL_STARS = "*" * 5
_DOMAIN_STARS = "*" * 2
_MOBILE_STARS = "*" * 4
_NAME_STARS = "*" * 5


def mask_email(address: str) -> str:
    """`mic*****@gm**.com`: at most three characters of the local part, two of the domain, and the last label.

    Short parts show less, never more than half: `18*****@m**.com`.
    """
    local, _, domain = address.rpartition("@")
    name, _, last_label = domain.rpartition(".")
    ending = f".{last_label}" if name else ""
    return f"{_some(local, 3)}{_LOCAL_STARS}@{_some(name or domain, 2)}{_DOMAIN_STARS}{ending}"


def mask_mobile(e164: str) -> str:
    """`320 ****600`: the operator prefix and the last three digits of an Italian mobile in E.164.

    Anything else shows its last three digits at most.
    """
    italian = re.fullmatch(r"\+39(3[0-9]{2})[0-9]{3,4}([0-9]{3})", e164, re.ASCII)
    if italian:
        return f"{italian[1]} {_MOBILE_STARS}{italian[2]}"
    digits = re.sub(r"[^0-9]", "", e164)
    return f"*** {_MOBILE_STARS}{digits[-3:] if len(digits) > 6 else '***'}"


def mask_own_mobile(e164: str) -> str:
    """`+39 *** *** 4567`: an Italian mobile in E.164 for the one who writes from it, by its last four digits."""
    return f"{e164[:3]} *** *** {e164[-4:]}"


def mask_contact(contact: Contact) -> str:
    """The mask for the contact's kind."""
    return mask_email(contact.value) if contact.kind == "email" else mask_mobile(contact.value)


def mask_name(name: str) -> str:
    """`M***** R*****`: the initials of at most three words of a name, a person's or a company's."""
    return " ".join(word[0] + _NAME_STARS for word in name.split()[:3])


def _some(text: str, most: int) -> str:
    return text[: min(most, max(0, (len(text) - 1) // 2))]
