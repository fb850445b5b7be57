"""One HTTP service of the insurer: its key, its certificates, its time, and its answers checked."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import httpx
import stamina
from pydantic import ValidationError

from areaclienti.identity.ports.outside import BackEndUnavailable
from areaclienti.identity.ports.wire import Body
from areaclienti.logging import get_logger

if TYPE_CHECKING:
    from areaclienti.identity.work import Work

_TRIES = 3
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 0.5
_LONGEST_ANSWER = 1024 * 1024
_TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})

Asked = Callable[[str, str, float], None]  # which system, what became of a question, after how many seconds
_Answer = TypeVar("_Answer", bound=Body)
_T = TypeVar("_T")

log = get_logger()


class _Failed(Exception):
    """One try failed; `reason` is a code for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _FailedForNow(_Failed):
    """Another try may succeed."""


class BackEnd:
    """Posts JSON and reads JSON. A call is repeated after a time-out or a 5xx: services must allow for that.

    `name` says which system it is, in logs and in the answer to operators. One try takes at most `timeout_seconds`.
    """

    def __init__(
        self, name: str, url: str, key: str | None, timeout_seconds: float, tls: ssl.SSLContext | None = None
    ) -> None:
        self.name = name
        self.timeout_seconds = timeout_seconds
        self.asked: Asked = lambda name, outcome, seconds: None
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=timeout_seconds,
            verify=tls or ssl.create_default_context(),
            limits=httpx.Limits(max_connections=50, max_keepalive_connections=10),
            follow_redirects=False,
            trust_env=False,  # a proxy named in the environment must not read customers' data
        )

    async def ask_within(
        self, work: Work, path: str, asked: Body, answer: type[_Answer], read: Callable[[_Answer], _T]
    ) -> _T:
        """`ask`, for a use case: the first time ends the attempt of its transaction (`Answers`)."""
        body = asked.model_dump_json()

        async def call() -> _T:
            return await self.ask(path, body, answer, read)

        return work.answers.get((self.name, path, body), self.name, call)

    async def ask(
        self, path: str, body: str, answer: type[_Answer], read: Callable[[_Answer], _T], *, tries: int = _TRIES
    ) -> _T:
        """Posts `body` (JSON) to `path` and gives what `read` makes of the answer.

        Raises `BackEndUnavailable`, also when the answer is not an `answer` or `read` raises `ValueError`.
        """
        begun, outcome = time.monotonic(), "given_up"  # by whoever asked
        try:
            async for attempt in stamina.retry_context(
                on=_FailedForNow,
                attempts=tries,
                wait_initial=_FIRST_PAUSE_SECONDS,
                wait_max=_LONGEST_PAUSE_SECONDS,
                wait_jitter=_FIRST_PAUSE_SECONDS,
            ):
                with attempt:
                    found = read(answer.model_validate_json(await self._post(path, body)))
                    outcome = "answered"
                    return found
        except _Failed as failure:
            outcome = failure.reason if failure.reason in ("timeout", "unreachable") else "failed"
            log.warning("back_end_failed", reason=f"{self.name}_{failure.reason}", route=path)
        except (ValidationError, ValueError):
            outcome = "not_the_contract"
            log.warning("back_end_failed", reason=f"{self.name}_not_the_contract", route=path)
        finally:
            self.asked(self.name, outcome, time.monotonic() - begun)
        raise BackEndUnavailable(self.name)

    async def close(self) -> None:
        await self._client.aclose()

    async def _post(self, path: str, body: str) -> bytes:
        try:
            async with asyncio.timeout(self.timeout_seconds):  # of the whole try: a service may also drip
                return await self._read(path, body)
        except (TimeoutError, httpx.TimeoutException):
            raise _FailedForNow("timeout") from None
        except httpx.TransportError:
            raise _FailedForNow("unreachable") from None
        except httpx.HTTPError:
            raise _Failed("not_http") from None

    async def _read(self, path: str, body: str) -> bytes:
        headers = {"Content-Type": "application/json"}
        async with self._client.stream("POST", path, content=body, headers=headers) as answer:
            if answer.status_code in _TRY_AGAIN:
                raise _FailedForNow(str(answer.status_code))
            if answer.status_code != httpx.codes.OK:
                raise _Failed(str(answer.status_code))
            content = bytearray()
            async for chunk in answer.aiter_bytes():
                content += chunk
                if len(content) > _LONGEST_ANSWER:
                    raise _Failed("too_long")
            return bytes(content)


def tls_context(ca_file: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    """Verifies the service, by the system's authorities or a private one; shows our certificate where there is one.

    Raises `OSError` or `ssl.SSLError` when a file cannot be used.
    """
    context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate is not None:
        context.load_cert_chain(str(certificate), str(key) if key else None)
    return context
