"""Wires the WhatsApp channel: its parts, their start and their end."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from fastapi import Request
from pydantic import SecretStr

from areaclienti.gateway.channels.whatsapp.graph import GraphClient
from areaclienti.gateway.channels.whatsapp.intake import Intake
from areaclienti.gateway.channels.whatsapp.outbound_texts import load_outbound_texts
from areaclienti.gateway.channels.whatsapp.processing import Processing
from areaclienti.gateway.channels.whatsapp.rendering import Rendering
from areaclienti.gateway.channels.whatsapp.seal import Seal
from areaclienti.gateway.channels.whatsapp.sending import Sending
from areaclienti.gateway.channels.whatsapp.ways import FlowWay, PageWay
from areaclienti.gateway.errors import ApiError
from areaclienti.gateway.services import Services
from areaclienti.logging import get_logger
from areaclienti.settings import GatewaySettings

log = get_logger()

FORGET_EVERY_SECONDS = 3600.0


class WhatsappChannel:
    """What the channel's routes work with. `settings.whatsapp` is not "off"."""

    def __init__(
        self, settings: GatewaySettings, served: Services, graph_transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.app_secret = _given(settings.whatsapp_app_secret)
        self.verify_token = _given(settings.whatsapp_verify_token)
        self.phone_number_id = settings.whatsapp_phone_number_id or ""
        seal = Seal(_given(settings.whatsapp_intake_key))
        self.intake = Intake(served.database, seal)
        self.sending = _sending(settings, served, graph_transport)
        served.hub.watch(self.sending)
        self.processing = Processing(served, seal, self.intake, self.sending)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Take up what waits, and go on until `stop`. Returns at once."""
        self.sending.start()
        self._tasks = [
            asyncio.create_task(self.processing.run(), name="whatsapp-processing"),
            asyncio.create_task(self._forget_old(), name="whatsapp-forgetting"),
        ]

    async def stop(self) -> None:
        """Stop; what is not done waits for the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.processing.stop()
        await self.sending.stop()

    def health(self) -> dict[str, Any] | None:
        """Where operators are needed: why nothing goes out."""
        return self.sending.health()

    async def _forget_old(self) -> None:
        while True:
            try:
                await self.intake.forget_old()
            except Exception as error:
                log.error("whatsapp_not_forgotten", exc_info=error)
            await asyncio.sleep(FORGET_EVERY_SECONDS)


async def whatsapp(request: Request) -> WhatsappChannel:
    """The channel of the application that serves this request. Raises 404 not_found where it has none."""
    found: WhatsappChannel | None = request.app.state.whatsapp
    if found is None:
        raise ApiError(404, "not_found", "WhatsApp is switched off")
    return found


def _sending(settings: GatewaySettings, served: Services, graph_transport: httpx.AsyncBaseTransport | None) -> Sending:
    texts = load_outbound_texts()
    rendering = Rendering(texts, settings.public_url, settings.one_time_link_seconds)
    number, token = settings.whatsapp_phone_number_id or "", _given(settings.whatsapp_access_token)
    graph = GraphClient(settings.whatsapp_graph_url, number, token, graph_transport)
    page = PageWay(served.one_time, texts, rendering.link_life)
    if settings.whatsapp_flow_id is None:
        return Sending(served.database, graph, rendering, texts, page)
    flow = FlowWay(served.one_time, texts, rendering.link_life, settings.whatsapp_flow_id)
    return Sending(served.database, graph, rendering, texts, flow, page)


def _given(secret: SecretStr | None) -> str:
    assert secret is not None, "the settings say that it is needed"
    return secret.get_secret_value()
