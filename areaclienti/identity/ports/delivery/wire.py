"""The bodies that a notification hub of the insurer takes and gives; its OpenAPI description is made of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from areaclienti.identity.ports.wire import Body, ContactBody, Id


class NotifyAsked(Body):
    """Send the message `template`, in Italian, with its parameters; docs/ports.md lists templates and parameters.

    `id` is the key of it: the same again sends nothing more. After `expires_at` it must not arrive: a code would be
    worth nothing any more. Parameters may be secret: keep neither them nor the text once it is sent.
    """

    id: Id
    template: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    recipient: ContactBody
    parameters: dict[str, str | int]
    expires_at: datetime


class NotifyBody(Body):
    """`accepted`: it is on its way, now or already. `refused`: it will never be (unknown template, blocked address)."""

    outcome: Literal["accepted", "refused"]
