"""Calls to the action server: one kept connection pool, and a failed call fails the turn."""

from __future__ import annotations

from typing import Any

import aiohttp
from rasa.utils.endpoints import ClientResponseError, EndpointConfig

from engine.turn import note_failure

TIMEOUT_SECONDS = 15
REJECTED = 400  # rasa-sdk's answer when an action declines to run; part of normal dialogue


class ActionServer(EndpointConfig):  # type: ignore[misc]
    """Rasa logs a failed action and goes on with half a turn; here the turn notes the failure and is not stored."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._session: aiohttp.ClientSession | None = None

    async def request(self, method: str = "post", subpath: str | None = None, **kwargs: Any) -> Any:  # type: ignore[override]
        name = (kwargs.get("json") or {}).get("next_action", "action")
        try:
            return await self._post(kwargs.get("json"))
        except ClientResponseError as error:
            if error.status != REJECTED:
                note_failure(f"{name}: status {error.status}")
            raise
        except (aiohttp.ClientError, TimeoutError) as error:
            note_failure(f"{name}: {type(error).__name__}")
            raise aiohttp.ClientConnectionError(type(error).__name__) from None

    async def _post(self, body: Any) -> Any:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS))
        async with self._session.post(self.url, json=body, headers=self.headers) as answer:
            if answer.status >= REJECTED:
                # The body is passed on only where Rasa needs it: an error page may repeat what the customer wrote.
                text = await answer.text() if answer.status == REJECTED else ""
                raise ClientResponseError(answer.status, answer.reason, text)
            return await answer.json()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
