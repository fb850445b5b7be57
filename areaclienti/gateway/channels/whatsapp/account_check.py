"""Asks Meta whether its account is set up as docs/whatsapp.md says: token, number, webhook, templates, Flow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from areaclienti.gateway.channels.whatsapp.flows.crypto import FlowKeyError, load_flow_key
from areaclienti.gateway.channels.whatsapp.flows.endpoint import PATH as FLOW_PATH
from areaclienti.gateway.channels.whatsapp.flows.screens import flow_json
from areaclienti.gateway.channels.whatsapp.outbound_texts import TemplateTexts, load_outbound_texts
from areaclienti.settings import GatewaySettings

WEBHOOK_PATH: Final = "/webhooks/whatsapp"
SCOPES: Final = ("whatsapp_business_messaging", "whatsapp_business_management")
NUMBER_FIELDS: Final = (
    "display_phone_number,verified_name,name_status,status,quality_rating,platform_type,health_status"
)
FLOW_FIELDS: Final = "name,status,json_version,data_api_version,endpoint_uri,validation_errors"
_DIGITS: Final = frozenset("0123456789")
# https://developers.facebook.com/docs/graph-api/guides/error-handling#errorcodes
_TOKEN_CODES: Final = frozenset({102, 190, 463, 467})
_RIGHTS_CODES: Final = frozenset({3, 10, *range(200, 300)})


@dataclass(frozen=True)
class Finding:
    """One line for the operator: what was looked at, whether it is right, what there is, and else what to do."""

    subject: str
    is_right: bool
    said: str
    remedy: str = ""


class MetaRefuses(Exception):
    """Meta answered an error; `code` is Graph's, None where the answer had none. What Meta wrote is not kept."""

    def __init__(self, status: int, code: int | None) -> None:
        super().__init__(f"{status} {code}")
        self.code = code


