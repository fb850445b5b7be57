"""Tells the business what became of its messages: sent, delivered, read, or failed."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from typing import Any, Final, Literal

from areaclienti.simulator.business import Business
from areaclienti.simulator.errors import Refusal
from areaclienti.simulator.inbound import contact
from areaclienti.simulator.phones import Entry, Phone
from areaclienti.simulator.webhooks import Webhooks

Reported = Literal["sent", "delivered", "read", "failed"]
_ORDER: Final[tuple[Literal["sent", "delivered", "read"], ...]] = ("sent", "delivered", "read")
_BETWEEN_SECONDS: Final = 0.03
_UNSEEN_SECONDS: Final = 3600.0  # who hasn't looked at the page by then isn't waited for any more


class Statuses:
    """Sends a message's statuses one after the other, in the order and at the time that the faults say."""

    def __init__(self, business: Business, webhooks: Webhooks) -> None:
        self._business = business
        self._webhooks = webhooks

    async def follow(self, phone: Phone, entry: Entry) -> None:
        """Report a message until it was read; a phone that a page shows reads what was seen, any other all."""
        faults = self._webhooks.faults.statuses
        await asyncio.sleep(faults.late_ms / 1000)
        phone.move_forward(entry, "sent")
        phone.move_forward(entry, "delivered")
        if not faults.backwards:
            for status in _ORDER[:2]:
                await self._report(phone, entry, status)
        if not await self._until_seen(phone, entry):
            return
        phone.move_forward(entry, "read")
        for status in reversed(_ORDER) if faults.backwards else _ORDER[2:]:
            await self._report(phone, entry, status)

    async def fail(self, phone: Phone, entry: Entry, refusal: Refusal) -> None:
        """Report that a message, which Graph took, did not reach the person."""
        await asyncio.sleep(self._webhooks.faults.statuses.late_ms / 1000)
        phone.move_forward(entry, "failed")
        await self._send(phone, entry, "failed", {"errors": [refusal.status_error()]})

    async def _report(self, phone: Phone, entry: Entry, status: Reported) -> None:
        if status in self._webhooks.faults.statuses.leave_out:
            return
        pricing = {"billable": False, "pricing_model": "PMP", "category": "service", "type": "free_customer_service"}
        origin = {"id": secrets.token_hex(16), "origin": {"type": "service"}}
        more = {"pricing": pricing} | ({"conversation": origin} if status == "sent" else {})
        await self._send(phone, entry, status, more)
        await asyncio.sleep(_BETWEEN_SECONDS)

    async def _send(self, phone: Phone, entry: Entry, status: Reported, more: dict[str, Any]) -> None:
        known = {"recipient_id": phone.wa_id} if phone.wa_id else {}
        report: dict[str, Any] = {
            "id": entry.wamid,
            "status": status,
            "timestamp": str(int(time.time())),
            **known,
            "recipient_user_id": phone.user_id,
            **more,
        }
        if entry.callback_data is not None:
            report["biz_opaque_callback_data"] = entry.callback_data
        change = self._business.change({"contacts": [contact(phone)], "statuses": [report]})
        await self._webhooks.deliver(status, phone.user_id, change)

    async def _until_seen(self, phone: Phone, entry: Entry) -> bool:
        """Whether the person saw it: at once where no page shows the phone, when the page says so otherwise."""
        if not phone.pages:
            return True
        with contextlib.suppress(TimeoutError), phone.watched() as changed:
            async with asyncio.timeout(_UNSEEN_SECONDS):
                while entry.status != "read":
                    changed.clear()
                    await changed.wait()
        return entry.status == "read"
