"""A small OpenID provider that listens, signs with keys of its own, and misbehaves where a test says so."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from typing import Any
from urllib.parse import parse_qs, urlencode

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

CLIENT_ID, CLIENT_SECRET = "desk-of-tests", "client-secret-of-tests"


class OpenIdProvider:
    """Holds its callers to RFC 6749, 7636 and OpenID Connect Core, and answers for one person."""

    def __init__(self) -> None:
        self.app = FastAPI()
        self.address = ""
        self.key: Any = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})
        self.published: list[Any] = [self.key]
        self.forget()
        self.app.get("/.well-known/openid-configuration")(self._description)
        self.app.get("/keys")(self._keys)
        self.app.get("/authorize")(self._authorize)
        self.app.post("/token")(self._token)

    def forget(self) -> None:
        """Behave well again, for somebody new."""
        self.person: dict[str, Any] = {"sub": "person-1", "email": "giulia.conti@example.it", "email_verified": True}
        self.changes: dict[str, Any] = {}  # claims that are other than they should be; None: left out
        self.header: dict[str, Any] = {}
        self.signs_with: Any = None
        self.shared_secret: bytes | None = None  # signs with HS256 under it, by hand: libraries refuse a public key
        self.described: dict[str, Any] = {}
        self.is_down = False
        self.refuses: str | None = None  # the error with which it sends the browser back
        self.asked: list[dict[str, str]] = []
        self.codes: dict[str, dict[str, str]] = {}
        self.keys_asked = 0

    def _description(self) -> Response:
        if self.is_down:
            return Response(status_code=503)
        known = {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }
        return JSONResponse(known | self.described)

    def _keys(self) -> Response:
        self.keys_asked += 1
        return JSONResponse({"keys": [key.as_dict(private=False) for key in self.published]})

    def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert asked["response_type"] == "code" and asked["client_id"] == CLIENT_ID
        assert asked["code_challenge_method"] == "S256" and len(asked["code_challenge"]) == 43
        assert "openid" in asked["scope"].split() and len(asked["state"]) >= 43 and len(asked["nonce"]) >= 43
        self.asked.append(asked)
        if self.refuses is not None:
            refusal = urlencode({"error": self.refuses, "state": asked["state"], "iss": self.address})
            return RedirectResponse(f"{asked['redirect_uri']}?{refusal}", status_code=302)
        code = f"code-{len(self.asked)}-{time.monotonic_ns()}"
        self.codes[code] = asked
        back = urlencode({"code": code, "state": asked["state"], "iss": self.address})
        return RedirectResponse(f"{asked['redirect_uri']}?{back}", status_code=302)

    async def _token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        secret = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        asked = self.codes.pop(form.get("code", ""), None)
        if request.headers.get("Authorization") != f"Basic {secret}" or form.get("grant_type") != "authorization_code":
            return JSONResponse({"error": "invalid_client"}, 401)
        if asked is None or form.get("redirect_uri") != asked["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse({"access_token": "not-for-us", "token_type": "Bearer", "id_token": self._signed(asked)})

    def _signed(self, asked: dict[str, str]) -> str:
        present = int(time.time())
        claims = {"iss": self.address, "aud": CLIENT_ID, "iat": present, "exp": present + 300, "nonce": asked["nonce"]}
        said = {name: value for name, value in (claims | self.person | self.changes).items() if value is not None}
        if self.shared_secret is not None:
            head = _part(b'{"alg":"HS256","kid":"first"}') + "." + _part(json.dumps(said).encode())
            return f"{head}.{_part(hmac.digest(self.shared_secret, head.encode(), 'sha256'))}"
        key = self.signs_with or self.key
        header = {"alg": _algorithm(key), "kid": key.kid} | self.header
        if header["alg"] == "none":
            return ".".join((_part(b'{"alg":"none"}'), _part(json.dumps(said).encode()), ""))
        return jwt.encode(header, said, key, algorithms=[header["alg"]])


def _algorithm(key: Any) -> str:
    return "ES256" if isinstance(key, ECKey) else "HS256" if isinstance(key, OctKey) else "RS256"


def _part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class Listening:
    """The provider on a port of this machine, while the block lasts."""

    def __init__(self, provider: OpenIdProvider) -> None:
        self._provider = provider
        config = uvicorn.Config(provider.app, host="127.0.0.1", port=0, log_level="critical")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)

    def __enter__(self) -> OpenIdProvider:
        self._thread.start()
        deadline = time.monotonic() + 60
        while not self._server.started:
            assert time.monotonic() < deadline, "the provider did not start"
            time.sleep(0.01)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self._provider.address = f"http://127.0.0.1:{port}"
        return self._provider

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(60)
