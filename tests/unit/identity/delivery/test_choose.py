"""Which provider the settings make, and what they say in one line when something is missing."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from areaclienti.identity.delivery.sms.choose import provider_of
from areaclienti.identity.delivery.sms.provider import Sms
from tests.unit.identity.delivery.test_sms_providers import NOW
from tests.unit.identity.world import settings_for

SMS = Sms("out_1", "+393331234567", "ciao", NOW, 290)
ACCOUNT = {"sms_user": "user", "sms_secret": "very-secret"}
HOSTS = {
    "twilio": "https://api.twilio.com/2010-04-01/Accounts/user/Messages.json",
    "vonage": "https://rest.nexmo.com/sms/json",
    "skebby": "https://api.skebby.it/API/v1.0/REST/sms",
    "aruba": "https://smspanel.aruba.it/API/v1.0/REST/sms",
}


def live(**changes: Any) -> Any:
    given = {"delivery": "live", "smtp_url": "smtps://mail.example", "public_url": "https://areaclienti.example"}
    return settings_for("sqlite+aiosqlite:///x.db", **given | changes)


@pytest.mark.parametrize("name", list(HOSTS))
def test_each_provider_is_asked_at_its_own_address(name: str) -> None:
    provider = provider_of(live(sms_provider=name, **ACCOUNT))
    assert provider.name == name
    assert str(provider.compose(SMS).url) == HOSTS[name]


def test_the_webhook_is_asked_at_the_address_that_is_set() -> None:
    provider = provider_of(live(sms_webhook_url="https://sms.insurer.example/send"))
    assert str(provider.compose(SMS).url) == "https://sms.insurer.example/send"


@pytest.mark.parametrize(("chosen", "sent"), [({}, "N"), ({"sms_message_type": "L"}, "L")])
def test_the_quality_of_the_sms_is_the_best_unless_another_is_set(chosen: dict[str, str], sent: str) -> None:
    provider = provider_of(live(sms_provider="aruba", **ACCOUNT, **chosen))
    assert f'"message_type":"{sent}"'.encode() in provider.compose(SMS).content.replace(b" ", b"")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"smtp_url": None}, "AREACLIENTI_SMTP_URL"),
        ({}, "AREACLIENTI_SMS_WEBHOOK_URL, or another AREACLIENTI_SMS_PROVIDER"),
        ({"sms_webhook_url": "http://sms.insurer.example"}, "an https address in AREACLIENTI_SMS_WEBHOOK_URL"),
        ({"sms_provider": "skebby", "sms_user": "user"}, "AREACLIENTI_SMS_USER and AREACLIENTI_SMS_SECRET for skebby"),
        (
            {"sms_provider": "vonage", **ACCOUNT, "sms_base_url": "http://sms.example"},
            "an https address in AREACLIENTI_SMS_BASE_URL",
        ),
        (
            {"sms_provider": "twilio", **ACCOUNT, "public_url": "http://localhost:8000"},
            "an https address in AREACLIENTI_PUBLIC_URL",
        ),
    ],
)
def test_what_is_missing_is_said_in_one_line_without_a_secret(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as refused:
        live(**settings)
    (error,) = refused.value.errors(include_input=False)
    assert error["msg"].startswith(f"Value error, live delivery needs {says}")
    assert "very-secret" not in str(refused.value)


@pytest.mark.parametrize("sender", ["AreaClienti", "Alleanza", "+393331234567", "44123"])
def test_a_sender_that_networks_take_is_taken(sender: str) -> None:
    assert live(sms_webhook_url="https://x.example", sms_sender=sender).sms_sender == sender


@pytest.mark.parametrize("sender", ["Area Clienti Alleanza", "", "A", "Città1", "1 2"])
def test_a_sender_that_no_network_takes_is_refused(sender: str) -> None:
    with pytest.raises(ValidationError, match="sms_sender"):
        live(sms_webhook_url="https://x.example", sms_sender=sender)


def test_a_lease_shorter_than_two_sendings_is_refused() -> None:
    with pytest.raises(ValidationError, match="OUTBOX_LEASE_SECONDS"):
        settings_for("sqlite+aiosqlite:///x.db", outbox_lease_seconds=10)
