"""Makes the provider that the settings name."""

from __future__ import annotations

from pydantic import SecretStr

from areaclienti.identity.delivery.sms.aruba import aruba
from areaclienti.identity.delivery.sms.provider import Provider
from areaclienti.identity.delivery.sms.skebby import skebby
from areaclienti.identity.delivery.sms.twilio import Twilio
from areaclienti.identity.delivery.sms.vonage import Vonage
from areaclienti.identity.delivery.sms.webhook import Webhook
from areaclienti.settings import IdentitySettings


def provider_of(settings: IdentitySettings) -> Provider:
    """The provider of `live` delivery; the settings have seen to it that its credentials are there."""
    user, secret = _plain(settings.sms_user), _plain(settings.sms_secret)
    proof, sender, base_url = _plain(settings.sms_receipts_secret), settings.sms_sender, settings.sms_base_url
    receipts_url = f"{settings.public_url.rstrip('/')}/receipts/sms/{settings.sms_provider}"
    if settings.sms_provider == "webhook":
        assert settings.sms_webhook_url is not None
        return Webhook(settings.sms_webhook_url, _plain(settings.sms_webhook_token), proof)
    assert user is not None and secret is not None
    if settings.sms_provider == "twilio":
        return Twilio(user, secret, sender, receipts_url, base_url)
    if settings.sms_provider == "vonage":
        return Vonage(user, secret, sender, receipts_url, proof, base_url)
    make, message_type = (skebby, "GP") if settings.sms_provider == "skebby" else (aruba, "N")
    return make(user, secret, sender, proof, settings.sms_message_type or message_type, base_url)


def _plain(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value else None
