"""Asks Chatwoot whether it is set up as docs/chatwoot.md says: user, inbox, webhook, teams, labels, deleting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from areaclienti.desk.chatwoot.texts import load_texts
from areaclienti.settings import GatewaySettings

WEBHOOK_PATH: Final = "/webhooks/chatwoot"


@dataclass(frozen=True)
class Finding:
    """One line for the operator: what was looked at, whether it is right, what there is, and else what to do."""

    subject: str
    is_right: bool
    said: str
    remedy: str = ""


class ChatwootRefuses(Exception):
    """Chatwoot answered an error; what it wrote is not kept."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


class ChatwootCheck:
    """Looks at an account through the application API; reads alone, changes nothing."""

    def __init__(self, settings: GatewaySettings, http: httpx.Client) -> None:
        self._settings = settings
        self._http = http
        self._url = str(settings.chatwoot_url).rstrip("/")
        self._own_id: Any = None  # the product's user, who answers nobody
        self._account = f"{self._url}/api/v1/accounts/{settings.chatwoot_account_id}"

    def findings(self) -> Iterator[Finding]:
        """Each line as it is found; no more where the user is wrong. Raises httpx.HTTPError when there is no answer."""
        looks = (self._look_at_user, self._look_at_inbox, self._look_at_webhook, self._look_at_teams,
                 self._look_at_labels, self._look_at_agents)  # fmt: skip
        for look in looks:
            subject = look.__name__.removeprefix("_look_at_")
            try:
                found = look()
            except ChatwootRefuses as refusal:
                found = Finding(subject, False, f"can't be looked at: status {refusal.status}", _REMEDIES.get(
                    refusal.status, "Is AREACLIENTI_CHATWOOT_URL the address of Chatwoot itself?"))  # fmt: skip
            yield found
            if subject == "user" and not found.is_right:
                return

    def _look_at_user(self) -> Finding:
        found = _object(self._get(f"{self._url}/api/v1/profile"))
        self._own_id = found.get("id")
        account = next(
            (one for one in _list(found.get("accounts")) if one.get("id") == self._settings.chatwoot_account_id), None
        )
        if account is None:
            number = self._settings.chatwoot_account_id
            return Finding(
                "user", False, f"is not of account {number}", "AREACLIENTI_CHATWOOT_ACCOUNT_ID, or the token."
            )
        if account.get("role") != "administrator":
            remedy = "Make the user an administrator: nobody else may delete contacts."
            return Finding("user", False, f"“{found.get('name')}” is {account.get('role')}", remedy)
        return Finding("user", True, f"is “{found.get('name')}”, administrator of “{account.get('name')}”")

    def _look_at_inbox(self) -> Finding:
        inbox = self._inbox()
        if inbox is None:
            remedy = "Copy the identifier from Inboxes › Configuration to AREACLIENTI_CHATWOOT_INBOX_IDENTIFIER."
            return Finding("inbox", False, "of the API channel with this identifier is not there", remedy)
        token, ours = inbox.get("hmac_token"), self._settings.chatwoot_hmac_token
        if inbox.get("hmac_mandatory") and ours is None:
            return Finding("inbox", False, "wants identities proven", "Set AREACLIENTI_CHATWOOT_HMAC_TOKEN.")
        if ours is not None and token and token != ours.get_secret_value():
            return Finding("inbox", False, "has another HMAC token", "Copy it to AREACLIENTI_CHATWOOT_HMAC_TOKEN.")
        if inbox.get("lock_to_single_conversation") is True:
            return Finding("inbox", False, "reopens old conversations", "Allow several conversations in its settings.")
        if inbox.get("greeting_enabled") or inbox.get("csat_survey_enabled"):
            remedy = "Switch both off: customers never get them, the assistant greets and asks by itself."
            return Finding("inbox", False, "greets or asks for a rating", remedy)
        return Finding("inbox", True, f"is “{inbox.get('name')}”")

    def _look_at_webhook(self) -> Finding:
        inbox, ours = self._inbox(), self._settings.public_url.rstrip("/") + WEBHOOK_PATH
        if inbox is None:
            return Finding("webhook", False, "can't be looked at: the inbox is unknown", "Put the inbox right first.")
        there = str(inbox.get("webhook_url") or "")
        path = self._settings.chatwoot_webhook_path
        if path is not None and there == f"{ours}/{path.get_secret_value()}":
            return Finding("webhook", True, "is ours, unsigned, under its secret address")
        if there != ours:
            said = (
                "is the secret address, which is not ours" if there.startswith(f"{ours}/") else f"is {there or 'empty'}"
            )
            wanted = (
                ours if self._settings.chatwoot_webhook_secret else f"{ours}/ and AREACLIENTI_CHATWOOT_WEBHOOK_PATH"
            )
            return Finding("webhook", False, said, f"Set {wanted} in Inboxes › Configuration.")
        secret, known = self._settings.chatwoot_webhook_secret, inbox.get("secret")
        if secret is None:
            return Finding(
                "webhook", False, "is signed, and we don't know the secret", "AREACLIENTI_CHATWOOT_WEBHOOK_SECRET."
            )
        if known and known != secret.get_secret_value():
            return Finding("webhook", False, "is signed with another secret", "Copy it from Inboxes › Configuration.")
        return Finding("webhook", True, f"is {ours}")

    def _look_at_teams(self) -> Finding:
        settings = self._settings
        wanted = {
            *settings.chatwoot_teams.values(),
            *([settings.chatwoot_team_id] if settings.chatwoot_team_id else []),
        }
        there = {one.get("id"): one.get("name") for one in _list(self._get(f"{self._account}/teams"))}
        if missing := sorted(wanted - set(there)):
            remedy = f"There are {', '.join(f'{number} ({name})' for number, name in sorted(there.items())) or 'none'}."
            return Finding("teams", False, f"{', '.join(map(str, missing))} are not there", remedy)
        if not wanted:
            return Finding("teams", True, "none is set: conversations wait unassigned, for everybody in the inbox")
        return Finding("teams", True, ", ".join(str(there[number]) for number in sorted(wanted)))

    def _look_at_labels(self) -> Finding:
        found = _list(_object(self._get(f"{self._account}/labels")).get("payload"))
        missing = sorted(set(load_texts().labels.all) - {str(one.get("title")) for one in found})
        if missing:
            said = f"{len(missing)} are missing: {', '.join(missing)}"
            return Finding("labels", False, said, "Make them in Settings › Labels; docs/chatwoot.md says what for.")
        return Finding("labels", True, "are all there")

    def _look_at_agents(self) -> Finding:
        found = [one for one in _list(self._get(f"{self._account}/agents")) if one.get("id") != self._own_id]
        there = [one for one in found if one.get("availability_status") in ("online", "busy")]
        if not found:
            return Finding("agents", False, "nobody but the product's user", "Add those who answer to the inbox.")
        return Finding("agents", True, f"{len(found)}, of whom {len(there)} are at work now")

    def _inbox(self) -> Mapping[str, Any] | None:
        found = _list(_object(self._get(f"{self._account}/inboxes")).get("payload"))
        wanted = self._settings.chatwoot_inbox_identifier
        of_api = (one for one in found if one.get("channel_type") == "Channel::Api")
        return next((one for one in of_api if one.get("inbox_identifier") == wanted), None)

    def _get(self, address: str) -> Any:
        token = self._settings.chatwoot_api_token
        response = self._http.get(address, headers={"api_access_token": token.get_secret_value() if token else ""})
        try:
            body = response.json()
        except ValueError:
            body = None
        if not response.is_success or body is None:
            raise ChatwootRefuses(response.status_code)
        return body


_REMEDIES: Final = {
    401: "The token is wrong or its user may not: AREACLIENTI_CHATWOOT_API_TOKEN, of an administrator.",
    403: "The token's user may not: AREACLIENTI_CHATWOOT_API_TOKEN, of an administrator.",
    404: "There is no such account: AREACLIENTI_CHATWOOT_ACCOUNT_ID.",
}


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
