"""Wires the connection to Chatwoot into the gateway's process, on the desk's parts."""

from __future__ import annotations

import httpx

from areaclienti.desk.chatwoot.adapter import Chatwoot
from areaclienti.gateway.services import Services
from areaclienti.settings import GatewaySettings


def open_chatwoot(
    settings: GatewaySettings, served: Services, transport: httpx.AsyncBaseTransport | None = None
) -> Chatwoot | None:
    """The connection to the insurer's Chatwoot; None where people answer at our own desk."""
    desk = served.desk
    if settings.handover != "chatwoot" or desk is None:
        return None
    return Chatwoot(
        settings, served.database, served.hub, desk.operations, desk.customers, desk.summary_of, transport
    )  # fmt: skip
