"""`areaclienti chatwoot check` says in plain words what is not set up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from areaclienti.desk.chatwoot.check import ChatwootCheck, Finding
from areaclienti.desk.chatwoot.texts import load_texts
from tests.contract.chatwoot.conftest import settings
from tests.contract.chatwoot.standin import Chatwoot

OURS = "http://localhost:8000/webhooks/chatwoot"


def found_at(chatwoot: Chatwoot, **values: Any) -> dict[str, Finding]:
    chatwoot.inbox["webhook_url"] = chatwoot.inbox["webhook_url"] or OURS

    def ask(request: httpx.Request) -> httpx.Response:
        return asyncio.run(chatwoot.transport.handle_async_request(request))

    with httpx.Client(transport=httpx.MockTransport(ask)) as http:
        return {one.subject: one for one in ChatwootCheck(settings(**values), http).findings()}


@pytest.fixture
def right(chatwoot: Chatwoot) -> Chatwoot:
    chatwoot.account_labels = load_texts().labels.all
    return chatwoot


def test_what_is_set_up_is_right(right: Chatwoot) -> None:
    found = found_at(right)
    assert list(found) == ["user", "inbox", "webhook", "teams", "labels", "agents"]
    assert [one for one in found.values() if not one.is_right] == []


def _wrong_inbox(**values: Any) -> Callable[[Chatwoot], None]:
    return lambda chatwoot: chatwoot.inbox.update(values)


@pytest.mark.parametrize(
    ("spoil", "subject", "words"),
    [
        (lambda chatwoot: setattr(chatwoot, "token", "another"), "user", "The token is wrong"),
        (lambda chatwoot: setattr(chatwoot, "role", "agent"), "user", "Make the user an administrator"),
        (_wrong_inbox(inbox_identifier="another"), "inbox", "AREACLIENTI_CHATWOOT_INBOX_IDENTIFIER"),
        (_wrong_inbox(hmac_token="another"), "inbox", "AREACLIENTI_CHATWOOT_HMAC_TOKEN"),
        (_wrong_inbox(lock_to_single_conversation=True), "inbox", "Allow several conversations"),
        (_wrong_inbox(csat_survey_enabled=True), "inbox", "Switch both off"),
        (_wrong_inbox(webhook_url="https://elsewhere.example/hook"), "webhook", OURS),
        (_wrong_inbox(secret="another"), "webhook", "signed with another secret"),
        (lambda chatwoot: chatwoot.teams.pop(3), "teams", "4 (direzione)"),
        (lambda chatwoot: chatwoot.account_labels.clear(), "labels", "Settings › Labels"),
        (lambda chatwoot: [chatwoot.people.pop(11), chatwoot.people.pop(12)], "agents", "Add those who answer"),
    ],
)
def test_what_is_wrong_is_named_with_what_to_do(
    right: Chatwoot, spoil: Callable[[Chatwoot], Any], subject: str, words: str
) -> None:
    right.account_labels = list(right.account_labels)
    spoil(right)
    found = found_at(right)
    wrong = [one.subject for one in found.values() if not one.is_right]
    assert wrong[0] == subject and set(wrong) <= {subject, "webhook"}, "and nothing that has nothing to do with it"
    assert words in f"{found[subject].said} {found[subject].remedy}"


def test_no_secret_is_printed(right: Chatwoot) -> None:
    right.inbox["webhook_url"] = f"{OURS}/{'s' * 32}"
    found = found_at(right, chatwoot_webhook_path="p" * 32, chatwoot_webhook_secret=None)
    lines = " ".join(f"{one.said} {one.remedy}" for one in found.values())
    assert not found["webhook"].is_right
    for secret in ("s" * 32, "p" * 32, right.token, "hmac-token-for-tests"):
        assert secret not in lines
