"""Ways in which a customer writes a contact that is on file."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from benchmarks.matching.spelling import full_width
from benchmarks.matching.tolerance import MAY_REFUSE, MUST, Tolerance
from benchmarks.matching.words import words

Write = Callable[[str, random.Random], str]

_GROUPS = ("3-7", "3-3-4", "3-3-2-2", "3-2-2-3", "3-4-3", "1-1-1-1-1-1-1-1-1-1")


def _grouped(national: str, sep: str, groups: str) -> str:
    parts, at = [], 0
    for size in map(int, groups.split("-")):
        parts.append(national[at : at + size])
        at += size
    return sep.join(parts)


def _national(contact: str) -> str:
    return contact.removeprefix("+39")


def _dictated_email(address: str) -> str:
    table = words("contacts")["email_words"]
    return "".join(f" {table[c]} " if c in table else c for c in address)


def _mobile_in_digits(contact: str, rng: random.Random) -> str:
    digits = words("contacts")["digits"]
    return " ".join(digits[int(digit)] for digit in _national(contact))


def _copied(contact: str, rng: random.Random) -> str:
    return str(rng.choice(words("signs")["invisible"])).format(_grouped(contact, "\u00a0", "3-3-3-4"))


# kind: tolerance, why, how it is written.
MOBILE: dict[str, tuple[Tolerance, str, Write]] = {
    "mobile_national": (MUST, "the ten digits alone", lambda c, rng: _national(c)),
    "mobile_grouped": (
        MUST,
        "digits in groups with blanks, full stops or hyphens",
        lambda c, rng: _grouped(_national(c), rng.choice(" .-"), rng.choice(_GROUPS)),
    ),
    "mobile_plus39_grouped": (
        MUST,
        "+39 and groups",
        lambda c, rng: "+39" + rng.choice((" ", "")) + _grouped(_national(c), rng.choice(" .-"), rng.choice(_GROUPS)),
    ),
    "mobile_0039": (
        MUST,
        "0039 for +39",
        lambda c, rng: "0039" + rng.choice((" ", "")) + _grouped(_national(c), rng.choice((" ", "")), "3-7"),
    ),
    "mobile_39_without_plus": (MUST, "12 digits that begin with 39 are no other number", lambda c, rng: c[1:]),
    "mobile_brackets": (
        MUST,
        "prefix or country code in brackets",
        lambda c, rng: rng.choice(("(+39) {0}", "+39 ({1}) {2}", "({1}) {2}")).format(_national(c), c[3:6], c[6:]),
    ),
    "mobile_blanks_around": (MUST, "blanks before and after", lambda c, rng: f"  {_national(c)} "),
    "mobile_no_break_blanks": (
        MUST,
        "copied from a page: blanks that look like others",
        lambda c, rng: _grouped(_national(c), rng.choice(("\u00a0", "\u202f", "\u2009")), "3-3-4"),
    ),
    "mobile_full_width": (MUST, "digits of an East Asian keyboard", lambda c, rng: full_width(_national(c))),
    "mobile_copied_marks": (
        MAY_REFUSE,
        "copied from a phone's address book with invisible marks: the customer can be asked to type it",
        _copied,
    ),
    "mobile_slash": (
        MAY_REFUSE,
        "333/1234567 is common, but the rule on file admits digits, +, blanks, dots, dashes, brackets alone",
        lambda c, rng: f"{c[3:6]}/{c[6:]}",
    ),
    "mobile_with_label": (MAY_REFUSE, "the conversation takes the number out", lambda c, rng: f"cell. {_national(c)}"),
    "mobile_dictated": (MAY_REFUSE, "the conversation writes dictated digits out before", _mobile_in_digits),
}
EMAIL: dict[str, tuple[Tolerance, str, Write]] = {
    "email_upper": (MUST, "no provider tells the case of letters apart", lambda c, rng: c.upper()),
    "email_capital": (MUST, "phones begin with a capital", lambda c, rng: c.capitalize()),
    "email_domain_upper": (
        MUST,
        "domains have no case",
        lambda c, rng: c.split("@")[0] + "@" + c.split("@")[1].upper(),
    ),
    "email_blanks_around": (MUST, "blanks before and after", lambda c, rng: f" {c}  "),
    "email_full_width_at": (
        MAY_REFUSE,
        "a full-width @: the customer can be asked again",
        lambda c, rng: c.replace("@", "＠"),
    ),
    "email_blanks_inside": (MAY_REFUSE, "blanks around @ are no address", lambda c, rng: c.replace("@", " @ ")),
    "email_mailto": (MAY_REFUSE, "copied link; the conversation takes the address out", lambda c, rng: f"mailto:{c}"),
    "email_full_stop": (MAY_REFUSE, "a full stop that ends the sentence", lambda c, rng: f"{c}."),
    "email_dictated": (
        MAY_REFUSE,
        "the conversation writes dictated addresses out before",
        lambda c, rng: _dictated_email(c),
    ),
}
KINDS: dict[str, tuple[Tolerance, str]] = {kind: (tol, why) for kind, (tol, why, _) in (MOBILE | EMAIL).items()}
_MUST = {
    table_name: [write for tolerance, _, write in table.values() if tolerance == MUST]
    for table_name, table in (("email", EMAIL), ("mobile", MOBILE))
}


def contact_variants(contact: str, rng: random.Random) -> Iterator[tuple[str, Tolerance, str, str]]:
    """(kind, tolerance, why, text) for each way of writing this canonical contact."""
    for kind, (tolerance, why, write) in (EMAIL if "@" in contact else MOBILE).items():
        text = write(contact, rng)
        if text != contact:
            yield kind, tolerance, why, text


def any_contact(contact: str, rng: random.Random) -> str:
    """The contact in one of the ways that must be understood."""
    write = rng.choice(_MUST["email" if "@" in contact else "mobile"])
    return write(contact, rng)
