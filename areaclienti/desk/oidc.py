"""Asks an OpenID provider who somebody is: authorization code with PKCE, tokens checked against its keys."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import httpx
from joserfc import jwt
from joserfc.errors import (
    BadSignatureError,
    DecodeError,
    ExpiredTokenError,
    InvalidClaimError,
    InvalidKeyIdError,
    JoseError,
    MissingClaimError,
)
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from areaclienti.settings import is_private

# What a provider may sign with: its own key pair. Neither "none" nor a shared secret (RFC 8725 §3.1, §3.2).
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
LEEWAY_SECONDS: Final = 60
TIMEOUT_SECONDS: Final = 5.0
KEPT_SECONDS: Final = 3600.0  # what the provider says of itself
KEYS_ASKED_EVERY: Final = 30.0  # at most, for keys that are not known: it may have changed them
_MOST_BYTES: Final = 512 * 1024


class ProviderUnavailable(Exception):
    """It does not answer, or not as OpenID Connect says."""


class TokenRefused(Exception):
    """What came back proves nothing. `reason` is a code for the audit."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Client:
    """What the provider knows us as."""

    issuer: str
    client_id: str
    client_secret: str | None
    redirect_uri: str
    scopes: str


@dataclass(frozen=True)
class Errand:
    """What one way to the provider and back is recognised by: one each, and none of them can be guessed."""

    state: str
    nonce: str
    verifier: str


def new_errand() -> Errand:
    """A fresh one."""
    return Errand(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48))


class Provider:
    """The provider, as discovery describes it. Every method raises ProviderUnavailable."""

    def __init__(self, client: Client, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.client = client
        self._http = httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False, transport=transport)
        self._described: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None

    async def way_there(self, errand: Errand) -> str:
        """The address to send the browser to."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(errand.verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": self.client.redirect_uri,
            "scope": self.client.scopes,
            "state": errand.state,
            "nonce": errand.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        there: str = (await self._description())["authorization_endpoint"]
        return f"{there}{'&' if '?' in there else '?'}{urlencode(asked)}"

    async def claims(self, code: str, errand: Errand) -> Mapping[str, Any]:
        """What the provider says of whoever came back with the code. Raises TokenRefused."""
        described = await self._description()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.client.redirect_uri,
            "code_verifier": errand.verifier,
            "client_id": self.client.client_id,
        }
        auth = None
        if self.client.client_secret is not None:
            if "client_secret_basic" in described.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]):
                auth = httpx.BasicAuth(self.client.client_id, self.client.client_secret)
            else:
                form["client_secret"] = self.client.client_secret
        answer = await self._ask("POST", described["token_endpoint"], data=form, auth=auth)
        if answer.status_code == 400:
            raise TokenRefused("oidc_code")
        token = _json(answer).get("id_token")
        if not isinstance(token, str):
            raise TokenRefused("oidc_no_token")
        return await self._checked(token, errand.nonce)

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    async def _checked(self, token: str, nonce: str) -> Mapping[str, Any]:
        """OpenID Connect Core §3.1.3.7, in its order of worth: signature first, then whose, for whom, until when."""
        claims = await self._signed(token)
        registry = JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self.client.issuer},
            aud={"essential": True, "value": self.client.client_id},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        )
        try:
            registry.validate(claims)
        except ExpiredTokenError:
            raise TokenRefused("oidc_expired") from None
        except (InvalidClaimError, MissingClaimError) as wrong:
            raise TokenRefused(f"oidc_{wrong.claim}"[:40]) from None
        except JoseError:
            raise TokenRefused("oidc_token") from None
        audience = claims["aud"]
        is_for_us_alone = isinstance(audience, str) or len(audience) == 1
        if claims.get("azp", None if not is_for_us_alone else self.client.client_id) != self.client.client_id:
            raise TokenRefused("oidc_azp")
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise TokenRefused("oidc_nonce")
        if not claims["sub"]:
            raise TokenRefused("oidc_sub")
        return claims

    async def _signed(self, token: str) -> dict[str, Any]:
        keys = await self._known_keys(fresh=False)
        try:
            return jwt.decode(token, keys, algorithms=ALGORITHMS).claims
        except (BadSignatureError, InvalidKeyIdError):
            pass  # perhaps it signs with another key now
        except (JoseError, DecodeError, ValueError):
            raise TokenRefused("oidc_signature") from None
        try:
            return jwt.decode(token, await self._known_keys(fresh=True), algorithms=ALGORITHMS).claims
        except (JoseError, ValueError):
            raise TokenRefused("oidc_signature") from None

    async def _known_keys(self, *, fresh: bool) -> KeySet:
        present = time.monotonic()
        if self._keys is not None:
            age = present - self._keys[0]
            if age < (KEYS_ASKED_EVERY if fresh else KEPT_SECONDS):
                return self._keys[1]
        described = await self._description()
        found = _json(await self._ask("GET", described["jwks_uri"]))
        usable = [
            one for one in found.get("keys", []) if isinstance(one, dict) and one.get("kty") in ("RSA", "EC", "OKP")
        ]
        try:
            keys = KeySet.import_key_set({"keys": usable})
        except (JoseError, ValueError):
            raise ProviderUnavailable from None
        self._keys = present, keys
        return keys

    async def _description(self) -> dict[str, Any]:
        present = time.monotonic()
        if self._described is not None and present - self._described[0] < KEPT_SECONDS:
            return self._described[1]
        where = f"{self.client.issuer.rstrip('/')}/.well-known/openid-configuration"
        described = _json(await self._ask("GET", where))
        places = [described.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        are_safe = all(isinstance(place, str) and is_private(place) for place in places)
        if described.get("issuer") != self.client.issuer or not are_safe:
            raise ProviderUnavailable
        self._described = present, described
        return described

    async def _ask(self, method: str, url: str, **sent: Any) -> httpx.Response:
        try:
            answer = await self._http.request(method, url, headers={"Accept": "application/json"}, **sent)
        except httpx.HTTPError:
            raise ProviderUnavailable from None
        if answer.status_code not in (200, 400) or len(answer.content) > _MOST_BYTES:
            raise ProviderUnavailable
        return answer


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        content = answer.json()
    except ValueError:
        raise ProviderUnavailable from None
    if answer.status_code != 200 or not isinstance(content, dict):
        raise ProviderUnavailable
    return content
