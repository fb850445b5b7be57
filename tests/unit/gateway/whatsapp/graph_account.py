"""A Graph API that answers for one account as Meta's Postman collection shows; a test spoils what it wants.

https://github.com/WhatsApp/WhatsApp-Flows-Tools, postman/v1/whatsapp-cloud-api.postman_collection.json
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx

from areaclienti.settings import GatewaySettings

NUMBER, APP, ACCOUNT, FLOW = "106540352242922", "670843887433847", "102290129340398", "1679867603465733"
TOKEN, SECRET = "EAAG-the-token-of-this-test", "the-app-s-secret-of-this-test"
PUBLIC_URL = "https://areaclienti.example"


def settings(**changes: Any) -> GatewaySettings:
    """A live gateway's."""
    values: dict[str, Any] = {
        "engine_key": "e", "identity_gateway_key": "i", "public_url": PUBLIC_URL,
        "whatsapp": "live", "whatsapp_phone_number_id": NUMBER, "whatsapp_business_number": "+39 02 1234 5678",
        "whatsapp_access_token": TOKEN, "whatsapp_app_secret": SECRET, "whatsapp_verify_token": "v",
        "whatsapp_intake_key": "k",
    }  # fmt: skip
    return GatewaySettings(_env_file=None, **values | changes)


def environment(tmp_path: Path, **changes: str) -> dict[str, str]:
    """The same for a command."""
    given = {
        "VAR_DIR": str(tmp_path / "var"), "PUBLIC_URL": PUBLIC_URL, "WHATSAPP": "live",
        "WHATSAPP_PHONE_NUMBER_ID": NUMBER, "WHATSAPP_ACCESS_TOKEN": TOKEN, "WHATSAPP_APP_SECRET": SECRET,
        "WHATSAPP_VERIFY_TOKEN": "v",
    } | changes  # fmt: skip
    return {f"AREACLIENTI_{name}": value for name, value in given.items()}


class GraphAccount:
    """Everything is right until a test changes `answers`; `errors` are Graph's codes by path."""

    def __init__(self, public_key: str = "") -> None:
        self.errors: dict[str, int] = {}
        self.asked: list[httpx.Request] = []
        health = [{"entity_type": kind, "id": number, "can_send_message": "AVAILABLE"} for kind, number in
                  (("PHONE_NUMBER", NUMBER), ("WABA", ACCOUNT), ("BUSINESS", "9"), ("APP", APP))]  # fmt: skip
        self.answers: dict[str, dict[str, Any]] = {
            "/debug_token": {"data": {
                "app_id": APP, "type": "SYSTEM_USER", "is_valid": True, "expires_at": 0,
                "scopes": ["whatsapp_business_management", "whatsapp_business_messaging", "public_profile"],
            }},
            f"/{NUMBER}": {
                "id": NUMBER, "display_phone_number": "+39 02 12345678", "verified_name": "Alleanza Area Clienti",
                "name_status": "APPROVED", "status": "CONNECTED", "quality_rating": "GREEN",
                "platform_type": "CLOUD_API",
                "health_status": {"can_send_message": "AVAILABLE", "entities": health},
            },
            f"/{ACCOUNT}/subscribed_apps": {
                "data": [{"whatsapp_business_api_data": {"id": APP, "link": "https://x", "name": "Area Clienti"}}]
            },
            f"/{APP}/subscriptions": {"data": [{
                "object": "whatsapp_business_account", "callback_url": f"{PUBLIC_URL}/webhooks/whatsapp",
                "active": True, "fields": [{"name": "messages", "version": "v23.0"}],
            }]},
            f"/{ACCOUNT}/message_templates": {"data": [{
                "name": "registrazione_in_sospeso", "language": "it", "status": "APPROVED", "category": "UTILITY",
                "id": "594425479261596", "components": [],
            }]},
            f"/{NUMBER}/whatsapp_business_encryption": {"data": [{
                "business_public_key": public_key, "business_public_key_signature_status": "VALID",
            }]},
            f"/{FLOW}": {
                "id": FLOW, "name": "password", "status": "PUBLISHED", "json_version": "7.3", "data_api_version": "4.0",
                "endpoint_uri": f"{PUBLIC_URL}/webhooks/whatsapp/flow", "validation_errors": [],
            },
        }  # fmt: skip

    def answer(self, request: httpx.Request) -> httpx.Response:
        """What Meta says."""
        self.asked.append(request)
        assert request.method == "GET" and request.url.host == "graph.facebook.com"
        path = re.sub(r"^/v[0-9]+\.0", "", request.url.path)
        bearer = request.headers["Authorization"].removeprefix("Bearer ")
        if path == "/debug_token":
            assert request.url.params["input_token"] == TOKEN
        if bearer != (f"{APP}|{SECRET}" if path == f"/{APP}/subscriptions" else TOKEN):
            return _error(190)
        if path in self.errors:
            return _error(self.errors[path])
        return httpx.Response(200, json=self.answers[path]) if path in self.answers else _error(100)

    def client(self) -> httpx.Client:
        """Reaches it and nothing else."""
        return httpx.Client(transport=httpx.MockTransport(self.answer))


def _error(code: int) -> httpx.Response:
    said = {"message": f"(#{code}) {TOKEN} {SECRET}", "type": "OAuthException", "code": code, "fbtrace_id": "A"}
    return httpx.Response(400, content=json.dumps({"error": said}))
