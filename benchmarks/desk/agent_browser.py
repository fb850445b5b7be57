"""An agent's browser: signs in with both factors, and uses the desk's API and streams as its pages do."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx

from areaclienti.desk import totp
from benchmarks.desk.people import PASSWORD, Person
from benchmarks.sse import Event, events

PATIENCE_SECONDS = 120.0


class AgentBrowser:
    """One agent, signed in. `url` is the gateway that he is led to; another one can be named at each request."""

    def __init__(self, person: Person, url: str, origin: str) -> None:
        self.person = person
        self.url = url
        self._http = httpx.AsyncClient(headers={"Origin": origin}, timeout=PATIENCE_SECONDS)
        self._streams = httpx.AsyncClient(
            headers={"Origin": origin}, timeout=httpx.Timeout(PATIENCE_SECONDS, read=None)
        )

    async def sign_in(self) -> None:
        """Password, then the code of the authenticator app. Raises RuntimeError when he is not let in."""
        given = {"email": self.person.email, "password": PASSWORD}
        answer = await self._http.post(f"{self.url}/desk/accesso", data=given)
        if answer.status_code != httpx.codes.SEE_OTHER:
            raise RuntimeError(f"the password of {self.person.name} was not taken: {answer.status_code}")
        code = totp.next_code(self.person.totp_secret, datetime.now(UTC), None)
        answer = await self._http.post(f"{self.url}/desk/accesso/codice", data={"codice": code})
        if answer.status_code != httpx.codes.SEE_OTHER:
            raise RuntimeError(f"the code of {self.person.name} was not taken: {answer.status_code}")
        self._streams.cookies = self._http.cookies

    @property
    def cookie(self) -> str:
        """The header that carries his session."""
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._http.cookies.jar)

    async def ask(self, method: str, path: str, body: Any = None, url: str | None = None) -> httpx.Response:
        """A request to the desk's API; `path` behind `/desk/api`. Raises httpx.TransportError."""
        return await self._http.request(method, f"{url or self.url}/desk/api{path}", json=body)

    @contextlib.asynccontextmanager
    async def follow(self, path: str, url: str | None = None) -> AsyncIterator[AsyncIterator[Event]]:
        """The events of one of the desk's streams, as long as the block lasts."""
        async with self._streams.stream("GET", f"{url or self.url}/desk/api{path}") as response:
            yield events(response)

    async def close(self) -> None:
        """Leave; the session stays."""
        await self._http.aclose()
        await self._streams.aclose()
