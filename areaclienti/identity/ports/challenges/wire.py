"""The bodies that a code service of the insurer takes and gives; its OpenAPI description is made of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from areaclienti.identity.ports.challenges.contract import Compared
from areaclienti.identity.ports.wire import Body, ContactBody, Id

PurposeBody = Literal["registration", "contact_confirmation", "first_access", "step_up", "password_reset"]


class SendAsked(Body):
    """Make a code of six digits and send it, in Italian, with its purpose and its life.

    `challenge` is the key of it all: the same again sends nothing more. After `expires_at` it must not arrive.
    """

    challenge: Id
    purpose: PurposeBody
    contact: ContactBody
    life_minutes: Annotated[int, Field(ge=1, le=10)]
    expires_at: datetime
    attempts: Annotated[int, Field(ge=1, le=10)]


class SendBody(Body):
    """`sent`: it is on its way, now or already. `refused`: it will never be (blocked number, …)."""

    outcome: Literal["sent", "refused"]


class CheckAsked(Body):
    """`attempt` is the same when the same code is checked again: answer as before, and count nothing."""

    challenge: Id
    attempt: Id
    code: Annotated[str, Field(pattern=r"^[0-9]{6}$")]


class CheckBody(Body):
    """`spent`: too many attempts, or another attempt was right. An unknown challenge is `wrong`."""

    outcome: Compared
