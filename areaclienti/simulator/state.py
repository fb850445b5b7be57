"""What the running simulator is made of; a restart forgets all of it but the users' ids."""

from __future__ import annotations

import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from areaclienti.settings import SimulatorSettings
from areaclienti.simulator.business import Business
from areaclienti.simulator.errors import Refusal
from areaclienti.simulator.faults import Faults
from areaclienti.simulator.pace import PairRate, Throughput
from areaclienti.simulator.phones import Phones
from areaclienti.simulator.statuses import Statuses
from areaclienti.simulator.tasks import Tasks
from areaclienti.simulator.webhooks import Webhooks

_REFUSED_KEPT: Final = 100


@dataclass(slots=True)
class State:
    """One process's parts. `boot` is another after each start, so that a page sees that all was forgotten."""

    settings: SimulatorSettings
    business: Business
    webhooks: Webhooks
    statuses: Statuses
    tasks: Tasks
    phones: Phones = field(default_factory=Phones)
    faults: Faults = field(default_factory=Faults)
    pair_rate: PairRate = field(default_factory=lambda: PairRate(time.monotonic))
    throughput: Throughput = field(default_factory=lambda: Throughput(time.monotonic))
    refused: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_REFUSED_KEPT))
    refused_in_all: int = 0
    boot: str = field(default_factory=lambda: secrets.token_hex(8))

    def set_faults(self, faults: Faults) -> None:
        """From now on these things go wrong, and no others."""
        self.faults = faults
        self.webhooks.faults = faults

    def note_refusal(self, refusal: Refusal, request: object) -> None:
        """Keep what was refused, for the page and for tests; never in a log."""
        self.refused_in_all += 1
        self.refused.append(
            {
                "at": time.time(),
                "code": refusal.error.code,
                "title": refusal.error.title,
                "details": refusal.details,
                "limit": refusal.limit.facts() if refusal.limit else None,
                "document": refusal.document,
                "request": request,
            }
        )


def make_state(settings: SimulatorSettings, transport: httpx.AsyncBaseTransport | None = None) -> State:
    """The parts, wired. `transport` is the way to the gateway, by default the network."""
    tasks = Tasks()
    faults = Faults()
    business = Business(settings.whatsapp_business_number, settings.whatsapp_phone_number_id)
    webhooks = Webhooks(
        settings.whatsapp_webhook_url,
        settings.whatsapp_app_secret.get_secret_value(),
        settings.whatsapp_verify_token.get_secret_value(),
        faults,
        tasks,
        transport,
    )
    return State(settings, business, webhooks, Statuses(business, webhooks), tasks, faults=faults)
