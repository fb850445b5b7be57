"""What the Cloud API's error codes mean for the message that met them, and for all others.

Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
"""

from __future__ import annotations

from enum import Enum


class Verdict(Enum):
    """What to do."""

    WINDOW = "window_closed"  # only a template may be sent
    PERSON = "too_many_to_person"  # later, to this person
    NUMBER = "too_many_from_number"  # later, to everybody
    SPAM = "spam_limit"  # stop, and tell operators
    TOKEN = "token"  # stop, and tell operators: nothing of ours is let in
    ACCOUNT = "account_blocked"  # stop, and tell operators: nobody's message is sent for us
    LATER = "not_now"  # again in a while
    UNDELIVERABLE = "undeliverable"  # never, to this person
    REFUSED = "refused"  # never, in this shape


PAUSING = frozenset({Verdict.SPAM, Verdict.TOKEN, Verdict.ACCOUNT})

_BY_CODE = {
    131047: Verdict.WINDOW,
    131056: Verdict.PERSON,
    4: Verdict.NUMBER,
    80007: Verdict.NUMBER,
    130429: Verdict.NUMBER,
    131048: Verdict.SPAM,
    131064: Verdict.SPAM,
    0: Verdict.TOKEN,
    3: Verdict.TOKEN,
    10: Verdict.TOKEN,
    190: Verdict.TOKEN,
    131005: Verdict.TOKEN,
    33: Verdict.ACCOUNT,
    368: Verdict.ACCOUNT,
    131031: Verdict.ACCOUNT,
    131037: Verdict.ACCOUNT,
    131042: Verdict.ACCOUNT,
    131045: Verdict.ACCOUNT,
    133010: Verdict.ACCOUNT,
    1: Verdict.LATER,
    2: Verdict.LATER,
    131000: Verdict.LATER,
    131016: Verdict.LATER,
    131057: Verdict.LATER,
    130472: Verdict.UNDELIVERABLE,
    130497: Verdict.UNDELIVERABLE,
    131021: Verdict.UNDELIVERABLE,
    131026: Verdict.UNDELIVERABLE,
    131030: Verdict.UNDELIVERABLE,
    131049: Verdict.UNDELIVERABLE,
    131050: Verdict.UNDELIVERABLE,
    131062: Verdict.UNDELIVERABLE,
}


def verdict_on(code: int | None, status: int | None = None) -> Verdict:
    """By the error's code; by the HTTP status where there is none, or one that is new."""
    if code is not None and code in _BY_CODE:
        return _BY_CODE[code]
    if code is not None and 200 <= code < 300:  # "API Permission", a range
        return Verdict.TOKEN
    if status is None or status < 400:
        return Verdict.REFUSED
    if status >= 500:
        return Verdict.LATER
    return {401: Verdict.TOKEN, 429: Verdict.NUMBER}.get(status, Verdict.REFUSED)
