"""Asks identity: the vault, the privacy notice, sign-in, the mailbox."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from areaclienti.gateway.texts import Purpose

Asked = Callable[[str, float], None]  # what became of a request, after how many seconds
_OUTCOMES = {2: "answered", 5: "failed"}  # by the class of the status


class IdentityUnavailable(Exception):
    """Identity is down, too slow, or answers what its contract does not say."""


class IdentityRefused(Exception):
    """Identity said no, with a status and a code of its contract."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code


class SecretRejected(Exception):
    """The vault kept nothing: the value breaks `failed_rules`."""

    def __init__(self, failed_rules: list[str]) -> None:
        super().__init__("secret_rejected")
        self.failed_rules = failed_rules


class _Deposit(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)
    reference: str = Field(pattern=r"^vlt_")


class IdentityClient:
    """Identity behind its HTTP contract. Retries nothing; every method may raise IdentityUnavailable."""

    def __init__(self, url: str, key: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.asked: Asked = lambda outcome, seconds: None
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"},
            timeout=httpx.Timeout(8.0, connect=3.0),
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=20),
            transport=transport,
        )

    async def deposit(self, conversation_id: str, purpose: Purpose, value: str, client_address: str) -> str:
        """Put a secret in the vault; the reference to give to the engine. Raises SecretRejected."""
        response = await self._send(
            "POST",
            "/v1/vault/secrets",
            json={
                "conversation_id": conversation_id,
                "purpose": purpose,
                "value": value,
                "client_address": client_address,
            },
        )
        if response.status_code == 422:
            raise SecretRejected(_failed_rules(response))
        if response.status_code != 201:
            raise IdentityUnavailable(f"vault answered {response.status_code}")
        try:
            return _Deposit.model_validate_json(response.content).reference
        except ValidationError:
            raise IdentityUnavailable("vault answered nonsense") from None

    async def ask(
        self,
        method: str,
        path: str,
        *,
        json: dict[str, Any] | None = None,
        params: dict[str, str] | None = None,
        session_token: str | None = None,
    ) -> dict[str, Any]:
        """The JSON object that identity answers ({} for an empty answer). Raises IdentityRefused on a 4xx, and
        SecretRejected for a password that breaks the rules.
        """
        headers = {"X-Session-Token": session_token} if session_token else {}
        response = await self._send(method, path, json=json, params=params, headers=headers)
        if response.is_server_error:
            raise IdentityUnavailable(f"identity answered {response.status_code}")
        if response.status_code == 422 and _code(response) == "secret_rejected":
            raise SecretRejected(_failed_rules(response))
        if response.is_client_error:
            raise IdentityRefused(response.status_code, _code(response))
        if not response.content:
            return {}
        body = _json(response)
        if not isinstance(body, dict):
            raise IdentityUnavailable("identity answered nonsense")
        return body

    async def is_ready(self) -> bool:
        """Whether identity says that it is ready."""
        try:
            response = await self._http.get("/health/ready", timeout=2.0)
        except httpx.HTTPError:
            return False
        return response.is_success

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    async def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        begun, outcome = time.monotonic(), "given_up"  # by whoever asked
        try:
            response = await self._http.request(method, path, **options)
            outcome = _OUTCOMES.get(response.status_code // 100, "refused")
            return response
        except httpx.HTTPError as error:
            outcome = "timeout" if isinstance(error, httpx.TimeoutException) else "unreachable"
            raise IdentityUnavailable(type(error).__name__) from None
        finally:
            self.asked(outcome, time.monotonic() - begun)


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _code(response: httpx.Response) -> str:
    body = _json(response)
    code = body.get("code") if isinstance(body, dict) else None
    return code if isinstance(code, str) else "unknown"


def _failed_rules(response: httpx.Response) -> list[str]:
    body = _json(response)
    rules = body.get("failed_rules") if isinstance(body, dict) else None
    if not isinstance(rules, list) or not all(isinstance(rule, str) for rule in rules):
        raise IdentityUnavailable("vault refused without saying why")
    return rules