class AccountCheck:
    """Looks at a live account through the Graph API; reads alone, changes nothing."""

    def __init__(self, settings: GatewaySettings, http: httpx.Client) -> None:
        self._settings = settings
        self._http = http
        self._token = _secret(settings.whatsapp_access_token)
        self._ids: dict[str, str] = {}  # of the app and the business account, as the number's health names them

    def findings(self) -> Iterator[Finding]:
        """Each line as it is found. Raises httpx.HTTPError when Meta can't be reached."""
        looks = [self._look_at_token, self._look_at_number, self._look_at_webhook, self._look_at_templates]
        if self._settings.whatsapp_flow_id:
            looks += [self._look_at_key, self._look_at_flow]
        for look in looks:
            try:
                yield look()
            except MetaRefuses as refusal:
                yield Finding(look.__name__.removeprefix("_look_at_"), False, *_of_refusal(refusal))

    def _look_at_token(self) -> Finding:
        found = self._data("/debug_token", input_token=self._token)
        if found.get("is_valid") is not True:
            return Finding("token", False, "is not valid", "Make a new one for the system user.")
        missing = [scope for scope in SCOPES if scope not in found.get("scopes", [])]
        if missing:
            return Finding(
                "token", False, f"lacks {' and '.join(missing)}", "Make it again with these permissions ticked."
            )
        until = found.get("expires_at")
        if until:
            day = datetime.fromtimestamp(int(until), UTC).date().isoformat()
            return Finding("token", False, f"ends on {day}", "Make one that never expires: of a system user.")
        return Finding("token", True, "is valid, never expires, may send and manage")

    def _look_at_number(self) -> Finding:
        found = self._get(f"/{self._settings.whatsapp_phone_number_id}", fields=NUMBER_FIELDS)
        entities = _list(_object(found.get("health_status")).get("entities"))
        self._ids = {str(one.get("entity_type")): str(one.get("id")) for one in entities}
        number, shown = str(found.get("display_phone_number")), self._settings.whatsapp_business_number
        if shown and _digits(number) != _digits(shown):
            return Finding(
                "number", False, f"is {number} at Meta", f"AREACLIENTI_WHATSAPP_BUSINESS_NUMBER says {shown}."
            )
        if found.get("platform_type") != "CLOUD_API":
            return Finding("number", False, "is not registered with the Cloud API", "POST /{number's id}/register.")
        if found.get("name_status") not in ("APPROVED", "AVAILABLE_WITHOUT_REVIEW"):
            said = f"has its display name in state {found.get('name_status')}"
            return Finding("number", False, said, "Customers see the number alone until Meta approves the name.")
        blocked = [one for one in entities if one.get("can_send_message") != "AVAILABLE"]
        if found.get("status") != "CONNECTED" or blocked:
            codes = [str(_object(error).get("error_code")) for one in blocked for error in _list(one.get("errors"))]
            where = ", ".join(f"{one.get('entity_type')} {one.get('can_send_message')}" for one in blocked)
            said = f"is {found.get('status')}; {where or 'all parts available'}"
            return Finding("number", False, said, f"Errors {', '.join(codes) or 'not named'}: see WhatsApp Manager.")
        if found.get("quality_rating") in ("YELLOW", "RED"):
            said = f"has quality {found['quality_rating']}"
            return Finding("number", False, said, "Customers block or report it: read WhatsApp Manager's insights.")
        return Finding("number", True, f"is {number} “{found.get('verified_name')}”, connected")

    def _look_at_webhook(self) -> Finding:
        app, account = self._ids.get("APP"), self._ids.get("WABA")
        if app is None or account is None:
            return Finding(
                "webhook", False, "can't be looked at: the number's app is unknown", "Put the number right first."
            )
        ours = self._settings.public_url.rstrip("/") + WEBHOOK_PATH
        subscribed = {
            str(_object(one.get("whatsapp_business_api_data")).get("id")): one.get("override_callback_uri")
            for one in _list(self._get(f"/{account}/subscribed_apps").get("data"))
        }
        if app not in subscribed:
            return Finding(
                "webhook", False, "gets nothing of this business account", "POST /{account's id}/subscribed_apps."
            )
        # the app's own token, which is good only with the right secret
        secret = f"{app}|{_secret(self._settings.whatsapp_app_secret)}"
        try:
            subscriptions = _list(self._get(f"/{app}/subscriptions", token=secret).get("data"))
        except MetaRefuses as refusal:
            if refusal.code in _TOKEN_CODES | {1, 101}:
                return Finding(
                    "webhook", False, "is signed with another app secret", "Copy it from App settings › Basic."
                )
            raise
        of_whatsapp = [one for one in subscriptions if one.get("object") == "whatsapp_business_account"]
        fields = {str(_object(field).get("name")) for one in of_whatsapp for field in _list(one.get("fields"))}
        address = subscribed[app] or next((one.get("callback_url") for one in of_whatsapp), None)
        if address != ours:
            return Finding("webhook", False, f"is {address or 'not set'}", f"Set {ours} in WhatsApp › Configuration.")
        if "messages" not in fields:
            return Finding(
                "webhook", False, "does not get the field messages", "Subscribe to it in WhatsApp › Configuration."
            )
        return Finding("webhook", True, f"is {ours}, with {', '.join(sorted(fields))}")

    def _look_at_templates(self) -> Finding:
        account = self._ids.get("WABA")
        if account is None:
            return Finding(
                "templates", False, "can't be looked at: the account is unknown", "Put the number right first."
            )
        for template in load_outbound_texts().templates.values():
            answer = self._get(f"/{account}/message_templates", name=template.name)
            same = [one for one in _list(answer.get("data")) if one.get("name") == template.name]
            found = next((one for one in same if one.get("language") == template.language), None)
            if found is None:
                remedy = "Submit it: areaclienti whatsapp templates."
                return Finding("templates", False, f"{template.name} ({template.language}) is not there", remedy)
            if found.get("status") != "APPROVED":
                return Finding("templates", False, f"{template.name} is {found.get('status')}", "See WhatsApp Manager.")
        return Finding("templates", True, "are approved")

    def _look_at_key(self) -> Finding:
        file, passphrase = self._settings.whatsapp_flow_private_key_file, self._settings.whatsapp_flow_passphrase
        assert file is not None
        try:
            ours = load_flow_key(file, passphrase.get_secret_value() if passphrase else None)
        except FlowKeyError as error:
            return Finding("key", False, "can't be used", str(error))
        answer = self._get(f"/{self._settings.whatsapp_phone_number_id}/whatsapp_business_encryption")
        found = next(iter(_list(answer.get("data"))), {})
        upload = "Upload ours (areaclienti whatsapp keys) for this number."
        if not _is_same_key(str(found.get("business_public_key", "")), ours.public_key):
            return Finding("key", False, "is another one at Meta, or none", upload)
        if found.get("business_public_key_signature_status") != "VALID":
            return Finding("key", False, "is not validly signed at Meta", upload)
        return Finding("key", True, "is ours, validly signed")

    def _look_at_flow(self) -> Finding:
        found = self._get(f"/{self._settings.whatsapp_flow_id}", fields=FLOW_FIELDS)
        ours = self._settings.public_url.rstrip("/") + FLOW_PATH
        versions = {"json_version": flow_json()["version"], "data_api_version": flow_json()["data_api_version"]}
        if found.get("endpoint_uri") != ours:
            return Finding("flow", False, f"has the endpoint {found.get('endpoint_uri')}", f"Set {ours}.")
        if other := [name for name, version in versions.items() if found.get(name) != version]:
            said = f"has another {' and '.join(other)} than flows/password.json"
            return Finding("flow", False, said, "Upload that file to a new Flow and publish it.")
        if found.get("validation_errors"):
            return Finding("flow", False, "has validation errors", "See WhatsApp Manager › Flows.")
        if found.get("status") != "PUBLISHED":
            return Finding(
                "flow", False, f"is {found.get('status')}", "Publish it; a throttled one recovers by itself."
            )
        return Finding("flow", True, "is published, with our endpoint")

    def _data(self, path: str, **query: str) -> Mapping[str, Any]:
        return _object(self._get(path, **query).get("data"))

    def _get(self, path: str, token: str | None = None, **query: str) -> Mapping[str, Any]:
        address = self._settings.whatsapp_graph_url + path
        response = self._http.get(address, params=query, headers={"Authorization": f"Bearer {token or self._token}"})
        try:
            body = _object(response.json())
        except ValueError:
            body = {}
        if not response.is_success or "error" in body:
            code = _object(body.get("error")).get("code")
            raise MetaRefuses(response.status_code, code if isinstance(code, int) else None)
        return body


def submission(template: TemplateTexts) -> dict[str, Any]:
    """The body to submit a template with: POST /{business account's id}/message_templates."""
    return {
        "name": template.name,
        "language": template.language,
        "category": template.category,
        "components": [{"type": "BODY", "text": template.body}],
    }


def _of_refusal(refusal: MetaRefuses) -> tuple[str, str]:
    said = f"can't be looked at: Meta answers error {refusal.code}"
    if refusal.code in _TOKEN_CODES:
        return said, "The token is wrong or over: AREACLIENTI_WHATSAPP_ACCESS_TOKEN."
    if refusal.code in _RIGHTS_CODES:
        return said, "The system user needs the app and the WhatsApp account as assets, with full control."
    return said, "Is the id right? docs/whatsapp.md lists the codes."


def _is_same_key(pem: str, ours: RSAPublicKey) -> bool:
    try:
        theirs = load_pem_public_key(pem.encode())
    except ValueError:
        return False
    return isinstance(theirs, RSAPublicKey) and theirs.public_numbers() == ours.public_numbers()


def _secret(value: Any) -> str:
    secret: str = value.get_secret_value() if value else ""
    return secret


def _digits(number: str) -> str:
    return "".join(character for character in number if character in _DIGITS)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
