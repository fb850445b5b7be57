"""What an operator is told of the account at Meta: a line for each thing, and for each that is wrong what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from pywa import WhatsApp
from pywa.types import BusinessPhoneNumber

from areaclienti.gateway.channels.whatsapp.account_check import AccountCheck, submission
from areaclienti.gateway.channels.whatsapp.flows.crypto import load_flow_key, new_key
from areaclienti.gateway.channels.whatsapp.outbound_texts import load_outbound_texts
from tests.unit.gateway.whatsapp.graph_account import (
    ACCOUNT,
    APP,
    FLOW,
    NUMBER,
    SECRET,
    TOKEN,
    GraphAccount,
    settings,
)

SUBSCRIPTIONS, SUBSCRIBED = f"/{APP}/subscriptions", f"/{ACCOUNT}/subscribed_apps"
TEMPLATES, ENCRYPTION = f"/{ACCOUNT}/message_templates", f"/{NUMBER}/whatsapp_business_encryption"


def looked(graph: GraphAccount, **changes: Any) -> dict[str, tuple[bool, str]]:
    with graph.client() as http:
        found = list(AccountCheck(settings(**changes), http).findings())
    assert all(one.is_right or one.remedy for one in found)
    return {one.subject: (one.is_right, f"{one.said}. {one.remedy}") for one in found}


@pytest.fixture
def flow(tmp_path: Path) -> dict[str, Any]:
    file = tmp_path / "flow.pem"
    file.touch(0o600)
    file.write_bytes(new_key(None))
    return {"whatsapp_flow_id": FLOW, "whatsapp_flow_private_key_file": file}


def graph_with(flow: dict[str, Any]) -> GraphAccount:
    return GraphAccount(load_flow_key(flow["whatsapp_flow_private_key_file"], None).public_pem())


def test_an_account_that_is_set_up_is_right_in_every_line(flow: dict[str, Any]) -> None:
    found = looked(graph_with(flow), **flow)
    assert list(found) == ["token", "number", "webhook", "templates", "key", "flow"]
    assert all(is_right for is_right, _ in found.values()), found


def test_without_a_flow_nobody_asks_for_one() -> None:
    graph = GraphAccount()
    assert list(looked(graph)) == ["token", "number", "webhook", "templates"]
    assert not any(ENCRYPTION in str(request.url) for request in graph.asked)


@pytest.mark.parametrize(
    ("path", "change", "subject", "said"),
    [
        ("/debug_token", {"data": {"is_valid": False}}, "token", "is not valid"),
        ("/debug_token", {"data": {"is_valid": True, "scopes": ["whatsapp_business_messaging"]}}, "token",
         "lacks whatsapp_business_management"),
        ("/debug_token", {"data": {"is_valid": True, "expires_at": 1795392000, "scopes": [
            "whatsapp_business_messaging", "whatsapp_business_management"]}}, "token", "ends on 2026-11-23"),
        (f"/{NUMBER}", {"display_phone_number": "+1 555-078-3881"}, "number", "is +1 555-078-3881 at Meta"),
        (f"/{NUMBER}", {"platform_type": "NOT_APPLICABLE"}, "number", "not registered"),
        (f"/{NUMBER}", {"name_status": "DECLINED"}, "number", "display name in state DECLINED"),
        (f"/{NUMBER}", {"status": "FLAGGED"}, "number", "is FLAGGED"),
        (f"/{NUMBER}", {"quality_rating": "RED"}, "number", "has quality RED"),
        (f"/{NUMBER}", {"health_status": {"entities": [{"entity_type": "WABA", "id": ACCOUNT,
         "can_send_message": "BLOCKED", "errors": [{"error_code": 141006}]}]}}, "number", "Errors 141006"),
        (SUBSCRIBED, {"data": []}, "webhook", "gets nothing"),
        (SUBSCRIPTIONS, {"data": []}, "webhook", "is not set"),
        (SUBSCRIPTIONS, {"data": [{"object": "whatsapp_business_account", "callback_url": "https://other.example/x",
         "fields": [{"name": "messages"}]}]}, "webhook", "is https://other.example/x"),
        (SUBSCRIPTIONS, {"data": [{"object": "whatsapp_business_account", "fields": [{"name": "flows"}],
         "callback_url": "https://areaclienti.example/webhooks/whatsapp"}]}, "webhook", "the field messages"),
        (TEMPLATES, {"data": []}, "templates", "registrazione_in_sospeso (it) is not there"),
        (TEMPLATES, {"data": [{"name": "registrazione_in_sospeso", "language": "it", "status": "REJECTED"}]},
         "templates", "is REJECTED"),
        (ENCRYPTION, {"data": []}, "key", "is another one at Meta, or none"),
        (f"/{FLOW}", {"status": "THROTTLED"}, "flow", "is THROTTLED"),
        (f"/{FLOW}", {"status": "DRAFT"}, "flow", "is DRAFT"),
        (f"/{FLOW}", {"endpoint_uri": "https://other.example"}, "flow", "has the endpoint https://other.example"),
        (f"/{FLOW}", {"json_version": "6.0"}, "flow", "another json_version"),
        (f"/{FLOW}", {"validation_errors": [{"error": "INVALID_PROPERTY"}]}, "flow", "validation errors"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_and_the_rest_is_right(
    flow: dict[str, Any], path: str, change: dict[str, Any], subject: str, said: str
) -> None:
    graph = graph_with(flow)
    graph.answers[path] = graph.answers[path] | change
    found = looked(graph, **flow)
    assert found[subject][0] is False and said in found[subject][1]
    knock_on = {"webhook", "templates"} if "health_status" in change else set()
    assert {name for name, (is_right, _) in found.items() if not is_right} - knock_on == {subject}


def test_another_webhook_of_the_account_alone_counts(flow: dict[str, Any]) -> None:
    graph = GraphAccount()
    (app,) = graph.answers[SUBSCRIBED]["data"]
    app["override_callback_uri"] = "https://other.example/whatsapp"
    assert "is https://other.example/whatsapp" in looked(graph)["webhook"][1]


def test_a_wrong_app_secret_is_found() -> None:
    assert "another app secret" in looked(GraphAccount(), whatsapp_app_secret="wrong")["webhook"][1]


def test_a_wrong_token_is_found_and_nothing_of_meta_s_words_is_repeated() -> None:
    graph = GraphAccount()
    graph.errors = dict.fromkeys(graph.answers, 190)
    found = looked(graph)
    assert "The token is wrong or over" in found["token"][1]
    assert TOKEN not in str(found) and SECRET not in str(found)


def test_missing_rights_are_told_from_a_wrong_id() -> None:
    graph = GraphAccount()
    graph.errors = {f"/{NUMBER}": 200}
    assert "as assets" in looked(graph)["number"][1]
    graph.errors = {f"/{NUMBER}": 100}
    assert "Is the id right?" in looked(graph)["number"][1]


def test_a_key_that_is_not_signed_is_found(flow: dict[str, Any]) -> None:
    graph = graph_with(flow)
    graph.answers[ENCRYPTION]["data"][0]["business_public_key_signature_status"] = "MISMATCH"
    assert "not validly signed" in looked(graph, **flow)["key"][1]


def test_a_key_file_that_cannot_be_used_is_found(flow: dict[str, Any]) -> None:
    graph = graph_with(flow)
    flow["whatsapp_flow_private_key_file"].chmod(0o644)
    assert "chmod 600" in looked(graph, **flow)["key"][1]


@pytest.mark.parametrize("nonsense", [[], "x", None, {"data": "x"}, {"data": [1, None]}, {"health_status": [1]}])
def test_nonsense_of_meta_is_a_finding_and_no_traceback(flow: dict[str, Any], nonsense: Any) -> None:
    graph = graph_with(flow)
    graph.answers = dict.fromkeys(graph.answers, nonsense)
    assert not any(is_right for is_right, _ in looked(graph, **flow).values())


def test_pywa_reads_the_double_s_answers_as_meta_s() -> None:
    graph = GraphAccount()
    http = httpx.Client(transport=httpx.MockTransport(graph.answer), base_url="https://graph.facebook.com/v23.0")
    client = WhatsApp(phone_id=NUMBER, token=TOKEN, session=http)
    assert client.api.get_waba_subscribed_apps(ACCOUNT) == graph.answers[SUBSCRIBED]
    number = BusinessPhoneNumber.from_dict(graph.answers[f"/{NUMBER}"])
    assert (number.status, number.platform_type, number.name_status) == ("CONNECTED", "CLOUD_API", "APPROVED")


def test_a_template_is_submitted_as_meta_s_collection_shows() -> None:
    for template in load_outbound_texts().templates.values():
        body = submission(template)
        assert body["category"] in ("UTILITY", "MARKETING", "AUTHENTICATION") and body["name"].islower()
        assert body["components"] == [{"type": "BODY", "text": template.body}]
        assert len(template.body) <= 1024 and "{" not in template.body
