"""A person with a phone at the simulator: writes, taps, and sees what arrives."""

from __future__ import annotations

from typing import Any

import httpx


class Phone:
    """One person's phone. `messages` holds all that arrived, oldest first, as the Graph API took it."""

    def __init__(self, simulator: httpx.AsyncClient, user_id: str) -> None:
        self._simulator = simulator
        self.user_id = user_id
        self.messages: list[dict[str, Any]] = []
        self._last = 0

    @classmethod
    async def buy(cls, simulator: httpx.AsyncClient, mobile: str | None) -> Phone:
        """A new phone; without `mobile` its number is not visible."""
        answer = await simulator.post("/phones", json={"mobile": mobile, "name": "Cliente di prova"})
        answer.raise_for_status()
        return cls(simulator, answer.json()["user_id"])

    async def send(self, **message: Any) -> bool:
        """Send something; whether it was delivered to the gateway."""
        answer = await self._simulator.post(f"/phones/{self.user_id}/send", json=message, timeout=120)
        answer.raise_for_status()
        return bool(answer.json()["delivered"])

    async def look(self) -> list[dict[str, Any]]:
        """What arrived since the last look."""
        answer = await self._simulator.get(f"/phones/{self.user_id}/messages", params={"after": self._last})
        answer.raise_for_status()
        found = answer.json()
        self._last = found["last"]
        self.messages += found["messages"]
        return list(found["messages"])
